// scenario.hpp - named disturbances, and what all of them together do to one LPAR at one time.
#pragma once

#include <array>
#include <limits>
#include <span>

#include "model/config.hpp"

namespace rmf {

inline constexpr int kControlUnits = 4;
inline constexpr int kLinks = 4;  // coupling facility links of an LPAR

struct Effects {
  bool down = false;
  Time up_since = std::numeric_limits<Time>::min();  // the end of the last IPL
  double loop_cps = 0;                               // engines that a loop would take
  int loop_job = 0;
  double batch_floor = 0;                      // level below which batch does not fall
  double paging = 0;                           // frames wanted beyond the usual, share of installed
  double paging_most = 0;                      // the same, at the height of the scenarios
  std::array<double, kControlUnits> slow{};    // times that DISC grows, by control unit, beyond 1
  std::array<double, kLinks> link_lost{};      // 0 to 1
  std::array<double, kLinks> link_was_lost{};  // the same, as queues know of it: minutes later
  double leak_bytes = 0;                       // of ECSA
  double month_end = 0;
};

Effects effects_at(std::span<const ScenarioConfig* const> scenarios, Time time);

}  // namespace rmf
