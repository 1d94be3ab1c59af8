// core/cli/columns.hpp - aligned columns for people; the last one is wrapped to what is left.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace weir::cli {

class Columns {
 public:
  // Empty headings: none are printed.
  explicit Columns(std::vector<std::string> headings = {}) : headings_(std::move(headings)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Each line begins with `indent` blanks. A column where every cell is empty is left out.
  void print(std::FILE* out, std::size_t indent) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

// Of the terminal that `out` is, or 100.
std::size_t line_width(std::FILE* out);

// "1 source", "2 sources"
std::string counted(std::size_t n, const char* noun);

}  // namespace weir::cli
