// GPS trackers in vans that drive from home on round trips, mostly on weekdays from 6 to 20.
//
// Each van divides time into slots of a length and a phase of its own, and has at most one trip in
// each: whether, when and how long is drawn from the slot's number. A trip is a loop of a shape of
// its own, driven in legs that end at a crossing or a stop: position is a function of time, and
// speed and course are its derivative. The receiver's error wanders by some metres, as that of
// satellites' signals does, and on some trips it hears no satellite for a while.
#include "gps.hpp"

#include <algorithm>
#include <cmath>

#include "model.hpp"

namespace weir::iot {

namespace {

constexpr double kMetresPerDegree = 111'195;         // of a sphere of 6371 km
constexpr Time kLeg = 2 * kMinute;                   // about, of what lies between two crossings
constexpr double kStopChance = 0.5;                  // of waiting at the end of a leg
constexpr double kStopLow = 0.05, kStopHigh = 0.30;  // how long, as a part of the leg
constexpr double kDrivingPart = 1 - kStopChance * (kStopLow + kStopHigh) / 2;  // in the mean
constexpr double kRamp = 0.15;          // speeding up, and slowing down, as parts of a leg's drive
constexpr double kTraffic = 0.24;       // how much the speed in between varies, of a leg's mean
constexpr double kTunnelChance = 0.15;  // of a trip

enum Trait : std::uint64_t {
  kHome = 1,
  kErrorEast,
  kErrorNorth,
  kErrorUp,
  kSatellites,
  kHeight,
  kSlot,
  kSlotPhase
};

// How likely a van is to have a trip in a slot that begins then.
double trip_chance(Time local_time) {
  const Time weekday = phase_of(periods(local_time, kDay) + 3, 7);  // 1970-01-01: a Thursday
  const double most = weekday < 5 ? 0.9 : weekday == 5 ? 0.45 : 0.15;
  const double hour = 24.0 * turns(local_time, kDay);
  return most * ease(std::clamp((hour - 5) / 2, 0.0, 1.0)) *
         (1 - ease(std::clamp((hour - 17) / 2.5, 0.0, 1.0)));
}

struct Trip {
  std::uint64_t key = 0;
  double elapsed = -1, length = 0;  // seconds
  bool is_on() const { return elapsed > 0 && elapsed < length; }
};

// The trip of the slot at that time, if it has one.
Trip trip_at(std::uint64_t key, Time local_time) {
  const Time slot = static_cast<Time>(trait(key, kSlot, 65, 105) * 60) * kSecond;
  const Time phase = static_cast<Time>(trait(key, kSlotPhase, 0, 1) * static_cast<double>(slot));
  const Time shifted = local_time + phase;
  const Time number = periods(shifted, slot);
  const Time since = shifted - number * slot;
  Trip trip;
  trip.key = sim::mix(key, kSlot, static_cast<std::uint64_t>(number));
  if (sim::uniform(trip.key) >= trip_chance(local_time - since)) return trip;
  const double part = trait(trip.key, 1, 0.3, 0.9);
  trip.length = part * seconds(slot);
  trip.elapsed = seconds(since) - trait(trip.key, 2, 0, 1 - part) * seconds(slot);
  return trip;
}

// How much of its way a trip has behind it, and the derivative per second.
struct Progress {
  double way = 0, rate = 0;
};

// Time and way of the legs' ends are those of an even drive, moved at random, so that each leg has
// a speed of its own and any leg is found without the ones before.
Progress progress_of(const Trip& trip) {
  const std::int64_t count = sim::floor_int(trip.length / seconds(kLeg)) + 1;
  const auto total = static_cast<double>(count);
  const double mean = trip.length / total;  // of a leg
  const auto moved = [&](std::int64_t k, std::uint64_t what) {
    if (k <= 0 || k >= count) return static_cast<double>(k);
    return static_cast<double>(k) +
           trait(sim::mix(trip.key, what), static_cast<std::uint64_t>(k), -0.1, 0.1);
  };
  const double now = trip.elapsed / mean;
  std::int64_t k = sim::floor_int(now);
  if (now < moved(k, 3)) --k;
  if (k + 1 < count && now >= moved(k + 1, 3)) ++k;
  const double begin = moved(k, 3), leg = moved(k + 1, 3) - begin;
  const double from = moved(k, 4), way = moved(k + 1, 4) - from;
  const std::uint64_t h = sim::mix(trip.key, 5, static_cast<std::uint64_t>(k));
  // The last leg ends at home.
  const bool stops = k + 1 < count && sim::uniform(h) < kStopChance;
  const double drive = leg * (1 - (stops ? trait(h, 1, kStopLow, kStopHigh) : 0));
  const double x = (now - begin) / drive;
  if (x >= 1) return {(from + way) / total, 0};
  // Speed: a trapezoid of area 1, and waves of traffic that are 0 at both ends and add nothing to
  // the way. Their steepest rise is less than the ramp's: it never drives backwards.
  constexpr double kCruise = 1 / (1 - kRamp);
  const double near = std::min(x, 1 - x);  // to an end
  const double ramp = std::min(near / kRamp, 1.0);
  double done = near < kRamp ? kCruise * near * near / (2 * kRamp) : kCruise * (near - kRamp / 2);
  if (x > 0.5) done = 1 - done;
  const double sign = (h & 1) != 0 ? kTraffic : -kTraffic;
  constexpr double kWaves = 3;
  done += sign / (2 * sim::kPi * kWaves) * (1 - sim::cos_turns(kWaves * x));
  const double speed = kCruise * ramp + sign * sim::sin_turns(kWaves * x);
  return {(from + way * done) / total, way * speed / (drive * mean * total)};
}

}  // namespace

Position position_at(std::uint64_t key, double mean_speed_mps, Time local_time) {
  Position p;
  const Trip trip = trip_at(key, local_time);
  if (!trip.is_on()) return p;
  p.is_away = true;
  const std::uint64_t h = trip.key;
  if (trait(h, 6, 0, 1) < kTunnelChance) {
    const double into = trip.elapsed - trait(h, 7, 0.1, 0.8) * trip.length;
    p.has_sky = into < 0 || into > trait(h, 8, 20, 120);
  }

  // One lap: from and to home. The second harmonic bends the circle.
  const double bend = trait(h, 9, -0.12, 0.12);
  const double heading = trait(h, 10, 0, 1);
  const double cos_h = sim::cos_turns(heading), sin_h = sim::sin_turns(heading);
  const double radius = mean_speed_mps * trip.length * kDrivingPart / (2 * sim::kPi);
  const Progress progress = progress_of(trip);
  const double lap = progress.way;
  const double c1 = sim::cos_turns(lap), s1 = sim::sin_turns(lap);
  const double c2 = sim::cos_turns(2 * lap), s2 = sim::sin_turns(2 * lap);
  const double x = radius * ((1 - c1) + bend * s2), y = radius * (s1 + bend * (1 - c2));
  const double dx = radius * (s1 + 2 * bend * c2), dy = radius * (c1 + 2 * bend * s2);

  p.east_m = cos_h * x - sin_h * y;
  p.north_m = sin_h * x + cos_h * y;
  const double east = cos_h * dx - sin_h * dy, north = sin_h * dx + cos_h * dy;
  p.speed_mps = std::sqrt(east * east + north * north) * 2 * sim::kPi * progress.rate;
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
    {"hdop", "", "Horizontal dilution of precision.", 0.02, 100, 0.5, 99.99, 5},
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
    out[5] = std::max(4.0, 10 + 1.5 * sky);  // as many as a fix needs
    out[6] = 1.1 - 0.15 * sky;
    if (p.has_sky) return;
    // What receivers say without a fix (NMEA 0183, sentence GGA): no position, an HDOP of 99.99.
    for (std::size_t i = 0; i < 5; ++i) out[i] = kAbsent;
    out[5] = 0;
    out[6] = 1000;  // beyond the range, whose end says it
  }
};

}  // namespace

std::unique_ptr<Model> make_gps_model() { return std::make_unique<GpsModel>(); }

}  // namespace weir::iot
