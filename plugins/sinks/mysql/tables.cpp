#include "tables.hpp"

#include <mariadb/mysqld_error.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "weir/table_value.hpp"

namespace weir::mysql_sink {

namespace {

constexpr int kAttemptsMax = 5;  // while other agents change the same table
constexpr auto kExpiryPause = std::chrono::minutes(1);
constexpr int kRowsAtOnce = 10'000;
constexpr std::size_t kColumnsMax = 1017;  // of InnoDB
constexpr std::size_t kOwnColumns = 4;     // the time and what a key needs, and a number

}  // namespace

void Tables::forget() {
  shapes_.clear();
  partitions_.clear();
}

Problem Tables::prepare(const weir_batch& batch, std::int64_t now, Shape*& out) {
  const weir_measurement& m = *batch.measurement;
  if (m.id >= shapes_.size()) shapes_.resize(m.id + 1);
  std::unique_ptr<Shape>& shape = shapes_[m.id];
  if (shape == nullptr || shape->plan.measurement != &m) {
    auto made = std::make_unique<Shape>();
    made->plan = table::make_plan(m, options_.tables);
    made->insert = insert_sql(made->plan);
    made->load = load_sql(made->plan);
    made->problem = made->plan.problem;
    if (made->problem.empty()) {
      if (Problem problem = define(*made, batch, now)) return problem;
    }
    if (made->problem.empty()) kept_.try_emplace(made->plan.table, Kept{made->plan.time});
    shape = std::move(made);
  }
  out = shape.get();
  return shape->problem.empty() ? make_partitions(shape->plan, batch, now) : Problem{};
}

Problem Tables::define(Shape& shape, const weir_batch& batch, std::int64_t now) {
  Problem problem;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    bool is_there = false;
    problem = widen(shape, is_there);
    if (!shape.problem.empty()) return {};
    if (!problem && !is_there) {
      std::string partitions;
      if (options_.retention.count() > 0) {
        partitions = partition_clause(shape.plan.time, days_of(batch, now));
      }
      problem = connection_.define(create_sql(shape.plan, partitions));
    }
    if (problem.kind != Kind::schema) break;
  }
  if (problem.kind == Kind::definition) {
    shape.problem = problem.text;
    return {};
  }
  return problem ? problem : read_partitions(shape.plan.table);
}

Problem Tables::widen(Shape& shape, bool& is_there) {
  const table::Plan& plan = shape.plan;
  std::map<std::string, std::pair<std::string, std::string>> there;  // by lower name: name, type
  if (Problem p = connection_.query(
          "SELECT column_name, column_type FROM information_schema.columns WHERE table_schema = "
          "DATABASE() AND table_name = " +
              literal(plan.table),
          [&](const auto& cells) {
            there[table::lower(cells[0])] = {cells[0], cells[1]};
          })) {
    return p;
  }
  is_there = !there.empty();
  const std::string place = "table " + plan.table;
  std::size_t columns = std::max(there.size(), kOwnColumns);
  for (const auto& c : plan.columns) columns += !there.contains(table::lower(c.name));
  if (columns > kColumnsMax) {
    shape.problem = place + " would have " + std::to_string(columns) +
                    " columns, and InnoDB takes " + std::to_string(kColumnsMax) +
                    "; split the measurement";
  }
  if (!is_there || !shape.problem.empty()) return {};
  if (!there.contains(table::kSeriesColumn)) {
    shape.problem = place + " was not made by Weir; name another one in tables." +
                    plan.measurement->name + ".table";
    return {};
  }
  std::string missing;
  for (const auto& c : plan.columns) {
    const auto found = there.find(table::lower(c.name));
    if (found == there.end()) {
      missing += (missing.empty() ? "ADD COLUMN " : ", ADD COLUMN ") + column_sql(c);
      continue;
    }
    const auto& [name, type] = found->second;
    if (name != c.name || (c.sql_type.empty() && !table::fits(c.type, type))) {
      shape.problem = place + " has a column " + name + " " + type + ", where " + c.name + " " +
                      type_of(c.type) + " is wanted; rename one, such as in tables." +
                      plan.measurement->name + ".columns";
      return {};
    }
  }
  return missing.empty() ? Problem{}
                         : connection_.define("ALTER TABLE " + quoted(plan.table) + " " + missing);
}

