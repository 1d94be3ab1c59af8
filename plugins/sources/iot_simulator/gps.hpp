// Where a van is that drives round trips on working days, relative to its home.
#pragma once

#include <cstdint>

#include "weir/rows.hpp"

namespace weir::iot {

struct Position {
  double east_m = 0, north_m = 0, up_m = 0;
  double speed_mps = 0;       // of the derivative of east and north
  double course_degrees = 0;  // clockwise from north, [0, 360)
  bool is_away = false;       // on a trip, if perhaps at a stop
  bool has_sky = true;        // false in a tunnel or under a roof: no satellite is heard
};
Position position_at(std::uint64_t key, double mean_speed_mps, Time local_time);

}  // namespace weir::iot
