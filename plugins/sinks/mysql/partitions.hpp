// A table whose rows have a retention is partitioned by day, since to drop a day costs nothing and
// to delete its rows costs as much as writing them.
//
// Partition p20261121 ends with that day; what is later than the last of them is in pmax. A day has
// its partition made before its first row comes, by splitting the one that it would fall into.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::mysql_sink {

using Day = std::int32_t;  // since 1970-01-01

inline constexpr std::int64_t kDayNs = 86'400'000'000'000;

Day day_of(std::int64_t time_ns);
std::string partition_name(Day day);                      // p20261121
std::optional<Day> partition_day(std::string_view name);  // of such a name
std::string day_start(Day day);                           // 2026-11-21 00:00:00

// What follows the definition of a table with these days.
std::string partition_clause(const std::string& time_column, const std::vector<Day>& days);
// The statement that gives `day` a partition of its own, and adds what it makes to `days`
// (ascending). Empty: there is one.
std::string split_sql(const std::string& table, std::vector<Day>& days, Day day);

}  // namespace weir::mysql_sink
