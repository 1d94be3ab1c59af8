// Spelling of names, labels, help and numbers; see text.hpp. Numbers first try what telemetry
// mostly is (integers, and fixed point with up to three decimals such as CPU seconds), since the
// shortest form of a general double takes five times longer to find.
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace weir::prometheus_sink {

namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Bytes of the well-formed UTF-8 sequence at the front of `text` (Unicode 15, table 3-7), or 0.
std::size_t utf8_size(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return follows(1) ? 2 : 0;
  const unsigned second = at(1);
  if (lead < 0xf0) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  const bool overlong = lead == 0xf0 && second < 0x90;
  const bool too_high = lead == 0xf4 && second > 0x8f;
  return follows(1) && follows(2) && follows(3) && !overlong && !too_high ? 4 : 0;
}

bool append_escaped(std::string& out, std::string_view text, bool quotes) {
  bool clean = true;
  std::size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else if (const std::size_t size = utf8_size(text.substr(i)); size != 0) {
      out.append(text, i, size);
      i += size;
      continue;
    } else {
      out += "\xef\xbf\xbd";
      clean = false;
    }
    ++i;
  }
  return clean;
}

template <class T>
char* digits(char* at, T value) {
  return std::to_chars(at, at + kNumberBytesMax, value).ptr;
}

char* literal(char* at, const char* text) { return std::copy_n(text, std::strlen(text), at); }

}  // namespace

bool valid_metric_name(std::string_view name) {
  if (name.empty() || (!is_alpha(name[0]) && name[0] != ':')) return false;
  for (const char c : name) {
    if (!is_alpha(c) && c != ':' && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

bool append_label_value(std::string& out, std::string_view value) {
  return append_escaped(out, value, true);
}

void append_help(std::string& out, std::string_view help, Format format) {
  append_escaped(out, help, format == Format::openmetrics);
}

char* write_number(char* at, double value) {
  if (value > -1e12 && value < 1e12) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value) return digits(at, whole);
    // Fixed point: when n / 1000 is this very double, then its decimals read back as it, because
    // division is correctly rounded and so is reading.
    const auto thousandths = static_cast<std::int64_t>(std::llrint(value * 1000));
    if (static_cast<double>(thousandths) / 1000.0 == value) {
      std::uint64_t n = static_cast<std::uint64_t>(thousandths);
      if (thousandths < 0) {
        *at++ = '-';
        n = 0 - n;
      }
      at = digits(at, n / 1000);
      const auto rest = static_cast<unsigned>(n % 1000);
      *at++ = '.';
      *at++ = static_cast<char>('0' + rest / 100);
      if (rest % 100 != 0) *at++ = static_cast<char>('0' + rest / 10 % 10);
      if (rest % 10 != 0) *at++ = static_cast<char>('0' + rest % 10);
      return at;
    }
  }
  if (std::isnan(value)) return literal(at, "NaN");
  if (std::isinf(value)) return literal(at, value > 0 ? "+Inf" : "-Inf");
  return digits(at, value);
}

char* write_number(char* at, std::int64_t value) { return digits(at, value); }
char* write_number(char* at, std::uint64_t value) { return digits(at, value); }

char* write_bound(char* at, double bound, Format format) {
  char* end = write_number(at, bound);
  if (format == Format::openmetrics && std::isfinite(bound) &&
      std::string_view(at, static_cast<std::size_t>(end - at)).find_first_of(".e") ==
          std::string_view::npos) {
    end = literal(end, ".0");
  }
  return end;
}

char* write_timestamp(char* at, std::int64_t time_ns, Format format) {
  const std::int64_t time_ms = time_ns / 1'000'000;
  if (format == Format::text) return digits(at, time_ms);
  std::uint64_t n = static_cast<std::uint64_t>(time_ms);
  if (time_ms < 0) {
    *at++ = '-';
    n = 0 - n;
  }
  at = digits(at, n / 1000);
  const auto rest = static_cast<unsigned>(n % 1000);
  *at++ = '.';
  *at++ = static_cast<char>('0' + rest / 100);
  *at++ = static_cast<char>('0' + rest / 10 % 10);
  *at++ = static_cast<char>('0' + rest % 10);
  return at;
}

}  // namespace weir::prometheus_sink
