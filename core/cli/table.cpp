// Cells, widths, and numbers that people can read.
#include "core/cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "weir/rows.hpp"

namespace weir::cli {

namespace {

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

// Characters, not bytes: what a column is wide on a terminal, near enough.
std::size_t width(const std::string& s) {
  return static_cast<std::size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cut(std::string s, std::size_t bytes_max) {
  for (char& c : s) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (s.size() <= bytes_max) return s;
  std::size_t end = bytes_max - 3;
  while (end > 0 && (s[end] & 0xc0) == 0x80) --end;
  return s.substr(0, end) + "...";
}

}  // namespace

void Table::add(const weir_batch& batch) {
  const weir_measurement& m = *batch.measurement;
  auto sheet = std::find_if(sheets_.begin(), sheets_.end(),
                            [&](const Sheet& s) { return s.measurement == &m; });
  if (sheet == sheets_.end()) sheet = sheets_.insert(sheets_.end(), {&m, {}});
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    std::vector<std::string>& cells = sheet->rows.emplace_back();
    for (std::uint32_t i = 0; i < m.label_count; ++i) {
      cells.push_back(cut(std::string(view(batch.series[row]->label_values[i])), kCellBytesMax));
    }
    for (std::uint32_t i = 0; i < m.field_count; ++i) {
      cells.push_back(cut(cell(*m.fields[i], batch.columns[i], row), kCellBytesMax));
    }
  }
}

void Table::print(std::FILE* out, bool colour) const {
  for (const Sheet& sheet : sheets_) {
    const weir_measurement& m = *sheet.measurement;
    std::fprintf(out, "%s%s%s  %s\n", colour ? "\x1b[1m" : "", m.name, colour ? "\x1b[0m" : "",
                 m.help);
    std::vector<std::string> heads;
    for (std::uint32_t i = 0; i < m.label_count; ++i) heads.emplace_back(m.labels[i]);
    for (std::uint32_t i = 0; i < m.field_count; ++i) heads.emplace_back(m.fields[i]->name);
    // A measurement with many fields and few rows reads better upright.
    const bool upright = m.field_count > 8 && sheet.rows.size() <= 4;
    std::vector<std::vector<std::string>> lines;
    if (upright) {
      for (std::size_t column = 0; column < heads.size(); ++column) {
        lines.push_back({heads[column]});
        for (const auto& row : sheet.rows) lines.back().push_back(row[column]);
      }
    } else {
      lines.push_back(heads);
      lines.insert(lines.end(), sheet.rows.begin(), sheet.rows.end());
    }
    std::vector<std::size_t> widths(lines[0].size());
    for (const auto& line : lines) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        widths[i] = std::max(widths[i], width(line[i]));
      }
    }
    const std::size_t texts = upright ? 1 : m.label_count;  // columns that are flush left
    for (const auto& line : lines) {
      std::string text = " ";
      for (std::size_t i = 0; i < line.size(); ++i) {
        const std::string pad(widths[i] - width(line[i]), ' ');
        text += ' ' + (i < texts ? line[i] + pad : pad + line[i]) + ' ';
      }
      text.erase(text.find_last_not_of(' ') + 1);
      std::fprintf(out, "%s\n", text.c_str());
    }
    std::fputs("\n", out);
  }
}

}  // namespace weir::cli
