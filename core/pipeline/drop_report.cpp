#include "core/pipeline/drop_report.hpp"

namespace weir::core {

std::vector<DropReport::Line> DropReport::look(const std::vector<RouteTotals>& totals,
                                               Clock::time_point now) {
  std::vector<Line> lines;
  for (const RouteTotals& t : totals) {
    Told& told = told_[{t.producer, t.consumer}];
    if (told.at != Clock::time_point::min() && now - told.at < kPeriod) continue;
    const std::uint64_t oldest = t.of(DropReason::kQueueFullOldest),
                        newest = t.of(DropReason::kQueueFullNewest);
    const auto add = [&](std::uint64_t rows, const char* which) {
      if (rows == 0) return;
      lines.push_back({t.consumer, "its buffer is full: " + std::to_string(rows) + " rows of " +
                                       t.producer + " were dropped, the " + which +
                                       " first; a larger buffer, or one on the disk, holds more"});
    };
    // A reload may end a route and begin its count anew.
    add(oldest > told.oldest ? oldest - told.oldest : 0, "oldest");
    add(newest > told.newest ? newest - told.newest : 0, "newest");
    if (oldest != told.oldest || newest != told.newest) told = {oldest, newest, now};
  }
  return lines;
}

}  // namespace weir::core
