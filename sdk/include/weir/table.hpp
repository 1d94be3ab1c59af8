// weir/table.hpp - rows as rows of an SQL table: which columns a measurement has, under which
// names.
//
// A measurement is a table of its name: the time, the series' id, a column a label, a column a
// field. A histogram is three: f_count, f_sum, and f_buckets, a JSON object of cumulative counts.
// TableOptions change names and types. Measurements that share a name share the table, which then
// has the columns of all of them. What is a dialect's (words for types, quoting) is the sink's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/table_options.hpp"

namespace weir::table {

inline constexpr std::size_t kNameBytesMax = 64;             // MySQL's; SQLite has none
inline constexpr const char* kSeriesColumn = "weir_series";  // table_series.hpp says what is in it

enum class Type { text, f64, i64, u64, boolean, json };
enum class Part { label, value, count, sum, mean, buckets };

struct Column {
  std::string name;
  Type type;
  Part part;
  std::uint32_t index;   // of the label or field
  std::string sql_type;  // what the options say; empty: the dialect's word for `type`
};

struct Index {
  std::string name;
  std::vector<std::string> columns;
};

struct Plan {
  const weir_measurement* measurement = nullptr;
  std::string table;
  std::string time;
  std::uint32_t time_digits = 6;
  std::string id;               // empty: none
  std::vector<Column> columns;  // labels, then fields
  std::vector<Index> indexes;
  std::string problem;  // not empty: why this measurement cannot be a table
};

inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

// A name that is too long ends in a hash of what it was, so that two of them stay two.
inline std::string fit_name(std::string_view name) {
  if (name.size() <= kNameBytesMax) return std::string(name);
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  char tail[16];
  std::snprintf(tail, sizeof tail, "_%08x", hash);
  return std::string(name.substr(0, kNameBytesMax - 9)) + tail;
}

// Identifiers between quotes of the dialect (" or `), quotes in them doubled.
inline std::string quote(std::string_view name, char mark) {
  std::string result(1, mark);
  for (const char c : name) {
    if (c == mark) result += mark;
    result += c;
  }
  return result + mark;
}

// Whether values of `type` can be kept in a column that was declared as `declared` without being
// changed by it. Not exact to the bit: a sink's server refuses what is out of range.
inline bool fits(Type type, std::string_view declared) {
  const std::string d = lower(declared);
  const auto has = [&](const char* word) { return d.find(word) != std::string::npos; };
  if (d.empty()) return true;
  const bool is_text = has("char") || has("text") || has("clob") || has("json") || has("enum");
  const bool is_real = has("doub") || has("real") || has("float") || has("dec") || has("num");
  const bool is_integer = has("int") || has("bool") || has("bit");
  switch (type) {
    case Type::text:
    case Type::json: return is_text;
    case Type::f64: return is_real;
    case Type::i64:
    case Type::u64:
    case Type::boolean: return is_real || is_integer;
  }
  return false;
}

namespace detail {

class Planner {
 public:
  Planner(const weir_measurement& m, const TableOptions& options) : m_(m), options_(options) {
    plan_.measurement = &m;
    plan_.table = fit_name(options.table_name.empty() ? m.name : options.table_name);
    plan_.time = options.time.empty() ? "time" : options.time;
    plan_.time_digits = options.time_digits;
    plan_.id = options.id;
    for (const auto& [name, columns] : options.indexes) add_index(name, columns);
    for (std::uint32_t i = 0; i < m.label_count; ++i) add_label(i);
    for (std::uint32_t i = 0; i < m.field_count; ++i) add_field(i);
    find_clashes();
  }
  Plan take() { return std::move(plan_); }

