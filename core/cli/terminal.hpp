// core/cli/terminal.hpp - how wide lines may be, and texts made to fit.
//
// Widths are in characters, each taken as one cell wide.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

// $COLUMNS where it is a number from 40 on, or else that of the terminal that `out` is, or else
// `elsewhere`.
std::size_t line_width(std::FILE* out, std::size_t elsewhere);

std::size_t width(std::string_view text);

// Broken at blanks; a word that is wider than `columns` keeps a line to itself. Never empty.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

// `text`, or its beginning and its end with "..." between them; columns >= 8.
std::string shortened(const std::string& text, std::size_t columns);

// Takes from the widest of `widths` until they come to `all`, none below its minimum. False where
// that is not enough.
bool narrow(std::vector<std::size_t>& widths, const std::vector<std::size_t>& minimums,
            std::size_t all);

}  // namespace weir::cli
