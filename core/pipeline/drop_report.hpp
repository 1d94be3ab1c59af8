// Says in the log that full queues drop rows: soon after it begins, and what came together since
// once a minute while it goes on. Other drops are told by who has them.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/pipeline/route.hpp"

namespace weir::core {

class DropReport {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPeriod{60};

  // One for a consumer and a reason: the log takes lines that differ in digits only, such as in
  // the names of producers, for one that repeats itself.
  struct Line {
    std::string consumer, text;
  };
  // What is to be said now of these counts.
  std::vector<Line> look(const std::vector<RouteTotals>& totals, Clock::time_point now);

 private:
  using Counts = std::array<std::uint64_t, 2>;  // by reason: pushed out, found no room
  struct Told {
    std::map<std::string, Counts> by_producer;
    Clock::time_point at = Clock::time_point::min();
  };
  std::map<std::string, Told> told_;  // by consumer
};

}  // namespace weir::core
