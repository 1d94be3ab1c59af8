// See terminal.hpp.
#include "core/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>

namespace weir::cli {
namespace {

constexpr std::size_t kWidthMin = 40;  // a line this short is no longer worth fitting to

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the character `count` begins.
std::size_t offset_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (!is_continuation(text[at]) && count-- == 0) break;
  }
  return at;
}

}  // namespace

std::size_t line_width(std::FILE* out, std::size_t elsewhere) {
  if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
    const std::string_view digits = text;
    std::size_t columns = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), columns);
    if (error == std::errc() && end == digits.end() && columns >= kWidthMin) return columns;
  }
  winsize size{};
  const int fd = ::fileno(out);
  if (fd >= 0 && ::isatty(fd) && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= kWidthMin) {
    return size.ws_col;
  }
  return elsewhere;
}

std::size_t width(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
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

std::string shortened(const std::string& text, std::size_t columns) {
  const std::size_t all = width(text);
  if (all <= columns) return text;
  const std::size_t kept = columns - 3;
  const std::size_t tail = kept / 2;
  return text.substr(0, offset_of(text, kept - tail)) + "..." +
         text.substr(offset_of(text, all - tail));
}

bool narrow(std::vector<std::size_t>& widths, const std::vector<std::size_t>& minimums,
            std::size_t all) {
  std::size_t sum = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  while (sum > all) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > minimums[i] && (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) return false;
    --*widest;
    --sum;
  }
  return true;
}

}  // namespace weir::cli
