// The calendar is that of <chrono>.
#include "core/cli/instant.hpp"

#include <chrono>
#include <cstdio>

namespace weir::cli {

namespace {

// Takes exactly `count` digits off the front.
bool take(std::string_view& text, int count, int& value) {
  value = 0;
  if (text.size() < static_cast<std::size_t>(count)) return false;
  for (int i = 0; i < count; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(count));
  return true;
}
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}
bool take_clock(std::string_view& text, int& hour, int& minute) {
  return take(text, 2, hour) && take(text, ':') && take(text, 2, minute) && hour < 24 &&
         minute < 60;
}

}  // namespace

std::string parse_instant(std::string_view text, std::int64_t& ns) {
  using namespace std::chrono;
  const std::string wrong =
      "expected an instant such as 2026-01-31 or 2026-01-31T08:30:00Z, got '" + std::string(text) +
      "'";
  int y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0;
  if (!take(text, 4, y) || !take(text, '-') || !take(text, 2, m) || !take(text, '-') ||
      !take(text, 2, d)) {
    return wrong;
  }
  if (take(text, 'T') || take(text, ' ')) {
    if (!take_clock(text, hour, minute)) return wrong;
    if (take(text, ':') && (!take(text, 2, second) || second > 59)) return wrong;
  }
  int offset_minutes = 0;
  if (!take(text, 'Z') && (text.starts_with('+') || text.starts_with('-'))) {
    const int sign = text[0] == '+' ? 1 : -1;
    text.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (!take_clock(text, hours, minutes)) return wrong;
    offset_minutes = sign * (hours * 60 + minutes);
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(m)),
                            day(static_cast<unsigned>(d))};
  if (!text.empty() || !date.ok()) return wrong;
  if (y < 1970 || y >= 2200) return "expected a year from 1970 to 2199, got " + std::to_string(y);
  const auto at = sys_days(date) + hours(hour) + minutes(minute - offset_minutes) + seconds(second);
  ns = duration_cast<nanoseconds>(at.time_since_epoch()).count();
  return "";
}

std::string format_instant(std::int64_t ns) {
  using namespace std::chrono;
  const auto at = floor<seconds>(sys_time<nanoseconds>(nanoseconds(ns)));
  const auto midnight = floor<days>(at);
  const year_month_day date(midnight);
  const hh_mm_ss clock(at - midnight);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace weir::cli
