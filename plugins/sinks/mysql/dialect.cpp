#include "dialect.hpp"

namespace weir::mysql_sink {

namespace {

// Names of columns without which SELECT * is what people want to see: servers that know how hide
// them, each by a comment that only it reads.
constexpr const char* kInvisible = " /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */";

std::string key_columns(const table::Plan& plan) {
  return quoted(plan.time) + ", " + quoted(table::kSeriesColumn) + ", " + quoted(kRestColumn);
}

// Labels with their series, then the time, then fields: what is rendered once a series comes first.
template <class Use>
void each_column(const table::Plan& plan, Use use) {
  use(table::kSeriesColumn);
  for (const auto& c : plan.columns) {
    if (c.part == table::Part::label) use(c.name);
  }
  use(plan.time);
  use(kRestColumn);
  for (const auto& c : plan.columns) {
    if (c.part != table::Part::label) use(c.name);
  }
}

std::string index_column(const std::string& column) {
  const std::size_t open = column.find('(');  // name(20): its first characters
  if (open == std::string::npos) return quoted(column);
  std::string digits;
  for (const char c : column.substr(open)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return quoted(column.substr(0, open)) + "(" + digits + ")";
}

}  // namespace

std::string quoted(std::string_view name) { return table::quote(name, '`'); }

std::string literal(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

const char* type_of(table::Type type) {
  switch (type) {
    case table::Type::text: return "MEDIUMTEXT";
    case table::Type::json: return "JSON";
    case table::Type::f64: return "DOUBLE";
    case table::Type::i64: return "BIGINT";
    case table::Type::u64: return "BIGINT UNSIGNED";
    case table::Type::boolean: return "BOOLEAN";
  }
  return "";
}

std::string column_sql(const table::Column& c) {
  return quoted(c.name) + " " + (c.sql_type.empty() ? type_of(c.type) : c.sql_type.c_str());
}

std::string create_sql(const table::Plan& plan, const std::string& partitions) {
  const std::string digits = std::to_string(plan.time_digits);
  const char* rest = plan.time_digits >= 6   ? "SMALLINT"
                     : plan.time_digits >= 3 ? "MEDIUMINT"
                                             : "INT";
  std::string sql = "CREATE TABLE " + quoted(plan.table) + " (\n  ";
  if (!plan.id.empty()) sql += quoted(plan.id) + " BIGINT NOT NULL AUTO_INCREMENT,\n  ";
  sql += quoted(plan.time) + " DATETIME(" + digits + ") NOT NULL";
  for (const auto& c : plan.columns) sql += ",\n  " + column_sql(c);
  sql += ",\n  " + quoted(table::kSeriesColumn) + " BINARY(16) NOT NULL DEFAULT ''" + kInvisible;
  sql += ",\n  " + quoted(kRestColumn) + " " + rest + " UNSIGNED NOT NULL DEFAULT 0" + kInvisible;
  if (plan.id.empty()) {
    sql += ",\n  PRIMARY KEY (" + key_columns(plan) + ")";
  } else {
    // What a table is partitioned by is part of all of its unique keys.
    sql += ",\n  PRIMARY KEY (" + quoted(plan.id) +
           (partitions.empty() ? ")" : ", " + quoted(plan.time) + ")");
    sql += ",\n  UNIQUE KEY `weir_key` (" + key_columns(plan) + ")";
  }
  for (const auto& index : plan.indexes) {
    std::string columns;
    for (const auto& c : index.columns) columns += (columns.empty() ? "" : ", ") + index_column(c);
    sql += ",\n  INDEX " + quoted(index.name) + " (" + columns + ")";
  }
  return sql + "\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC" +
         partitions;
}

Insert insert_sql(const table::Plan& plan) {
  std::string columns, updates;
  each_column(plan, [&](std::string_view name) {
    columns += (columns.empty() ? "" : ", ") + quoted(name);
  });
  for (const auto& c : plan.columns) {
    if (c.part == table::Part::label) continue;
    updates += (updates.empty() ? "" : ", ") + quoted(c.name) + "=VALUES(" + quoted(c.name) + ")";
  }
  return {"INSERT INTO " + quoted(plan.table) + " (" + columns + ") VALUES ",
          " ON DUPLICATE KEY UPDATE " + updates};
}

std::string load_sql(const table::Plan& plan) {
  std::string columns;
  each_column(plan, [&](std::string_view name) {
    // Text of another character set would not do for 16 arbitrary bytes: they come in hexadecimal.
    const bool is_id = columns.empty();
    columns += (is_id ? "" : ", ") + (is_id ? std::string("@id") : quoted(name));
  });
  return "LOAD DATA LOCAL INFILE 'rows' INTO TABLE " + quoted(plan.table) +
         " CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY "
         "'\\n' (" +
         columns + ") SET " + quoted(table::kSeriesColumn) + " = UNHEX(@id)";
}

}  // namespace weir::mysql_sink
