// core/cli/columns.hpp - aligned columns of text for people, within the width of the terminal.
//
// What is too wide is wrapped: the last column, which explains the others, then the widest of them.
// Where that leaves no room to explain, the last one goes below its row instead.
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

// Of text for people: that of the terminal, or 100.
std::size_t text_width(std::FILE* out);

// "1 source", "2 sources"
std::string counted(std::size_t n, const char* noun);

}  // namespace weir::cli
