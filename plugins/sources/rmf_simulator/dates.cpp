#include "dates.hpp"

#include <algorithm>
#include <array>

#include "model/curves.hpp"

namespace rmf {

namespace {

struct Movable {
  const char* name;
  int after_easter;  // days
};
constexpr std::array<Movable, 4> kMovable{
    {{"good-friday", -2}, {"easter-monday", 1}, {"ascension", 39}, {"whit-monday", 50}}};

// "12" of exactly `digits` digits at `at`, or -1.
int digits(const std::string& text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Days since the epoch of a civil date (H. Hinnant's days_from_civil), or nothing for 02-30.
std::optional<std::int64_t> days_of(int year, int month, int day) {
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = y / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
  const Day back = Calendar().day(days);
  if (back.day != day || back.month != month) return std::nullopt;
  return days;
}

}  // namespace

std::optional<Time> parse_time(const std::string& text) {
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (year < 0 || year > 2200 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto days = days_of(year, month, day);
  if (!days) return std::nullopt;
  if (text.size() == 10) return *days * kDay;
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
      (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  Time time = *days * kDay + hour * kHour + minute * kMinute + second * kSecond;
  const std::string zone = text.substr(19);
  if (zone == "Z") return time;
  const int hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours < 0 ||
      hours > 14 || minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  const Time offset = hours * kHour + minutes * kMinute;
  return zone[0] == '+' ? time - offset : time + offset;
}

bool add_holiday(const std::string& text, Holidays& holidays) {
  const auto* named = std::ranges::find(kMovable, text, &Movable::name);
  if (named != kMovable.end()) {
    holidays.after_easter.push_back(named->after_easter);
    return true;
  }
  const bool yearly = text.size() == 5 && text[2] == '-';
  const bool once = text.size() == 10 && text[4] == '-' && text[7] == '-';
  const std::size_t at = once ? 5 : 0;
  const int month = digits(text, at, 2), day = digits(text, at + 3, 2);
  // 2024 has a 29th of February, as every year may be asked for one.
  const auto days = days_of(once ? digits(text, 0, 4) : 2024, month, day);
  if (!(yearly || once) || !days) return false;
  if (once) {
    holidays.single_days.push_back(*days);
  } else {
    holidays.fixed.push_back(month * 100 + day);
  }
  return true;
}

std::string movable_holidays() {
  std::string all;
  for (const Movable& m : kMovable) all += (all.empty() ? "" : ", ") + std::string(m.name);
  return all;
}

}  // namespace rmf
