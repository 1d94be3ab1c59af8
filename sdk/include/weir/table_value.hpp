// weir/table_value.hpp - values that tables keep in another form than a column of a batch has them:
// times as SQL writes them, histograms as JSON, text made well-formed.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "weir/abi.h"
#include "weir/format_number.hpp"
#include "weir/format_plan.hpp"
#include "weir/format_text.hpp"

namespace weir::table {

// "2026-11-21 10:00:00.000000" in UTC, with as many decimals as asked, cut off, not rounded.
// Remembers the last one, since the rows of a batch mostly share their time. One thread.
class SqlTime {
 public:
  // Valid until the next call. `digits`: 0 to 9.
  std::string_view at(std::int64_t time, unsigned digits) {
    if (time != time_ || digits != digits_) render(time, digits);
    return {text_.data(), size_};
  }

 private:
  void render(std::int64_t time, unsigned digits) {
    std::memcpy(text_.data(), second_.at(time).data(), 19);
    text_[10] = ' ';
    text_[19] = '.';
    format::put_digits<9>(text_.data() + 20, nanoseconds(time));
    size_ = digits == 0 ? 19 : 20 + digits;
    time_ = time;
    digits_ = digits;
  }
  static std::uint32_t nanoseconds(std::int64_t time) {
    const auto rest = static_cast<std::int32_t>(time % 1'000'000'000);
    return static_cast<std::uint32_t>(rest < 0 ? rest + 1'000'000'000 : rest);
  }

  format::TimeText second_;
  std::array<char, 32> text_{};
  std::size_t size_ = 0;
  std::int64_t time_ = 0;
  unsigned digits_ = ~0u;  // none yet
};

// What `digits` decimals leave out of a time, in ns: 0 to 10^(9-digits) - 1.
inline std::uint32_t beyond(std::int64_t time, unsigned digits) {
  std::int64_t unit = 1;
  for (unsigned i = digits; i < 9; ++i) unit *= 10;
  const std::int64_t rest = time % unit;
  return static_cast<std::uint32_t>(rest < 0 ? rest + unit : rest);
}

// NaN where there is none: of no observations.
inline double mean(const weir_column& column, std::uint32_t row) {
  return column.counts[row] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                 : column.sums[row] / static_cast<double>(column.counts[row]);
}

// {"0.25":1,"5":3,"+Inf":7}: observations up to each bound.
inline void append_buckets(const weir_field& field, const weir_column& column, std::uint32_t row,
                           format::Buffer& out) {
  const std::size_t width = field.bound_count + 1;
  char* p = out.reserve(width * (2 * format::kNumberBytesMax + 8) + 2);
  std::uint64_t below = 0;
  *p++ = '{';
  for (std::size_t i = 0; i < width; ++i) {
    if (i > 0) *p++ = ',';
    *p++ = '"';
    p = i + 1 < width ? format::put_f64(p, field.bounds[i]) : format::put(p, "+Inf");
    p = format::put(p, "\":");
    below += column.v.buckets[row * width + i];
    p = format::put_u64(p, below);
  }
  *p++ = '}';
  out.set_end(p);
}

inline bool is_well_formed(std::string_view text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = s + text.size();
  while (s != end) {
    if (*s < 0x80) {
      ++s;
      continue;
    }
    const int step = format::utf8_step(s, end);
    if (step < 0) return false;
    s += step;
  }
  return true;
}

// Appends text whose malformed UTF-8 has become U+FFFD; nothing is escaped.
inline void append_well_formed(std::string_view text, format::Buffer& out) {
  char* p = out.reserve(text.size() * 3);
  p = format::put_text(p, text, [](char* at, char c) {
    *at = c;
    return at + 1;
  });
  out.set_end(p);
}

}  // namespace weir::table
