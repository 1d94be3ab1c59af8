// dynamic_row.hpp - one row of a measurement whose fields the kernel decides: meminfo, vmstat,
// netstat, sockstat. A pass gives the pairs in the order of the file; as long as the keys are
// those of the pass before, nothing is looked up, and a value costs one comparison of its key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "context.hpp"
#include "text.hpp"

namespace node_probe {

class DynamicRow {
 public:
  static constexpr std::size_t kPairsMax = 4096;
  static constexpr std::size_t kFieldsMax = 1024;
  static constexpr unsigned kLayoutsMax = 100;

  struct Field {
    std::string name;  // of the field; characters that it cannot have become '_'
    std::string unit;
    std::string help;
  };
  // Describes the field that `prefix` and `key` make; false to leave it out. Called only when the
  // keys have changed.
  using Describe = std::function<bool(std::string_view prefix, std::string_view key, Field& field)>;

  DynamicRow(std::string measurement, std::string help, weir_metric metric, Describe describe)
      : name_(std::move(measurement)),
        help_(std::move(help)),
        metric_(metric),
        describe_(std::move(describe)) {}

  void begin() { cursor_ = 0; }
  void put(std::string_view prefix, std::string_view key, std::int64_t value) {
    if (cursor_ < pairs_.size() && pairs_[cursor_].is(prefix, key)) {
      pairs_[cursor_++].value = value;
    } else {
      put_changed(prefix, key, value);
    }
  }
  // For tables with a line "<key> <number>" or "<key> <number> kB" for each value; values in kB
  // are put in bytes. Lines that are any different from those of the pass before are given to
  // put_line(line), which `put`s them. The first for which it was false, from 1; 0: none.
  template <class PutLine>
  std::size_t put_lines(std::string_view rest, PutLine put_line) {
    std::size_t malformed = 0;
    std::string_view line;
    for (std::size_t number = 1;; ++number) {
      number += put_known_lines(rest);
      if (!next_line(rest, line)) return malformed;
      if (!put_line(line) && malformed == 0) malformed = number;
    }
  }
  // Emits the row. Fails when nothing was put; `source_path` is for the message.
  Outcome emit(Context& context, const std::string& source_path);

 private:
  struct Pair {
    bool is(std::string_view a, std::string_view b) const {
      return text.size() == a.size() + b.size() && prefix_size == a.size() &&
             std::string_view(text).substr(0, prefix_size) == a &&
             std::string_view(text).substr(prefix_size) == b;
    }
    std::string text;  // prefix, then key
    std::size_t prefix_size;
    std::int64_t value;
    std::int32_t field;  // in the measurement; -1: left out
  };

  // Takes lines off `rest` as long as they have the keys of the pass before: their number.
  std::size_t put_known_lines(std::string_view& rest);
  void put_changed(std::string_view prefix, std::string_view key, std::int64_t value);
  Outcome describe(Context& context, const std::string& source_path);

  std::string name_, help_;
  weir_metric metric_;
  Describe describe_;
  std::vector<Pair> pairs_;
  std::size_t cursor_ = 0;
  bool changed_ = true;
  bool overflowed_ = false;
  unsigned layouts_ = 0;
  const weir_measurement* measurement_ = nullptr;
  const weir_series* series_ = nullptr;
};

}  // namespace node_probe
