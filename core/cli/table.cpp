// Cells, parts, and numbers that people can read.
#include "core/cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/cli/terminal.hpp"
#include "weir/rows.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kHeadWidthMin = 10;   // what a label is shortened to
constexpr std::size_t kValueWidthMin = 24;  // no number is longer
constexpr std::size_t kUprightRowsMax = 4;
constexpr std::size_t kFlatFieldsMax = 8;

std::string number(double v) {
  char text[32];
  // A whole number in full; anything else with the digits that a person reads.
  const bool whole = std::isfinite(v) && v == std::floor(v) && std::fabs(v) < 1e15;
  const auto format = whole ? std::chars_format::fixed : std::chars_format::general;
  return {text, std::to_chars(text, text + sizeof text, v, format, whole ? 0 : 10).ptr};
}

std::string cell(const weir_field& field, const weir_column& c, std::uint32_t row) {
  if (!has_value(c, row)) return "-";
  switch (field.type) {
    case WEIR_F64: return number(c.v.f64[row]);
    case WEIR_I64: return std::to_string(c.v.i64[row]);
    case WEIR_U64: return std::to_string(c.v.u64[row]);
    case WEIR_BOOL: return bit(c.v.bits, row) ? "true" : "false";
    case WEIR_STRING: return std::string(string_at(c, row));
    default: return "n=" + std::to_string(c.counts[row]) + " sum=" + number(c.sums[row]);
  }
}

std::string printable(std::string s) {
  for (char& c : s) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return s;
}

using Lines = std::vector<std::vector<std::string>>;

// A table as it is printed: `heads` columns that each part of it begins with, flush left.
struct Grid {
  Lines lines;
  std::size_t heads = 0;
  std::vector<std::size_t> widths = {};

  void measure() {
    widths.assign(lines[0].size(), 0);
    for (const auto& line : lines) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        widths[i] = std::max(widths[i], width(line[i]));
      }
    }
  }

  std::size_t line_width(std::size_t begin, std::size_t end) const {
    std::size_t sum = kIndent;
    for (std::size_t i = begin; i < end; ++i) sum += widths[i] + (i + 1 < end ? kGap : 0);
    return sum;
  }

  // Makes the heads and the widest of the other columns fit a line. False where they cannot.
  bool fit(std::size_t columns) {
    if (line_width(0, widths.size()) <= columns) return true;
    const auto others = widths.begin() + static_cast<std::ptrdiff_t>(heads);
    std::vector<std::size_t> needed(widths.begin(), others);
    std::vector<std::size_t> minimums(heads, kHeadWidthMin);
    if (others != widths.end()) {
      needed.push_back(*std::max_element(others, widths.end()));
      minimums.push_back(kValueWidthMin);
    }
    const std::size_t blanks = kIndent + kGap * (needed.size() - 1);
    if (columns < blanks || !narrow(needed, minimums, columns - blanks)) return false;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::min(widths[i], needed[std::min(i, needed.size() - 1)]);
    }
    return true;
  }

  // In as many parts as it takes, a blank line between them.
  void print(std::size_t columns, std::FILE* out) const {
    const std::size_t head_width = line_width(0, heads) + (heads > 0 ? kGap : 0);
    std::size_t begin = heads;
    do {
      std::size_t end = std::min(begin + 1, widths.size());
      while (end < widths.size() && head_width + line_width(begin, end + 1) - kIndent <= columns) {
        ++end;
      }
      if (begin > heads) std::fputs("\n", out);
      print_part(begin, end, out);
      begin = end;
    } while (begin < widths.size());
  }

 private:
  void print_part(std::size_t begin, std::size_t end, std::FILE* out) const {
    for (const auto& line : lines) {
      std::string text(kIndent, ' ');
      for (std::size_t i = heads > 0 ? 0 : begin; i < end; i = i + 1 == heads ? begin : i + 1) {
        const std::string cell = shortened(line[i], widths[i]);
        const std::string pad(widths[i] - width(cell), ' ');
        text += i < heads ? cell + pad : pad + cell;
        text.append(kGap, ' ');
      }
      text.erase(text.find_last_not_of(' ') + 1);
      std::fprintf(out, "%s\n", text.c_str());
    }
  }
};

Lines transposed(const Lines& lines) {
  Lines result(lines[0].size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) result[i].push_back(line[i]);
  }
  return result;
}

}  // namespace

void Table::add(const weir_batch& batch) {
  const weir_measurement& m = *batch.measurement;
  auto sheet = std::find_if(sheets_.begin(), sheets_.end(),
                            [&](const Sheet& s) { return s.measurement == &m; });
  if (sheet == sheets_.end()) sheet = sheets_.insert(sheets_.end(), {&m, {}});
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    std::vector<std::string>& cells = sheet->rows.emplace_back();
    const auto add_cell = [&](std::string text) {
      cells.push_back(shortened(printable(std::move(text)), kCellWidthMax));
    };
    for (std::uint32_t i = 0; i < m.label_count; ++i) {
      add_cell(std::string(view(batch.series[row]->label_values[i])));
    }
    for (std::uint32_t i = 0; i < m.field_count; ++i) {
      add_cell(cell(*m.fields[i], batch.columns[i], row));
    }
  }
}

void Table::print(std::FILE* out, std::size_t columns, bool colour) const {
  for (const Sheet& sheet : sheets_) {
    const weir_measurement& m = *sheet.measurement;
    const std::string name = m.name;
    std::vector<std::string> title = wrapped(name + "  " + m.help, columns);
    title[0].erase(0, name.size());
    std::fprintf(out, "%s%s%s", colour ? "\x1b[1m" : "", m.name, colour ? "\x1b[0m" : "");
    for (const std::string& line : title) std::fprintf(out, "%s\n", line.c_str());

    Grid grid{Lines(1), m.label_count};
    for (std::uint32_t i = 0; i < m.label_count; ++i) grid.lines[0].emplace_back(m.labels[i]);
    for (std::uint32_t i = 0; i < m.field_count; ++i) grid.lines[0].emplace_back(m.fields[i]->name);
    grid.lines.insert(grid.lines.end(), sheet.rows.begin(), sheet.rows.end());
    grid.measure();
    // Many columns and few rows read better upright.
    const bool few = sheet.rows.size() <= kUprightRowsMax;
    const bool wide =
        m.field_count > kFlatFieldsMax || grid.line_width(0, grid.widths.size()) > columns;
    if ((few && wide) || !grid.fit(columns)) {
      grid = {transposed(grid.lines), 1};
      grid.measure();
      grid.fit(columns);
    }
    grid.print(columns, out);
    std::fputs("\n", out);
  }
}

}  // namespace weir::cli
