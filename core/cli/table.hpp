// Rows as tables for people: one table a measurement, a column a label and a field.
//
// A table that is wider than its terminal is printed in parts, each with the labels again and as
// many fields as there is room for. `--format jsonl` shows everything in full.
#pragma once

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "weir/abi.h"

namespace weir::cli {

class Table {
 public:
  void add(const weir_batch& batch);
  // Prints all tables in the order in which their measurements came, lines of at most `columns`.
  // Cells longer than kCellWidthMax are shortened. `colour`: headings stand out.
  void print(std::FILE* out, std::size_t columns, bool colour) const;

 private:
  static constexpr std::size_t kCellWidthMax = 48;
  struct Sheet {
    const weir_measurement* measurement;
    std::vector<std::vector<std::string>> rows;
  };
  std::vector<Sheet> sheets_;
};

}  // namespace weir::cli
