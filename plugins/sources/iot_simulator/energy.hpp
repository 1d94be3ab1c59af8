// The load behind an energy meter: its power, and the power's integral in closed form.
#pragma once

#include <cstdint>

#include "weir/rows.hpp"

namespace weir::iot {

struct Load {
  double watts = 0;
  double motor_watts = 0;  // of these, by a motor
  double joules = 0;       // the integral of watts, from a time of its own
};
Load load_at(std::uint64_t key, double mean_watts, Time local_time);

}  // namespace weir::iot
