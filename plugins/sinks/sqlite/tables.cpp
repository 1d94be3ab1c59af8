#include "tables.hpp"

namespace weir::sqlite_sink {

namespace {

std::string quoted(std::string_view name) { return table::quote(name, '"'); }

std::string literal(std::string_view text) { return table::quote(text, '\''); }

// u64 has no type: in a column of integers SQLite would turn what is above 2^63 - 1 into a double.
const char* type_of(table::Type type) {
  switch (type) {
    case table::Type::text:
    case table::Type::json: return "TEXT";
    case table::Type::f64: return "DOUBLE";
    case table::Type::i64: return "BIGINT";
    case table::Type::u64: return "";
    case table::Type::boolean: return "BOOLEAN";
  }
  return "";
}

bool is_wider_needed(const std::string& sql_type, const table::Column& c) {
  return c.sql_type.empty() && !table::fits(c.type, sql_type);
}

}  // namespace

std::string column_sql(const table::Column& c) {
  const std::string type = c.sql_type.empty() ? type_of(c.type) : c.sql_type;
  return quoted(c.name) + (type.empty() ? "" : " " + type);
}

// Without an id, rows are kept in the order of the key itself: one tree instead of two, written at
// its end.
std::string create_sql(const table::Plan& plan) {
  const std::string key = quoted(plan.time) + ", " + quoted(table::kSeriesColumn);
  std::string sql = "CREATE TABLE " + quoted(plan.table) + " (\n  ";
  if (!plan.id.empty()) sql += quoted(plan.id) + " INTEGER PRIMARY KEY AUTOINCREMENT,\n  ";
  sql += quoted(plan.time) + " DATETIME NOT NULL";
  for (const auto& c : plan.columns) sql += ",\n  " + column_sql(c);
  sql += ",\n  " + quoted(table::kSeriesColumn) + " BLOB NOT NULL";
  return sql + (plan.id.empty() ? ",\n  PRIMARY KEY (" + key + ")\n) WITHOUT ROWID"
                                : ",\n  UNIQUE (" + key + ")\n)");
}

// A row that comes again writes what is there already. Shapes of one name share rows: each writes
// its own columns.
std::string insert_sql(const table::Plan& plan) {
  const std::string key = quoted(plan.time) + ", " + quoted(table::kSeriesColumn);
  std::string columns = key, values = "?1, ?2", updates;
  int number = 3;
  for (const auto& c : plan.columns) {
    columns += ", " + quoted(c.name);
    values += ", ?" + std::to_string(number++);
    if (c.part == table::Part::label) continue;
    updates += (updates.empty() ? "" : ", ") + quoted(c.name) + " = excluded." + quoted(c.name);
  }
  return "INSERT INTO " + quoted(plan.table) + " (" + columns + ") VALUES (" + values +
         ") ON CONFLICT (" + key + ") DO UPDATE SET " + updates;
}

Problem Tables::find(const weir_measurement& m, Shape*& out) {
  if (m.id >= shapes_.size()) shapes_.resize(m.id + 1);
  std::unique_ptr<Shape>& shape = shapes_[m.id];
  if (shape == nullptr || shape->plan.measurement != &m) {
    auto made = std::make_unique<Shape>();
    made->plan = table::make_plan(m, options_);
    made->problem = made->plan.problem;
    if (made->problem.empty()) {
      if (Problem problem = prepare(*made)) return problem;
    }
    if (made->problem.empty()) own_[table::lower(made->plan.table)] = made->plan.time;
    shape = std::move(made);
  }
  out = shape.get();
  return {};
}

void Tables::forget() { shapes_.clear(); }

// SQL that the file refuses (a table of somebody else, too many columns) is the shape's problem;
// a file that cannot be written is not.
Problem Tables::prepare(Shape& shape) {
  Problem problem = widen(shape);
  if (!problem && shape.problem.empty()) {
    problem = database_.prepare(insert_sql(shape.plan), shape.insert);
  }
  if (problem.code != SQLITE_ERROR) return problem;
  shape.problem = problem.text;
  return {};
}

Problem Tables::widen(Shape& shape) {
  const table::Plan& plan = shape.plan;
  std::map<std::string, std::pair<std::string, std::string>> there;  // by lower name: name, type
  Statement statement;
  const std::string sql = "SELECT name, type FROM pragma_table_info(" + literal(plan.table) + ")";
  if (Problem problem = database_.prepare(sql, statement)) return problem;
  int code = 0;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const auto text = [&](int i) {
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), i)));
    };
    there[table::lower(text(0))] = {text(0), text(1)};
  }
  if (code != SQLITE_DONE) return database_.failure(code);
  if (there.empty()) return create(plan);

  const std::string place = "table " + plan.table;
  if (!there.contains(table::kSeriesColumn)) {
    shape.problem = place + " was not made by Weir; name another one in tables." +
                    plan.measurement->name + ".table";
    return {};
  }
  for (const auto& c : plan.columns) {
    const auto found = there.find(table::lower(c.name));
    if (found == there.end()) {
      if (Problem problem = database_.execute("ALTER TABLE " + quoted(plan.table) + " ADD COLUMN " +
                                              column_sql(c))) {
        return problem;
      }
      continue;
    }
    const auto& [name, type] = found->second;
    if (name != c.name || is_wider_needed(type, c)) {
      shape.problem = place + " has a column " + name + " " + type + ", where " + c.name + " " +
                      type_of(c.type) + " is wanted; rename one, such as in tables." +
                      plan.measurement->name + ".columns";
      return {};
    }
  }
  return {};
}

Problem Tables::create(const table::Plan& plan) {
  if (Problem problem = database_.execute(create_sql(plan))) return problem;
  for (const auto& index : plan.indexes) {
    std::string columns;
    for (const auto& c : index.columns) columns += (columns.empty() ? "" : ", ") + quoted(c);
    // Names of indexes are names of the file, not of the table.
    const std::string name = plan.table + "_" + index.name;
    if (Problem problem = database_.execute("CREATE INDEX " + quoted(name) + " ON " +
                                            quoted(plan.table) + " (" + columns + ")")) {
      return problem;
    }
  }
  return {};
}

// Without a plan, the time is the first column that is one: `create_sql` puts it before the others.
Problem Tables::list(std::vector<Kept>& out) {
  Statement statement;
  if (Problem problem = database_.prepare(
          "SELECT m.name, (SELECT name FROM pragma_table_info(m.name) WHERE type = 'DATETIME'"
          " ORDER BY cid LIMIT 1)"
          " FROM sqlite_master m JOIN pragma_table_info(m.name) c"
          " WHERE m.type = 'table' AND c.name = 'weir_series'",
          statement)) {
    return problem;
  }
  int code = 0;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const auto text = [&](int i) {
      const auto* t = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), i));
      return std::string(t == nullptr ? "" : t);
    };
    if (!text(1).empty()) out.push_back({text(0), text(1)});
  }
  return code == SQLITE_DONE ? Problem{} : database_.failure(code);
}

// A table that was dropped since, or made in a transaction that was undone, is not there.
Problem Tables::list_own(std::vector<Kept>& out) {
  std::vector<Kept> all;
  if (Problem problem = list(all)) return problem;
  for (const Kept& t : all) {
    const auto found = own_.find(table::lower(t.name));
    if (found != own_.end()) out.push_back({t.name, found->second});
  }
  return {};
}

}  // namespace weir::sqlite_sink
