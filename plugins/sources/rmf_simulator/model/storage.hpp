// storage.hpp - central storage: frames by class, what happens when they run out, common areas.
#pragma once

#include "model/lpar.hpp"

namespace rmf {

inline constexpr double kFrameBytes = 4096;
// Paging begins where less than this share of the frames is available.
inline constexpr double kLowShare = 0.055;

// Fills in state.storage. Needs what set_demand filled in.
void set_storage(Lpar& lpar, Time time, LparState& state);

}  // namespace rmf
