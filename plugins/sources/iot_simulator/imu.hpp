// The walk of a sensor's bias as a function of time.
#pragma once

#include "model.hpp"
#include "motion.hpp"

namespace weir::iot {

// A random walk whose increments have about the variance of their time in seconds, from seconds to
// hours; beyond, it stays within bounds.
double bias_walk(std::uint64_t key, Time t);

}  // namespace weir::iot
