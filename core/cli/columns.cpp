// See columns.hpp.
#include "core/cli/columns.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/cli/terminal.hpp"

namespace weir::cli {
namespace {

constexpr std::size_t kTextWidth = 100;       // where there is no terminal
constexpr std::size_t kLastWidthMin = 30;     // of the last column, beside the others
constexpr std::size_t kWrappedWidthMin = 16;  // of any other that is wrapped
constexpr std::size_t kGap = 2;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

using Row = std::vector<std::string>;

std::size_t widest_line(const std::vector<const Row*>& rows, std::size_t column,
                        std::size_t columns) {
  std::size_t widest = 0;
  for (const Row* row : rows) {
    if (column >= row->size()) continue;
    for (const std::string& line : wrapped((*row)[column], columns)) {
      widest = std::max(widest, width(line));
    }
  }
  return widest;
}

// How a table is laid out.
struct Layout {
  std::vector<std::size_t> widths;  // of all columns but the last; 0: left out
  std::size_t last_at = 0;          // where the last column begins
  std::size_t last_width = 0;
  bool below = false;  // the last column has lines of its own
};

Layout lay_out(const std::vector<const Row*>& rows, std::size_t columns, std::size_t indent,
               std::size_t all) {
  std::vector<std::size_t> natural(columns), minimums(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    natural[i] = widest_line(rows, i, kNoLimit);
    const std::size_t longest_word = widest_line(rows, i, 0);
    minimums[i] = std::min(natural[i], std::max(longest_word, kWrappedWidthMin));
  }
  const std::size_t last = natural.back();
  natural.pop_back();
  minimums.pop_back();
  std::size_t gaps = indent;
  for (const std::size_t w : natural) gaps += w > 0 ? kGap : 0;

  Layout layout;
  const std::size_t beside = gaps + std::min(last, kLastWidthMin);
  layout.widths = natural;
  layout.below = all < beside || !narrow(layout.widths, minimums, all - beside);
  if (layout.below) {
    layout.widths = natural;
    narrow(layout.widths, minimums, all > gaps ? all - gaps : 0);
  }
  // Wrapped lines rarely fill their column.
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    layout.widths[i] = widest_line(rows, i, layout.widths[i]);
  }
  layout.last_at = layout.below ? indent + 2 * kGap
                                : std::accumulate(layout.widths.begin(), layout.widths.end(), gaps);
  layout.last_width = std::max(kLastWidthMin, all - std::min(all, layout.last_at));
  return layout;
}

void print_line(std::string line, std::FILE* out) {
  line.erase(line.find_last_not_of(' ') + 1);
  std::fprintf(out, "%s\n", line.c_str());
}

void print_row(const Row& row, const Layout& layout, std::size_t indent, std::FILE* out) {
  const bool is_full = row.size() == layout.widths.size() + 1;
  const std::vector<std::string> last =
      wrapped(is_full ? row.back() : std::string(), layout.last_width);
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = layout.below ? 1 : last.size();
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    cells.push_back(wrapped(i < row.size() ? row[i] : std::string(), layout.widths[i]));
    lines = std::max(lines, cells.back().size());
  }
  for (std::size_t n = 0; n < lines; ++n) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (layout.widths[i] == 0) continue;
      const std::string text = n < cells[i].size() ? cells[i][n] : "";
      line += text;
      line.append(std::max(layout.widths[i], width(text)) + kGap - width(text), ' ');
    }
    if (!layout.below && n < last.size()) line += last[n];
    print_line(std::move(line), out);
  }
  if (!layout.below || last[0].empty()) return;
  for (const std::string& text : last) print_line(std::string(layout.last_at, ' ') + text, out);
}

}  // namespace

std::size_t text_width(std::FILE* out) { return line_width(out, kTextWidth); }

std::string counted(std::size_t n, const char* noun) {
  return std::to_string(n) + ' ' + noun + (n == 1 ? "" : "s");
}

void Columns::print(std::FILE* out, std::size_t indent) const {
  std::size_t columns = 0;
  for (const Row& row : rows_) columns = std::max(columns, row.size());
  if (columns == 0) return;
  // A heading alone does not make a column.
  Row headings = headings_;
  for (std::size_t i = 0; i < headings.size(); ++i) {
    const bool any = std::any_of(rows_.begin(), rows_.end(),
                                 [&](const Row& row) { return i < row.size() && !row[i].empty(); });
    if (!any) headings[i].clear();
  }
  std::vector<const Row*> rows;
  if (!headings.empty()) rows.push_back(&headings);
  for (const Row& row : rows_) rows.push_back(&row);
  const Layout layout = lay_out(rows, columns, indent, text_width(out));
  // What is below its row needs no heading.
  if (layout.below && headings.size() == columns) headings.back().clear();
  for (const Row* row : rows) print_row(*row, layout, indent, out);
}

}  // namespace weir::cli
