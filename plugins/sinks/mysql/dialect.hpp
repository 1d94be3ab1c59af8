// Statements in the words of MySQL and MariaDB. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/table.hpp"

namespace weir::mysql_sink {

inline constexpr const char* kRestColumn = "weir_ns";  // of a time, what its column leaves out

std::string quoted(std::string_view name);
std::string literal(std::string_view text);

std::string column_sql(const table::Column& column);
const char* type_of(table::Type type);

// `partitions`: what stands behind the table's options, or nothing.
std::string create_sql(const table::Plan& plan, const std::string& partitions);

// INSERT ... VALUES <tuples> ON DUPLICATE KEY UPDATE ...: what stands before and behind the tuples,
// each of which has: series id, labels, time, rest of the time, fields.
struct Insert {
  std::string head, tail;
};
Insert insert_sql(const table::Plan& plan);
// LOAD DATA LOCAL of lines in the same order.
std::string load_sql(const table::Plan& plan);

}  // namespace weir::mysql_sink
