#include "partitions.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "dialect.hpp"

namespace weir::mysql_sink {

namespace {

std::chrono::year_month_day date_of(Day day) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day)));
}

std::string text_of(Day day, const char* format) {
  const auto date = date_of(day);
  char text[32];
  std::snprintf(text, sizeof text, format, static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string part_sql(Day day) {
  return "PARTITION " + partition_name(day) + " VALUES LESS THAN ('" + day_start(day + 1) + "')";
}
constexpr const char* kLast = "PARTITION pmax VALUES LESS THAN (MAXVALUE)";

}  // namespace

Day day_of(std::int64_t time_ns) {
  const std::int64_t day = time_ns / kDayNs - (time_ns % kDayNs < 0 ? 1 : 0);
  return static_cast<Day>(day);
}

std::string partition_name(Day day) { return text_of(day, "p%04d%02u%02u"); }
std::string day_start(Day day) { return text_of(day, "%04d-%02u-%02u 00:00:00"); }

std::optional<Day> partition_day(std::string_view name) {
  unsigned number = 0;
  if (name.size() != 9 || name[0] != 'p') return {};
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + 1, end, number);
  if (error != std::errc{} || at != end) return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number / 10'000)),
                                         std::chrono::month(number / 100 % 100),
                                         std::chrono::day(number % 100)};
  if (!date.ok()) return {};
  return static_cast<Day>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::string partition_clause(const std::string& time_column, const std::vector<Day>& days) {
  std::string sql = "\nPARTITION BY RANGE COLUMNS(" + quoted(time_column) + ") (\n  ";
  for (const Day day : days) sql += part_sql(day) + ",\n  ";
  return sql + kLast + ")";
}

// Days between the new one and the next are made too: who fills in the past comes to them next, and
// each split copies the rows of the partition that is split.
std::string split_sql(const std::string& table, std::vector<Day>& days, Day day) {
  const auto next = std::lower_bound(days.begin(), days.end(), day);
  if (next != days.end() && *next == day) return {};
  const bool is_last = next == days.end();
  std::string sql = "ALTER TABLE " + quoted(table) + " REORGANIZE PARTITION " +
                    (is_last ? "pmax" : partition_name(*next)) + " INTO (";
  std::vector<Day> made{day};
  for (Day d = day + 1; !is_last && d < *next; ++d) made.push_back(d);
  for (const Day d : made) sql += part_sql(d) + ", ";
  sql += (is_last ? kLast : part_sql(*next)) + std::string(")");
  days.insert(next, made.begin(), made.end());
  return sql;
}

}  // namespace weir::mysql_sink
