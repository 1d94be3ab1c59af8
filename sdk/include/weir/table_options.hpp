// weir/table_options.hpp - how an operator says that a measurement goes into another table than the
// one made for it: names, types, indexes. The same words for every sink that writes tables.
//
//   tables:
//     rmf_cpu_utilization:
//       table: cpu_metrics
//       time: timestamp
//       time_digits: 3
//       id: id
//       columns:
//         lpar: {type: "VARCHAR(50) NOT NULL"}
//         percent: {name: utilization_percent, type: "DECIMAL(5,2) NOT NULL"}
//       indexes: {idx_lpar_cpu: "lpar, cpu_type"}
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "weir/options.hpp"

namespace weir::table {

struct ColumnOptions {
  std::string name;
  std::string type;

  static const OptionTable<ColumnOptions>& table() {
    static const OptionTable<ColumnOptions> t{
        option("name", &ColumnOptions::name, "The column's name; none: the label's or field's."),
        option("type", &ColumnOptions::type,
               "Its type and constraints as SQL has them; none: the type for its values."),
    };
    return t;
  }
};

struct TableOptions {
  std::string table_name;
  std::string time;
  std::uint32_t time_digits = 6;
  std::string id;
  std::map<std::string, ColumnOptions> columns;
  std::map<std::string, std::string> indexes;

  static const OptionTable<TableOptions>& table() {
    static const OptionTable<TableOptions> t{
        option("table", &TableOptions::table_name, "The table's name; none: the measurement's."),
        option("time", &TableOptions::time, "The name of the column with the row's time.")
            .def("time"),
        option("time_digits", &TableOptions::time_digits, "Decimals of the seconds in it.")
            .def("6")
            .max("6"),
        option("id", &TableOptions::id,
               "The name of a column that numbers the rows and is the primary key; none: none."),
        option("columns", &TableOptions::columns,
               "By label, field, or part of a histogram (wait.mean, .sum, .count, .buckets)."),
        option("indexes", &TableOptions::indexes,
               "Further indexes: their names, and their columns separated by commas."),
    };
    return t;
  }
};

using Tables = std::map<std::string, TableOptions>;  // by measurement

// A type is put into a statement as it is: words, numbers and parentheses, nothing that ends it.
inline bool is_plain_type(std::string_view type) {
  for (const char c : type) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && std::string_view(" _(),.'-").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return type.find("--") == std::string_view::npos && type.size() <= 200;
}

inline void check(const Tables& tables, Problems& problems) {
  for (const auto& [measurement, t] : tables) {
    const std::string path = "tables." + measurement;
    for (const auto& [key, column] : t.columns) {
      if (!is_plain_type(column.type)) {
        problems.add((path + ".columns." + key + ".type").c_str(),
                     "is not a type; expected such as DECIMAL(5,2) NOT NULL");
      }
    }
    for (const auto& [name, columns] : t.indexes) {
      if (columns.find_first_not_of(" ,") == std::string::npos) {
        problems.add((path + ".indexes." + name).c_str(),
                     "names no column; expected such as: lpar, cpu_type");
      }
    }
  }
}

}  // namespace weir::table