Problem Tables::read_partitions(const std::string& table) {
  partitions_.erase(table);
  if (options_.retention.count() == 0) return {};
  std::vector<Day> days;
  bool has_last = false;
  if (Problem p = connection_.query(
          "SELECT partition_name FROM information_schema.partitions WHERE table_schema = "
          "DATABASE() AND partition_name IS NOT NULL AND table_name = " +
              literal(table),
          [&](const auto& cells) {
            if (const auto day = partition_day(cells[0])) days.push_back(*day);
            has_last = has_last || cells[0] == "pmax";
          })) {
    return p;
  }
  std::sort(days.begin(), days.end());
  if (has_last) partitions_[table] = std::move(days);
  return {};
}

std::vector<Day> Tables::days_of(const weir_batch& batch, std::int64_t now) const {
  const Day oldest = day_of(now - options_.retention.count()), newest = day_of(now) + 1;
  std::set<Day> days;
  Day last = oldest - 1;
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    const Day day = day_of(batch.times[row]);
    if (day != last && day >= oldest && day <= newest) days.insert(day);
    last = day;
  }
  return {days.begin(), days.end()};
}

Problem Tables::make_partitions(const table::Plan& plan, const weir_batch& batch,
                                std::int64_t now) {
  const auto found = partitions_.find(plan.table);
  if (found == partitions_.end()) return {};
  for (const Day day : days_of(batch, now)) {
    std::vector<Day> days = found->second;
    const std::string sql = split_sql(plan.table, days, day);
    if (sql.empty()) continue;
    if (Problem p = connection_.define(sql)) {
      forget();  // another agent may have been quicker
      p.kind = p.kind == Kind::definition ? Kind::schema : p.kind;
      return p;
    }
    found->second = std::move(days);
  }
  return {};
}

Problem Tables::expire(std::int64_t now) {
  if (options_.retention.count() == 0) return {};
  const auto clock = std::chrono::steady_clock::now();
  const bool is_due = clock >= next_expiry_;
  if (is_due) next_expiry_ = clock + kExpiryPause;
  std::string told;
  Problem problem;
  for (auto at = kept_.begin(); at != kept_.end() && !problem;) {
    auto& [table, kept] = *at;
    const bool is_new = std::exchange(kept.is_new, false);
    Removed removed;
    if (is_due || is_new) problem = expire(table, kept.time, now, removed);
    const std::string text = removed.text();
    if (!text.empty()) told += (told.empty() ? "" : "; ") + ("table " + table + ": " + text);
    // Somebody dropped it; it is made again when rows of its come.
    const bool is_gone = problem.code == ER_NO_SUCH_TABLE;
    if (is_gone) problem = {};
    at = is_gone ? kept_.erase(at) : std::next(at);
  }
  if (!told.empty()) host_.info("retention: " + told);
  return problem;
}

std::string Tables::Removed::text() const {
  std::string result;
  if (days > 0) result = "dropped " + std::to_string(days) + " days up to " + last_day;
  if (rows > 0) {
    result += (result.empty() ? "" : ", ") + ("deleted " + std::to_string(rows) + " rows");
  }
  return result;
}

// Whole days by dropping their partition; rows of a table without partitions, and those that came
// too late for one of their own, by deleting them in steps.
Problem Tables::expire(const std::string& table, const std::string& time, std::int64_t now,
                       Removed& removed) {
  const std::int64_t cutoff = now - options_.retention.count();
  if (Problem p = read_partitions(table)) return p;
  table::SqlTime text;
  std::string before(text.at(cutoff, 6));
  const auto found = partitions_.find(table);
  if (found != partitions_.end()) {
    std::vector<Day>& days = found->second;
    while (!days.empty() && days.front() < day_of(cutoff)) {
      const std::string name = partition_name(days.front());
      if (Problem p =
              connection_.define("ALTER TABLE " + quoted(table) + " DROP PARTITION " + name)) {
        return p;
      }
      ++removed.days;
      removed.last_day = name;
      days.erase(days.begin());
    }
    if (!days.empty()) before = std::min(before, day_start(days.front()));
  }
  if (Problem p = connection_.execute("DELETE FROM " + quoted(table) + " WHERE " + quoted(time) +
                                      " < '" + before + "' LIMIT " + std::to_string(kRowsAtOnce))) {
    return p;
  }
  removed.rows = connection_.changed_rows();
  return {};
}

}  // namespace weir::mysql_sink
