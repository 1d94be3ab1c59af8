// weir/payload/rfc3339.hpp - a time as people and programs write it (RFC 3339), to nanoseconds:
// 2026-11-21T10:00:00Z, 2026-11-21 10:00:00.123456+01:00. Writing is format_number.hpp's TimeText.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::payload {

// ns since the Unix epoch, UTC. Nothing for what is not a time, has no offset, is a leap second, or
// lies outside of the years 1678 to 2261, all that 64 bits of nanoseconds hold whole.
inline std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  bool good = true;
  const auto digits = [&](int count) {
    int value = 0;
    for (int i = 0; i < count; ++i, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') {
        good = false;
        return 0;
      }
      value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  const auto one_of = [&](std::string_view choices) {
    if (at >= text.size() || choices.find(text[at]) == std::string_view::npos) {
      good = false;
      return '\0';
    }
    return text[at++];
  };
  const int year = digits(4);
  one_of("-");
  const int month = digits(2);
  one_of("-");
  const int day = digits(2);
  one_of("Tt ");
  const int hour = digits(2);
  one_of(":");
  const int minute = digits(2);
  one_of(":");
  const int second = digits(2);
  std::int64_t ns = 0;
  if (good && at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      ns += unit * (text[at] - '0');  // digits beyond nanoseconds count nothing
    }
    good = at > first;
  }
  int offset_min = 0;
  if (const char sign = one_of("Zz+-"); sign == '+' || sign == '-') {
    const int offset_hour = digits(2);
    one_of(":");
    const int offset_minute = digits(2);
    good = good && offset_hour < 24 && offset_minute < 60;
    offset_min = (sign == '-' ? -1 : 1) * (offset_hour * 60 + offset_minute);
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!good || at != text.size() || !date.ok() || year < 1678 || year > 2261 || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + (minute - offset_min) * 60 + second;
  return seconds * 1'000'000'000 + ns;
}

}  // namespace weir::payload