 private:
  void add_index(const std::string& name, const std::string& columns) {
    Index index{name, {}};
    for (std::size_t at = 0; at <= columns.size();) {
      const std::size_t end = std::min(columns.find(',', at), columns.size());
      std::string_view column = std::string_view(columns).substr(at, end - at);
      while (column.starts_with(' ')) column.remove_prefix(1);
      while (column.ends_with(' ')) column.remove_suffix(1);
      if (!column.empty()) index.columns.emplace_back(column);
      at = end + 1;
    }
    plan_.indexes.push_back(std::move(index));
  }

  bool is_field(std::string_view name) const {
    for (std::uint32_t i = 0; i < m_.field_count; ++i) {
      if (lower(m_.fields[i]->name) == name) return true;
    }
    return false;
  }
  bool is_reserved(const std::string& name) const {
    return name == lower(plan_.time) || name == lower(plan_.id) || name.starts_with("weir_");
  }
  const ColumnOptions* option_for(const std::string& key) const {
    const auto found = options_.columns.find(key);
    return found == options_.columns.end() ? nullptr : &found->second;
  }
  void add(std::string name, Type type, Part part, std::uint32_t index,
           const ColumnOptions* column) {
    if (column != nullptr && !column->name.empty()) name = column->name;
    plan_.columns.push_back(
        {fit_name(name), type, part, index, column == nullptr ? "" : column->type});
  }

  void add_label(std::uint32_t i) {
    const std::string name = m_.labels[i];
    const bool taken = is_field(lower(name)) || is_reserved(lower(name));
    add(taken ? "label_" + name : name, Type::text, Part::label, i, option_for(name));
  }

  void add_field(std::uint32_t i) {
    const std::string name = m_.fields[i]->name;
    const std::string column = is_reserved(lower(name)) ? "field_" + name : name;
    switch (m_.fields[i]->type) {
      case WEIR_F64: return add(column, Type::f64, Part::value, i, option_for(name));
      case WEIR_I64: return add(column, Type::i64, Part::value, i, option_for(name));
      case WEIR_U64: return add(column, Type::u64, Part::value, i, option_for(name));
      case WEIR_BOOL: return add(column, Type::boolean, Part::value, i, option_for(name));
      case WEIR_STRING: return add(column, Type::text, Part::value, i, option_for(name));
      default: return add_histogram(name, i);
    }
  }

  // All of its parts but the mean, or those that the options name.
  void add_histogram(const std::string& name, std::uint32_t i) {
    struct Named {
      const char* name;
      Type type;
      Part part;
    };
    constexpr Named kParts[] = {{"count", Type::u64, Part::count},
                                {"sum", Type::f64, Part::sum},
                                {"mean", Type::f64, Part::mean},
                                {"buckets", Type::json, Part::buckets}};
    const bool chosen = std::any_of(std::begin(kParts), std::end(kParts), [&](const Named& p) {
      return option_for(name + "." + p.name) != nullptr;
    });
    for (const Named& p : kParts) {
      const ColumnOptions* column = option_for(name + "." + p.name);
      if (chosen ? column == nullptr : p.part == Part::mean) continue;
      add(name + "_" + p.name, p.type, p.part, i, column);
    }
  }

  void find_clashes() {
    std::vector<std::pair<std::string, std::string>> names{{lower(plan_.time), plan_.time}};
    if (!plan_.id.empty()) names.emplace_back(lower(plan_.id), plan_.id);
    for (const Column& c : plan_.columns) names.emplace_back(lower(c.name), c.name);
    std::sort(names.begin(), names.end());
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (names[i].first != names[i - 1].first) continue;
      plan_.problem = std::string(m_.name) + ": '" + names[i - 1].second + "' and '" +
                      names[i].second + "' are one column to SQL; rename one in tables." + m_.name +
                      ".columns";
    }
  }

  const weir_measurement& m_;
  const TableOptions& options_;
  Plan plan_;
};

}  // namespace detail

inline Plan make_plan(const weir_measurement& m, const Tables& tables) {
  static const TableOptions kNone{};
  const auto found = tables.find(m.name);
  return detail::Planner(m, found == tables.end() ? kNone : found->second).take();
}

}  // namespace weir::table
