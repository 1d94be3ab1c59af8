// A dead letter: a row that a sink rejected for good, and why, as a line of JSON (RFC 8259).
//
//   {"schema":"9f86d081884c7d65","measurement":"m","labels":["host"],"fields":[{"name":"f",...}]}
//   {"at":"2026-01-02T03:04:05Z","from":"lpars","reason":"...","schema":"9f86d081884c7d65",
//    "measurement":"m","time":1767322800000000000,"labels":{"host":"a"},"fields":{"f":1.5}}
//
// For people and jq, and exact, so that the row can be sent again: a line of the first kind tells
// the types of a measurement before its first row; its number is the FNV-1a of what follows it, so
// that files can be put together. Whole numbers are written as such; NaN and infinities as strings;
// text that is not UTF-8 as {"hex":"..."}; a field without a value is left out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/abi.h"

namespace weir::deadletter {

struct FieldSchema {
  std::string name, unit, help, flat_name;
  weir_type type = 0;
  weir_metric metric = 0;
  std::vector<double> bounds;

  bool operator==(const FieldSchema&) const = default;
};
struct RowSchema {
  std::string measurement, help;
  std::vector<std::string> labels;
  std::vector<FieldSchema> fields;

  bool operator==(const RowSchema&) const = default;
};

// The line without its end; `number` is what row lines refer to it by.
std::string schema_line(const weir_measurement& measurement, std::string& number);
std::string row_line(const weir_batch& batch, std::uint32_t row, std::string_view schema_number,
                     std::string_view from, std::string_view reason, std::int64_t now);

struct Histogram {
  std::vector<std::uint64_t> counts;
  double sum = 0;
  std::uint64_t count = 0;
};
using Value =
    std::variant<std::monostate, double, std::int64_t, std::uint64_t, bool, std::string, Histogram>;
struct Letter {
  std::string at, from, reason;
  const RowSchema* schema = nullptr;  // the reader's, as long as that lives
  std::int64_t time = 0;
  std::vector<std::string> labels;  // parallel to schema->labels
  std::vector<Value> values;        // parallel to schema->fields
};

// Reads lines in the order in which they were written.
class LineReader {
 public:
  enum class Kind { kSchema, kRow, kBad };
  // kBad: `error` says why; the line is not of use, those after it may be.
  Kind read(std::string_view line, Letter& letter, std::string& error);

 private:
  // Schemas come again, after every restart of an agent, and people may change them: none is freed
  // for another, since a schema is known by its address.
  std::vector<std::unique_ptr<const RowSchema>> all_;
  std::map<std::string, const RowSchema*, std::less<>> schemas_;  // the last of each number
};

}  // namespace weir::deadletter
