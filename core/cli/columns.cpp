// See columns.hpp.
#include "core/cli/columns.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace weir::cli {
namespace {

constexpr std::size_t kLastWidthMin = 30;  // narrower is worse than lines that are too long

// In characters, each taken as one cell wide.
std::size_t width(std::string_view s) {
  return static_cast<std::size_t>(std::count_if(
      s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!lines.back().empty() && width(lines.back()) + 1 + width(word) > columns) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::size_t line_width(std::FILE* out) {
  winsize size{};
  const int fd = ::fileno(out);
  if (fd >= 0 && ::isatty(fd) && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    return size.ws_col;
  }
  return 100;
}

std::string counted(std::size_t n, const char* noun) {
  return std::to_string(n) + ' ' + noun + (n == 1 ? "" : "s");
}

void Columns::print(std::FILE* out, std::size_t indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (std::size_t i = 0; i < widths.size() && i < headings_.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], width(headings_[i]));
  }
  std::size_t used = indent;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) used += widths[i] > 0 ? widths[i] + 2 : 0;
  const std::size_t all = line_width(out);
  const std::size_t last_width = std::max(kLastWidthMin, all > used ? all - used : 0);

  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      if (widths[i] == 0) continue;
      line += row[i];
      line.append(widths[i] + 2 - width(row[i]), ' ');
    }
    const std::vector<std::string> last =
        wrapped(row.size() == widths.size() ? row.back() : std::string(), last_width);
    for (std::size_t i = 0; i < last.size(); ++i) {
      if (i > 0) line.assign(used, ' ');
      line += last[i];
      line.erase(line.find_last_not_of(' ') + 1);
      std::fprintf(out, "%s\n", line.c_str());
    }
  };
  if (!headings_.empty()) print_row(headings_);
  for (const auto& row : rows_) print_row(row);
}

}  // namespace weir::cli
