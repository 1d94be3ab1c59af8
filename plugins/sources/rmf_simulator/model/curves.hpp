// curves.hpp - how work comes over the day, the week and the year, in the LPAR's local time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.hpp"

namespace rmf {

enum class Curve { kFlat, kOnline, kOffice, kRemote, kBatch };
inline constexpr int kCurves = 5;

// What a civil day is to the people who make the work.
struct Day {
  int weekday = 0;  // 0 Sunday
  int year = 1970, month = 1, day = 1;
  int days_left = 0;  // of the month; 0: its last day
  bool holiday = false;
};

class Calendar {
 public:
  Calendar() = default;
  explicit Calendar(Holidays holidays) : holidays_(std::move(holidays)) {}

  Day day(std::int64_t days_since_epoch) const;

  // Work of a curve at a local time (seconds since the epoch, shifted by the zone): 1 at the
  // usual peak. `month_end` (0 to 1) is a month-end that a scenario adds.
  double level(Curve curve, double local_s, double month_end) const;

 private:
  double day_factor(Curve curve, std::int64_t day, double month_end) const;
  bool is_holiday(const Day& day, std::int64_t days_since_epoch) const;

  Holidays holidays_;
};

// Easter Sunday of a year: month * 100 + day.
int easter(int year);
// The holidays of people in a time zone, where nobody says which: of the United States' federal
// offices, or else the days on which Europe's banks are closed (TARGET).
Holidays usual_holidays(const std::string& zone);

// The shape of one day by its second, 1 at its highest.
double shape(Curve curve, double second_of_day);
// How much of a month-end a day is, 0 to 1.5 (the end of a year).
double month_end_weight(const Day& day);

}  // namespace rmf
