// weir/format_number.hpp - numbers and times as text, several times faster than the general way for
// the values that are usually measured. Each writer wants kNumberBytesMax bytes of room.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "weir/format_text.hpp"

namespace weir::format {

static_assert(std::endian::native == std::endian::little, "digits8 stores its first digit lowest");

namespace detail {
struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
inline constexpr DigitPairs kDigitPairs;
}  // namespace detail

// Exactly `Count` (even or odd) decimal digits of value < 10^Count, with leading zeros.
template <unsigned Count>
inline char* put_digits(char* p, std::uint32_t value) {
  unsigned left = Count;
  for (; left >= 2; left -= 2, value /= 100) {
    std::memcpy(p + left - 2, detail::kDigitPairs.text + value % 100 * 2, 2);
  }
  if (left == 1) *p = static_cast<char>('0' + value);
  return p + Count;
}

// Eight decimal digits of value < 10^8 as eight bytes 0 to 9, the first digit in the lowest byte:
// halves, quarters and digits are divided side by side in one word by multiplication.
inline std::uint64_t digits8(std::uint32_t value) {
  const std::uint64_t fours = value / 10000 | std::uint64_t{value % 10000} << 32;
  const std::uint64_t high = (fours * 10486 >> 20) & 0x0000007f0000007fu;  // x / 100, x < 10^4
  const std::uint64_t twos = high | (fours - high * 100) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000fu;  // x / 10, x < 100
  return tens | (twos - tens * 10) << 8;
}
inline constexpr std::uint64_t kZeros8 = 0x3030303030303030u;  // "00000000"

inline char* put_8_digits(char* p, std::uint32_t value) {
  const std::uint64_t text = digits8(value) | kZeros8;
  std::memcpy(p, &text, 8);
  return p + 8;
}
// Without leading zeros; value < 10^8. Writes 8 bytes whatever the length.
inline char* put_u27(char* p, std::uint32_t value) {
  const std::uint64_t digits = digits8(value);
  const int leading = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;
  const std::uint64_t text = (digits | kZeros8) >> leading * 8;
  std::memcpy(p, &text, 8);
  return p + 8 - leading;
}

inline char* put_u64(char* p, std::uint64_t value) {
  constexpr std::uint64_t k8 = 100'000'000;
  if (value < k8) return put_u27(p, static_cast<std::uint32_t>(value));
  const std::uint64_t high = value / k8;
  if (high < k8) {
    p = put_u27(p, static_cast<std::uint32_t>(high));
  } else {
    p = put_u27(p, static_cast<std::uint32_t>(high / k8));
    p = put_8_digits(p, static_cast<std::uint32_t>(high % k8));
  }
  return put_8_digits(p, static_cast<std::uint32_t>(value % k8));
}
inline char* put_i64(char* p, std::int64_t value) {
  if (value >= 0) return put_u64(p, static_cast<std::uint64_t>(value));
  *p++ = '-';
  return put_u64(p, 0 - static_cast<std::uint64_t>(value));
}

// The shortest decimal that reads back as the same double; `value` is finite.
//
// Most measured values are integers or have few decimals. n / 10^k with n < 10^15 and k <= 22 is
// correctly rounded, and a decimal of at most 15 digits is unique in its double, so when that
// quotient equals the value, n with its point moved is the answer, several times faster than the
// general algorithm, which takes the rest.
inline char* put_f64(char* p, double value) {
  double magnitude = value;
  if (std::signbit(value)) {
    *p++ = '-';
    magnitude = -value;
  }
  if (magnitude < 1e15) {
    const auto whole = static_cast<std::uint64_t>(magnitude);
    if (static_cast<double>(whole) == magnitude) return put_u64(p, whole);
    if (magnitude < 1e6) {
      // Rounded wrongly, it does not pass the division below. NOLINTNEXTLINE(bugprone-*)
      const auto n = static_cast<std::uint64_t>(magnitude * 1e9 + 0.5);
      if (static_cast<double>(n) / 1e9 == magnitude) {
        p = put_u27(p, static_cast<std::uint32_t>(n / 1'000'000'000));
        *p++ = '.';
        const auto fraction = static_cast<std::uint32_t>(n % 1'000'000'000);
        const std::uint64_t digits = digits8(fraction / 10);
        const std::uint64_t text = digits | kZeros8;
        std::memcpy(p, &text, 8);
        if (const std::uint32_t last = fraction % 10; last != 0) {
          p[8] = static_cast<char>('0' + last);
          return p + 9;
        }
        return p + 8 - std::countl_zero(digits) / 8;  // without the zeros at the end
      }
    }
  }
  return std::to_chars(p, p + kNumberBytesMax, magnitude).ptr;
}

// RFC 3339 in UTC with 3, 6 or 9 decimals, as many as the time needs: 2026-11-21T10:00:00.000Z.
// Remembers the last one, since the rows of a batch mostly share their time. One thread.
class TimeText {
 public:
  std::string_view at(std::int64_t time) {
    if (time != time_ || size_ == 0) render(time);
    return {text_.data(), size_};
  }
  // Readable up to kSlack bytes behind the text.
  const char* padded() const { return text_.data(); }

 private:
  void render(std::int64_t time) {
    std::int64_t second = time / 1'000'000'000;
    auto ns = static_cast<std::int32_t>(time % 1'000'000'000);
    if (ns < 0) {
      --second;
      ns += 1'000'000'000;
    }
    if (second != second_ || size_ == 0) {
      second_ = second;
      render_second();
    }
    const auto fraction = static_cast<std::uint32_t>(ns);
    char* p = text_.data() + 20;
    if (fraction % 1'000'000 == 0) {
      p = put_digits<3>(p, fraction / 1'000'000);
    } else if (fraction % 1'000 == 0) {
      p = put_digits<6>(p, fraction / 1'000);
    } else {
      p = put_digits<9>(p, fraction);
    }
    *p++ = 'Z';
    size_ = static_cast<std::size_t>(p - text_.data());
    time_ = time;
  }
  void render_second() {
    const std::chrono::sys_seconds at{std::chrono::seconds(second_)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const auto of_day = static_cast<std::uint32_t>((at - day).count());
    char* p = text_.data();  // int64 nanoseconds reach from 1677 to 2262: four digits
    p = put_digits<4>(p, static_cast<std::uint32_t>(static_cast<int>(date.year())));
    *p++ = '-';
    p = put_digits<2>(p, static_cast<unsigned>(date.month()));
    *p++ = '-';
    p = put_digits<2>(p, static_cast<unsigned>(date.day()));
    *p++ = 'T';
    p = put_digits<2>(p, of_day / 3600);
    *p++ = ':';
    p = put_digits<2>(p, of_day / 60 % 60);
    *p++ = ':';
    p = put_digits<2>(p, of_day % 60);
    *p = '.';
  }

  std::array<char, 32 + kSlack> text_{};
  std::size_t size_ = 0;  // 0: nothing rendered yet
  std::int64_t time_ = 0;
  std::int64_t second_ = 0;
};

}  // namespace weir::format
