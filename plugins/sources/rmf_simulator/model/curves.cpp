#include "model/curves.hpp"

#include <algorithm>
#include <array>

#include "weir/simulate.hpp"

namespace rmf {

namespace {

constexpr int kSlots = 288;  // of 5 minutes
constexpr double kSlotSeconds = 300;
constexpr double kDaySeconds = 86400;

double bell(double hour, double centre, double width) {
  double d = hour - centre;
  if (d > 12) d -= 24;
  if (d < -12) d += 24;
  return weir::sim::exp(-0.5 * d * d / (width * width));
}

double step(double hour, double at, double width) {
  return 1.0 / (1.0 + weir::sim::exp(-(hour - at) / width));
}

// Hours of [0, 24). Online work has a hump before and one after lunch; requests from elsewhere
// (distributed, mobile) reach into the evening; batch fills 22 to 05, backups end it.
double raw(Curve curve, double h) {
  switch (curve) {
    case Curve::kFlat: return 1.0;
    case Curve::kOnline:
      return 0.13 + 0.87 * bell(h, 9.75, 1.45) + 0.84 * bell(h, 15.1, 1.75) +
             0.16 * bell(h, 19.5, 1.8);
    case Curve::kOffice: return 0.05 + 0.93 * bell(h, 10.4, 1.3) + 0.90 * bell(h, 16.0, 1.5);
    case Curve::kRemote:
      return 0.24 + 0.62 * bell(h, 10.2, 2.2) + 0.58 * bell(h, 15.4, 2.4) +
             0.44 * bell(h, 20.3, 1.9);
    case Curve::kBatch: {
      const double night = h < 12 ? h + 24 : h;  // noon to noon
      const double window = step(night, 21.9, 0.22) * (1.0 - step(night, 29.1, 0.38));
      const double phases = 0.86 + 0.16 * bell(h, 23.2, 0.9) + 0.10 * bell(h, 2.6, 1.2);
      return 0.10 + 0.04 * bell(h, 13.0, 3.0) + 0.90 * window * phases;
    }
  }
  return 1.0;
}

using Table = std::array<double, kSlots + 1>;

std::array<Table, kCurves> make_tables() {
  std::array<Table, kCurves> tables{};
  for (int c = 0; c < kCurves; ++c) {
    Table& table = tables[static_cast<std::size_t>(c)];
    double high = 0;
    for (int i = 0; i <= kSlots; ++i) {
      const double hour = (i % kSlots) * kSlotSeconds / 3600.0;
      table[static_cast<std::size_t>(i)] = raw(static_cast<Curve>(c), hour);
      high = std::max(high, table[static_cast<std::size_t>(i)]);
    }
    for (double& v : table) v /= high;
  }
  return tables;
}

const std::array<Table, kCurves>& tables() {
  static const std::array<Table, kCurves> made = make_tables();
  return made;
}

// By weekday, Sunday first. A batch night belongs to the day on which it begins.
constexpr double kWeek[kCurves][7] = {
    {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0},         // flat
    {0.34, 1.16, 1.03, 1.00, 1.01, 0.96, 0.44},  // online
    {0.10, 1.14, 1.03, 1.00, 1.00, 0.90, 0.14},  // office
    {0.60, 1.10, 1.02, 1.00, 1.01, 1.02, 0.72},  // remote
    {0.62, 1.00, 1.00, 1.00, 1.02, 1.14, 0.70},  // batch
};
// By month: less in the summer holidays, more before the end of the year.
constexpr double kYear[12] = {0.98, 0.99, 1.00, 1.01, 1.00, 0.98,
                              0.95, 0.94, 0.99, 1.02, 1.04, 1.05};
constexpr double kMonthEnd[kCurves] = {0.0, 0.17, 0.05, 0.12, 0.34};
constexpr double kHoliday[kCurves] = {1.0, 0.36, 0.08, 0.66, 0.72};

double smooth(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

}  // namespace

double shape(Curve curve, double second_of_day) {
  const Table& table = tables()[static_cast<std::size_t>(curve)];
  const double at = std::clamp(second_of_day, 0.0, kDaySeconds) / kSlotSeconds;
  const auto i = std::min(static_cast<std::size_t>(at), std::size_t{kSlots - 1});
  const double f = at - static_cast<double>(i);
  return table[i] + f * (table[i + 1] - table[i]);
}

double month_end_weight(const Day& day) {
  double weight = 0;
  int closing = day.month;
  if (day.days_left == 0) weight = 1.0;
  if (day.days_left == 1) weight = 0.8;
  if (day.days_left == 2) weight = 0.5;
  if (day.days_left == 3) weight = 0.2;
  if (day.day <= 2) {
    weight = day.day == 1 ? 0.6 : 0.25;
    closing = (day.month + 10) % 12 + 1;
  }
  if (closing == 12) return weight * 1.5;
  return closing % 3 == 0 ? weight * 1.25 : weight;
}

// Days to a civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
Day Calendar::day(std::int64_t days) const {
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<int>(z - era * 146097);
  const int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int mp = (5 * doy + 2) / 153;
  Day result;
  result.day = doy - (153 * mp + 2) / 5 + 1;
  result.month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (result.month <= 2 ? 1 : 0);
  result.year = static_cast<int>(year);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array<int, 12> kLength{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int length =
      result.month == 2 && leap ? 29 : kLength[static_cast<std::size_t>(result.month - 1)];
  result.days_left = length - result.day;
  result.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  result.holiday = is_holiday(result, days);
  return result;
}

bool Calendar::is_holiday(const Day& d, std::int64_t days) const {
  const auto has = [](const auto& all, auto one) {
    return std::ranges::find(all, one) != all.end();
  };
  if (has(holidays_.fixed, d.month * 100 + d.day) || has(holidays_.single_days, days)) return true;
  for (const Holidays::Weekday& w : holidays_.weekdays) {
    const bool nth = w.nth == 0 ? d.days_left < 7 : (d.day - 1) / 7 + 1 == w.nth;
    if (d.month == w.month && d.weekday == w.weekday && nth) return true;
  }
  if (holidays_.after_easter.empty() || d.month < 3 || d.month > 6) return false;
  static const auto kSundays = [] {
    std::array<int, 256> sundays{};
    for (std::size_t i = 0; i < sundays.size(); ++i)
      sundays[i] = easter(1970 + static_cast<int>(i));
    return sundays;
  }();
  if (d.year < 1970 || d.year >= 1970 + static_cast<int>(kSundays.size())) return false;
  const int sunday = kSundays[static_cast<std::size_t>(d.year - 1970)];
  // Within March to June days are counted from the 1st of March.
  constexpr std::array<int, 4> kBefore{0, 31, 61, 92};
  const auto since = [&](int month, int day) {
    return kBefore[static_cast<std::size_t>(month - 3)] + day;
  };
  return has(holidays_.after_easter, since(d.month, d.day) - since(sunday / 100, sunday % 100));
}

// The Gregorian computus, as J. Meeus gives it ("Astronomical Algorithms", after Butcher).
int easter(int year) {
  const int a = year % 19, b = year / 100, c = year % 100;
  const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int n = h + l - 7 * m + 114;
  return n / 31 * 100 + n % 31 + 1;
}

Holidays usual_holidays(const std::string& zone) {
  constexpr std::array<const char*, 8> kStates{
      "America/New_York", "America/Chicago", "America/Denver",    "America/Los_Angeles",
      "America/Phoenix",  "America/Detroit", "America/Anchorage", "Pacific/Honolulu"};
  Holidays h;
  if (zone.starts_with("US/") || std::ranges::find(kStates, zone) != kStates.end()) {
    h.fixed = {101, 619, 704, 1111, 1225};
    // King, Washington, Memorial Day, Labor Day, Columbus, Thanksgiving.
    h.weekdays = {{1, 1, 3}, {2, 1, 3}, {5, 1, 0}, {9, 1, 1}, {10, 1, 2}, {11, 4, 4}};
  } else {
    h.fixed = {101, 501, 1225, 1226};
    h.after_easter = {-2, 1};
  }
  return h;
}

double Calendar::day_factor(Curve curve, std::int64_t days, double month_end) const {
  const auto c = static_cast<std::size_t>(curve);
  const Day d = day(days);
  double factor = kWeek[c][d.weekday] * kYear[d.month - 1];
  if (d.holiday) factor = std::min(factor, kHoliday[c]);
  return factor * (1 + kMonthEnd[c] * std::max(month_end, month_end_weight(d)));
}

// A day passes into the next over four hours: around midnight, for batch around noon.
double Calendar::level(Curve curve, double local_s, double month_end) const {
  if (curve == Curve::kFlat) return 1.0;
  const double turned = curve == Curve::kBatch ? local_s - kDaySeconds / 2 : local_s;
  const std::int64_t day = weir::sim::floor_int(turned / kDaySeconds);
  const double second = turned - static_cast<double>(day) * kDaySeconds;
  constexpr double kBlend = 7200;
  double factor = day_factor(curve, day, month_end);
  if (second < kBlend) {
    const double b = smooth(0.5 + second / kBlend / 2);
    factor = b * factor + (1 - b) * day_factor(curve, day - 1, month_end);
  } else if (second > kDaySeconds - kBlend) {
    const double b = smooth((second - (kDaySeconds - kBlend)) / kBlend / 2);
    factor = (1 - b) * factor + b * day_factor(curve, day + 1, month_end);
  }
  const std::int64_t today = weir::sim::floor_int(local_s / kDaySeconds);
  return factor * shape(curve, local_s - static_cast<double>(today) * kDaySeconds);
}

}  // namespace rmf
