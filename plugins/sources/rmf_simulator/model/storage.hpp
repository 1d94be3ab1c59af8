// storage.hpp - central storage: frames by class, what happens when they run out, common areas.
#pragma once

#include "model/paging.hpp"

namespace rmf {

inline constexpr double kFrameBytes = 4096;
// Paging begins where less than this share of the frames is available.
inline constexpr double kLowShare = 0.055;

// Share of the frames that work wants at a time. `calm_level` and `effects` as set_demand has them.
double wanted_share(Lpar& lpar, Time time, double calm_level, const Effects& effects);
// Share of the frames that is in use where so much of it is wanted in central storage.
double used_share(double wanted);

// Fills in state.storage. Needs what set_demand filled in, and how the LPAR pages.
void set_storage(Lpar& lpar, Time time, const Paging& paging, LparState& state);

}  // namespace rmf
