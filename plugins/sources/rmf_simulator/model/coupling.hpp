// coupling.hpp - coupling facility requests of an LPAR over its links: synchronous ones, which the
// processor spins for, asynchronous ones, and those converted because spinning would take too long.
#pragma once

#include <span>

#include "model/lpar.hpp"

namespace rmf {

// Fills in cf_busy and links of all LPARs of a CPC, which share the coupling facility.
void set_coupling(std::span<Lpar> lpars, Profile profile, Time time, std::span<LparState> states);

// Of requests, before conversion, about: less where batch is.
inline constexpr double kSynchronousShare = 0.76;
// Synchronous requests expected to take longer than this are converted.
double conversion_threshold_s(Profile profile);

}  // namespace rmf
