// The tables of a database file: made and widened when a measurement comes that they do not fit,
// and the prepared statement that writes a row of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "database.hpp"
#include "weir/table.hpp"

namespace weir::sqlite_sink {

// A measurement's part of a table.
struct Shape {
  table::Plan plan;
  Statement insert;     // parameters: time, series id, then plan.columns
  std::string problem;  // not empty: its rows cannot be written, and why
};

class Tables {
 public:
  Tables(Database& database, const table::Tables& options)
      : database_(database), options_(options) {}

  // The shape of `m`, its table ready; inside of a transaction. Valid until `forget`.
  Problem find(const weir_measurement& m, Shape*& out);
  // After a transaction that was rolled back, or when a table is not what it was.
  void forget();
  struct Kept {
    std::string name, time;  // of the table and of its time column
  };
  // Tables of the file that a sink of this kind made, this one or another.
  Problem list(std::vector<Kept>& out);
  // Those of them that this sink has written to since it was made.
  Problem list_own(std::vector<Kept>& out);

 private:
  Problem prepare(Shape& shape);
  Problem widen(Shape& shape);
  Problem create(const table::Plan& plan);

  Database& database_;
  const table::Tables& options_;
  std::vector<std::unique_ptr<Shape>> shapes_;  // by measurement id
  std::map<std::string, std::string> own_;      // time columns by lower table
};

// What the file says, not the measurement. Pure.
std::string create_sql(const table::Plan& plan);
std::string insert_sql(const table::Plan& plan);
std::string column_sql(const table::Column& column);

}  // namespace weir::sqlite_sink
