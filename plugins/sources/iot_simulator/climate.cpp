#include "climate.hpp"

#include <algorithm>

namespace weir::iot {

namespace {

Wave front(std::uint64_t key, std::uint64_t n, double hours, double amplitude) {
  const std::uint64_t h = sim::mix(key, n);
  // Periods differ by some percent from place to place.
  const double stretched = hours * (0.9 + 0.2 * sim::uniform(sim::mix(h, 1)));
  return {static_cast<Time>(stretched * 3600.0) * kSecond, amplitude, sim::uniform(sim::mix(h, 2))};
}

constexpr Time kYear = 8766 * kHour;
constexpr Time kEpochToJanuary21 = 20 * kDay;  // the coldest day of the north

}  // namespace

Climate::Climate(const LocationOptions& place, std::uint64_t key)
    : latitude_degrees(place.latitude_degrees),
      longitude_degrees(place.longitude_degrees),
      solar_offset(static_cast<Time>(place.longitude_degrees * 240.0) * kSecond),
      cloud_key(sim::mix(key, 100)) {
  const double north = latitude_degrees < 0 ? -1.0 : 1.0;
  const double distance = std::min(1.0, latitude_degrees * north / 60.0);  // from the equator
  // -cos of the year since its coldest day: sin with a quarter turn less.
  const double year_offset = -0.25 - seconds(kEpochToJanuary21) / seconds(kYear);
  const double day_offset = seconds(solar_offset) / seconds(kDay);
  outdoor_celsius.mean = 26.0 - 17.0 * distance;
  outdoor_celsius.waves = {
      Wave{kYear, north * 9.0 * distance, year_offset},
      Wave{kDay, 4.5, day_offset - 0.375},        // warmest at 15 h
      Wave{kDay / 2, 0.6, 2 * day_offset - 0.4},  // mornings rise faster than evenings fall
      front(key, 1, 71, 1.6),
      front(key, 2, 127, 2.2),
      front(key, 3, 233, 1.9),
      front(key, 4, 19, 0.5)};
  dew_point_celsius.mean = outdoor_celsius.mean - 5.5;
  dew_point_celsius.waves = {Wave{kYear, north * 6.5 * distance, year_offset},
                             front(key, 5, 83, 1.2), front(key, 6, 149, 1.4),
                             front(key, 7, 29, 0.5)};
  pressure_hpa.mean = 1014;
  pressure_hpa.waves = {front(key, 8, 97, 6.0), front(key, 9, 211, 8.0), front(key, 10, 37, 2.0),
                        Wave{kDay / 2, 0.6, 2 * day_offset - 0.58}};  // the tide of the air, 10 h
}

double Climate::sun(Time t) const {
  const double declination =
      -0.4093 * sim::cos_turns(turns(t - kEpochToJanuary21 + 30 * kDay, kYear));
  const double latitude = latitude_degrees * sim::kPi / 180.0;
  const double height =
      sim::sin(latitude) * sim::sin(declination) -
      sim::cos(latitude) * sim::cos(declination) * sim::cos_turns(turns(solar_time(t), kDay));
  return std::max(0.0, height);
}

double occupied(Time solar_time) {
  const Time weekday = phase_of(periods(solar_time, kDay) + 3, 7);  // 1970-01-01: a Thursday
  if (weekday >= 5) return 0;
  const double hour = 24.0 * turns(solar_time, kDay);
  return ease(std::clamp(hour - 7.5, 0.0, 1.0)) * (1 - ease(std::clamp(hour - 17.5, 0.0, 1.0)));
}

double vapour_pressure_hpa(double celsius) {
  return 6.112 * sim::exp(17.62 * celsius / (243.12 + celsius));
}

double relative_humidity_percent(double celsius, double dew_point_celsius) {
  return 100.0 * sim::exp(17.62 * dew_point_celsius / (243.12 + dew_point_celsius) -
                          17.62 * celsius / (243.12 + celsius));
}

}  // namespace weir::iot
