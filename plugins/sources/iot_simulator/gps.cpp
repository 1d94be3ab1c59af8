// GPS trackers in vehicles that leave home on the hour, from 6 to 20, and come back within it.
//
// Each trip is a loop of a shape of its own, driven with a smooth start and stop: position is a
// function of time, and speed and course are its derivative. The receiver's error wanders by some
// metres, as that of satellites' signals does.
#include "gps.hpp"

#include <cmath>

#include "model.hpp"

namespace weir::iot {

namespace {

constexpr double kMetresPerDegree = 111'195;  // of a sphere of 6371 km
constexpr Time kTrip = kHour;
enum Trait : std::uint64_t { kHome = 1, kErrorEast, kErrorNorth, kErrorUp, kSatellites, kHeight };

}  // namespace

Position position_at(std::uint64_t key, double mean_speed_mps, Time local_time) {
  const Time trip = periods(local_time, kTrip);
  const Time hour = phase_of(trip, 24);
  const std::uint64_t h = sim::mix(key, static_cast<std::uint64_t>(trip));
  const double length = 0.6 + 0.3 * sim::uniform(h);  // of the hour
  double part = (turns(local_time, kTrip) - 0.05) / length;
  if (part < 0 || hour < 6 || hour >= 20) part = 0;
  if (part > 1) part = 1;

  // One lap: from and to home. The second harmonic bends the circle.
  const double bend = 0.2 * (2 * sim::uniform(sim::mix(h, 1)) - 1);
  const double heading = sim::uniform(sim::mix(h, 2));
  const double cos_h = sim::cos_turns(heading), sin_h = sim::sin_turns(heading);
  const double radius = mean_speed_mps * length * seconds(kTrip) / (2 * sim::kPi);
  const double lap = ease(part);
  const double c1 = sim::cos_turns(lap), s1 = sim::sin_turns(lap);
  const double c2 = sim::cos_turns(2 * lap), s2 = sim::sin_turns(2 * lap);
  const double x = radius * ((1 - c1) + bend * s2), y = radius * (s1 + bend * (1 - c2));
  const double dx = radius * (s1 + 2 * bend * c2), dy = radius * (c1 + 2 * bend * s2);
  const double rate = 2 * sim::kPi * ease_slope(part) / (length * seconds(kTrip));

  Position p;
  p.east_m = cos_h * x - sin_h * y;
  p.north_m = sin_h * x + cos_h * y;
  const double east = cos_h * dx - sin_h * dy, north = sin_h * dx + cos_h * dy;
  p.speed_mps = std::sqrt(east * east + north * north) * rate;
  double course = sim::atan2(east, north) * (180 / sim::kPi);
  if (course < 0) course += 360;
  p.course_degrees = course;
  p.up_m = 12 * (1 - c1);
  return p;
}

namespace {

constexpr Channel kChannels[] = {
    {"latitude", "degrees", "North of the equator is positive (WGS 84).", 2e-6, 1e7, -90, 90, 0.01},
    {"longitude", "degrees", "East of Greenwich is positive.", 2e-6, 1e7, -180, 180, 0.01},
    {"altitude", "metres", "Above sea level.", 0.3, 10, -500, 9000, 100},
    {"speed", "metres_per_second", "Speed over ground.", 0.04, 100, 0, 200, 30},
    {"course", "degrees", "Course over ground, clockwise from north.", 0, 10, 0, 359.9, 90},
    {"satellites", "", "Satellites used.", 0, 1, 0, 40, 5},
    {"hdop", "", "Horizontal dilution of precision.", 0.02, 100, 0.5, 50, 5},
};

class GpsModel : public Model {
 public:
  GpsModel() : Model("iot_gps", "GPS trackers.", kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const std::uint64_t key = s.key;
    const Position p = position_at(key, *s.fleet.options.mean_speed_mps, s.climate.solar_time(t));
    const auto error = [&](Trait which, double metres) {
      return metres * sim::noise(sim::mix(key, which), t, 3 * kMinute);
    };
    // Homes lie within 20 km of the location.
    const double home_east = trait(key, kHome, -20e3, 20e3);
    const double home_north = trait(sim::mix(key), kHome, -20e3, 20e3);
    const double latitude = s.climate.latitude_degrees +
                            (home_north + p.north_m + error(kErrorNorth, 1.5)) / kMetresPerDegree;
    const double metres_per_degree_east =
        kMetresPerDegree * sim::cos(s.climate.latitude_degrees * sim::kPi / 180);
    double longitude = s.climate.longitude_degrees +
                       (home_east + p.east_m + error(kErrorEast, 1.5)) / metres_per_degree_east;
    if (longitude >= 180) longitude -= 360;
    if (longitude < -180) longitude += 360;
    const double sky = sim::noise(sim::mix(key, kSatellites), t, 5 * kMinute);
    out[0] = latitude;
    out[1] = longitude;
    out[2] = trait(key, kHeight, 80, 300) + p.up_m + error(kErrorUp, 3);
    out[3] = p.speed_mps;
    out[4] = p.course_degrees;
    out[5] = 10 + 1.5 * sky;
    out[6] = 1.1 - 0.15 * sky;
  }
};

}  // namespace

std::unique_ptr<Model> make_gps_model() { return std::make_unique<GpsModel>(); }

}  // namespace weir::iot
