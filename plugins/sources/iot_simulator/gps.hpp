// Where a vehicle is that makes a round trip each hour of the day, relative to its home.
#pragma once

#include <cstdint>

#include "weir/rows.hpp"

namespace weir::iot {

struct Position {
  double east_m = 0, north_m = 0, up_m = 0;
  double speed_mps = 0;       // of the derivative of east and north
  double course_degrees = 0;  // clockwise from north, [0, 360)
};
Position position_at(std::uint64_t key, double mean_speed_mps, Time local_time);

}  // namespace weir::iot
