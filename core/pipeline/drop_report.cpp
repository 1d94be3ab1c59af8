#include "core/pipeline/drop_report.hpp"

#include <utility>

namespace weir::core {

namespace {

constexpr std::size_t kProducersNamed = 8;

struct New {
  std::uint64_t rows = 0;
  std::size_t producers = 0;
  std::string names;  // "7 of cpu, 5 of disk"

  void add(std::uint64_t count, const std::string& producer) {
    if (count == 0) return;
    rows += count;
    if (++producers > kProducersNamed) return;
    names += (names.empty() ? "" : ", ") + std::to_string(count) + " of " + producer;
  }
  std::string text(const char* which) const {
    return "its buffer is full: " + std::to_string(rows) + " rows were dropped, the " + which +
           " first (" + names + (producers > kProducersNamed ? ", ..." : "") +
           "); a larger buffer, or one on the disk, holds more";
  }
};

}  // namespace

std::vector<DropReport::Line> DropReport::look(const std::vector<RouteTotals>& totals,
                                               Clock::time_point now) {
  std::map<std::string, Told> next;  // nothing of those that are gone
  for (const RouteTotals& t : totals) {
    next[t.consumer].by_producer[t.producer] = {t.of(DropReason::kQueueFullOldest),
                                                t.of(DropReason::kQueueFullNewest)};
  }
  std::vector<Line> lines;
  for (auto& [consumer, counts] : next) {
    Told& told = told_[consumer];
    if (told.at != Clock::time_point::min() && now - told.at < kPeriod) {
      counts = std::move(told);
      continue;
    }
    std::array<New, 2> all;
    for (const auto& [producer, count] : counts.by_producer) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::uint64_t before = told.by_producer[producer][i];
        // One that was taken away and put back counts anew.
        all[i].add(count[i] >= before ? count[i] - before : count[i], producer);
      }
    }
    if (all[0].rows != 0) lines.push_back({consumer, all[0].text("oldest")});
    if (all[1].rows != 0) lines.push_back({consumer, all[1].text("newest")});
    counts.at = all[0].rows + all[1].rows != 0 ? now : told.at;
  }
  told_ = std::move(next);
  return lines;
}

}  // namespace weir::core
