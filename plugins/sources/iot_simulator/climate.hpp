// The weather of a location: what all its devices share, which is why they agree.
//
// Outdoor temperature is a year, a day and slower fronts; the dew point and the air pressure are
// fronts. All are sums of sinusoids, so that what a slow room or sensor makes of them is exact
// (waves.hpp). Periods are no multiples of each other: the weather does not repeat.
#pragma once

#include <cstdint>

#include "options.hpp"
#include "waves.hpp"

namespace weir::iot {

struct Climate {
  Climate(const LocationOptions& place, std::uint64_t key);

  double latitude_degrees, longitude_degrees;
  Time solar_offset;           // to UTC, for local solar time
  Waves<7> outdoor_celsius;    // year, day, half a day, fronts
  Waves<4> dew_point_celsius;  // year, fronts
  Waves<4> pressure_hpa;       // reduced to sea level
  std::uint64_t cloud_key;

  Time solar_time(Time t) const { return t + solar_offset; }
  // Sine of the sun's height: 0 when it is down.
  double sun(Time t) const;
  // Part of the daylight that the clouds let through.
  double clear_sky(Time t) const { return 0.35 + 0.65 * Course{cloud_key, 2 * kHour}.at(t); }
};

// People at work, of 0 to 1: weekdays from 8 to 18 of solar time, with smooth edges.
double occupied(Time solar_time);

// Saturation vapour pressure over water in hPa (Magnus formula with the constants of the WMO's
// guide no. 8: 6.112 hPa, 17.62, 243.12 C), and the relative humidity that a dew point makes.
double vapour_pressure_hpa(double celsius);
double relative_humidity_percent(double celsius, double dew_point_celsius);

}  // namespace weir::iot
