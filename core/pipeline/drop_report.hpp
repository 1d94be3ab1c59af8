// Says in the log that full queues drop rows: soon after it begins, and what came together since
// once a minute while it goes on. Other drops are told by who has them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/pipeline/route.hpp"

namespace weir::core {

class DropReport {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPeriod{60};

  struct Line {
    std::string consumer, text;
  };
  // What is to be said now of these counts.
  std::vector<Line> look(const std::vector<RouteTotals>& totals, Clock::time_point now);

 private:
  struct Told {
    std::uint64_t oldest = 0, newest = 0;
    Clock::time_point at = Clock::time_point::min();
  };
  std::map<std::pair<std::string, std::string>, Told> told_;  // by producer and consumer
};

}  // namespace weir::core
