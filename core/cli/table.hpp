// Rows as tables for people: one table a measurement, a column a label and a field.
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
  // Prints all tables in the order in which their measurements came. Cells longer than
  // kCellBytesMax are cut. `colour`: headings stand out.
  void print(std::FILE* out, bool colour) const;

 private:
  static constexpr std::size_t kCellBytesMax = 48;
  struct Sheet {
    const weir_measurement* measurement;
    std::vector<std::vector<std::string>> rows;
  };
  std::vector<Sheet> sheets_;
};

}  // namespace weir::cli
