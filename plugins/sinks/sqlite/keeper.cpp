#include "keeper.hpp"

#include <algorithm>
#include <limits>

#include "weir/table_value.hpp"

namespace weir::sqlite_sink {

namespace {

constexpr std::int64_t kRowsAtOnce = 10'000;  // of a table, so that a delivery is not held up
constexpr int kRoundsAtOnce = 64;
constexpr auto kExpiryPause = std::chrono::seconds(10);
constexpr auto kReportPause = std::chrono::minutes(1);

std::string quoted(const std::string& name) { return table::quote(name, '"'); }

// The time of the table's n-th oldest row, or of its newest.
std::string nth_time_sql(const Tables::Kept& t, std::int64_t n) {
  const std::string time = quoted(t.time), from = " FROM " + quoted(t.name);
  return "SELECT coalesce((SELECT " + time + from + " ORDER BY " + time + " LIMIT 1 OFFSET " +
         std::to_string(n - 1) + "), (SELECT max(" + time + ")" + from + "))";
}

}  // namespace

Problem Keeper::keep(std::int64_t now) {
  if (options_.retention.count() > 0 && Clock::now() >= next_expiry_) {
    if (Problem problem = expire(now)) return problem;
  }
  const std::int64_t max = database_.page_count_max();
  if (max > 0 && database_.page_count() - database_.free_page_count() > max / 16 * 15) {
    if (Problem problem = shrink(max / 8 * 7)) return problem;
  }
  report();
  return {};
}

Problem Keeper::make_room(bool& any) {
  const std::int64_t used = database_.page_count() - database_.free_page_count();
  const std::int64_t before = evicted_;
  Problem problem = shrink(std::max<std::int64_t>(used - database_.page_count_max() / 8, 0));
  any = evicted_ > before;
  return problem;
}

// What is left of a table with many old rows is removed before the next deliveries.
Problem Keeper::expire(std::int64_t now) {
  table::SqlTime text;
  const std::string cutoff(text.at(now - options_.retention.count(), 9));
  std::vector<Tables::Kept> own;
  if (Problem problem = tables_.list_own(own)) return problem;
  bool is_done = true;
  for (const auto& t : own) {
    std::optional<std::string> nth;
    if (Problem problem = database_.query_text(nth_time_sql(t, kRowsAtOnce), nth)) return problem;
    if (!nth) continue;
    is_done = is_done && *nth >= cutoff;
    if (Problem problem = remove({t}, std::min(*nth, cutoff), expired_)) return problem;
  }
  if (is_done && !own.empty()) next_expiry_ = Clock::now() + kExpiryPause;
  return {};
}

// All tables are cut at one time, that of the row which is the n-th oldest in the densest. Those of
// other sinks too: the limit is the file's, and after a start this sink does not know at once what
// it wrote before.
Problem Keeper::shrink(std::int64_t pages_max) {
  std::vector<Tables::Kept> all;
  if (Problem problem = tables_.list(all)) return problem;
  for (int round = 0; round < kRoundsAtOnce; ++round) {
    if (database_.page_count() - database_.free_page_count() <= pages_max) return {};
    std::optional<std::string> last;
    for (const auto& t : all) {
      std::optional<std::string> nth;
      if (Problem problem = database_.query_text(nth_time_sql(t, kRowsAtOnce), nth)) return problem;
      if (nth && (!last || *nth < *last)) last = nth;
    }
    if (!last) return {};
    if (Problem problem = remove(all, *last, evicted_)) return problem;
    evicted_to_ = *last;
  }
  return {};
}

// Rows up to and including `last`.
Problem Keeper::remove(const std::vector<Tables::Kept>& tables, const std::string& last,
                       std::int64_t& removed) {
  if (Problem problem = database_.lend_spare_pages(true)) return problem;
  if (Problem problem = database_.execute("BEGIN IMMEDIATE")) return problem;
  std::int64_t count = 0;
  Problem problem;
  for (const auto& t : tables) {
    problem = database_.execute("DELETE FROM " + quoted(t.name) + " WHERE " + quoted(t.time) +
                                " <= " + table::quote(last, '\''));
    if (problem) break;
    count += sqlite3_changes64(database_.handle());
  }
  if (!problem) problem = database_.execute("COMMIT");
  if (problem) {
    database_.execute("ROLLBACK");
    return problem;
  }
  removed += count;
  return database_.lend_spare_pages(false);
}

void Keeper::report() {
  if (expired_ + evicted_ == 0 || Clock::now() < next_report_) return;
  next_report_ = Clock::now() + kReportPause;
  if (expired_ > 0) {
    host_.info("retention: removed " + std::to_string(expired_) + " rows from " + options_.path);
  }
  if (evicted_ > 0) {
    host_.warn("max_size: removed the " + std::to_string(evicted_) + " oldest rows, up to " +
               evicted_to_ + ", from " + options_.path);
  }
  expired_ = evicted_ = 0;
}

}  // namespace weir::sqlite_sink
