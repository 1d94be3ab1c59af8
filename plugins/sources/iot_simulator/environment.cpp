// Environmental sensors: temperature, humidity, light, pressure.
//
// The sensor follows the air by a first-order lag; the air of a room follows the weather outside by
// another. Humidity is what the dew point makes of the temperature, so that it falls when the room
// warms up. Devices of one location differ by their place in it and by their calibration.
#include <algorithm>
#include <vector>

#include "model.hpp"

namespace weir::iot {

namespace {

constexpr Channel kChannels[] = {
    {"temperature", "celsius", "Air temperature.", 0.03, 100, -40, 85, 5},
    {"humidity", "percent", "Relative humidity.", 0.15, 100, 0, 100, 20},
    {"light", "lux", "Illuminance.", 0.8, 1, 0, 120'000, 400},
    {"pressure", "hectopascals", "Air pressure.", 0.04, 100, 300, 1100, 10},
};
enum Trait : std::uint64_t {
  kPlace = 1,
  kCalibration,
  kDew,
  kWindow,
  kBarometer,
  kDraught,
  kAging
};

constexpr Time kBuildingLag = 5 * kHour;

class EnvironmentModel : public Model {
 public:
  EnvironmentModel()
      : Model("iot_environment", "Environmental sensors: temperature, humidity, light, pressure.",
              kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const Shared& shared = shared_at(s, t);
    const std::uint64_t key = s.key;
    const bool outdoors = *s.fleet.options.placement == Placement::outdoor;
    const double draught = outdoors ? 0.3 : 0.2;  // what moves this corner's air alone
    const double air = shared.air_celsius + trait(key, kPlace, -1, 1) * (outdoors ? 0.4 : 1.0) +
                       draught * sim::noise(sim::mix(key, kDraught), t, 30 * kMinute);
    const double dew = std::min(air, shared.dew_celsius + trait(key, kDew, -0.3, 0.3));
    const double aging = 0.05 * sim::noise(sim::mix(key, kAging), t, 20 * kDay);
    out[0] = air + trait(key, kCalibration, -0.2, 0.2) + aging;
    out[1] = relative_humidity_percent(air, dew);
    out[2] =
        shared.daylight_lux * (outdoors ? 1 : trait(key, kWindow, 0.2, 0.6)) + shared.lamps_lux;
    out[3] = shared.pressure_hpa + trait(key, kBarometer, -0.5, 0.5);
  }

 private:
  // What the devices of one fleet at one location share at one time.
  struct Shared {
    const Fleet* fleet = nullptr;
    Waves<7> air;  // as the sensor shows it
    Waves<4> dew;
    Time time = INT64_MIN;
    double air_celsius = 0, dew_celsius = 0, daylight_lux = 0, lamps_lux = 0, pressure_hpa = 0;
  };

  const Shared& shared_at(const Subject& s, Time t) {
    if (fleet_ != &s.fleet) {  // devices come fleet by fleet
      fleet_ = &s.fleet;
      shared_.assign(s.fleet.locations.size(), {});
    }
    Shared& shared = shared_[s.location];
    if (shared.fleet == nullptr) prepare(s, shared);
    if (shared.time != t) update(s, t, shared);
    return shared;
  }

  static void prepare(const Subject& s, Shared& shared) {
    shared.fleet = &s.fleet;
    const Time lag = s.fleet.options.lag->count();
    switch (*s.fleet.options.placement) {
      case Placement::outdoor:
        shared.air = s.climate.outdoor_celsius.behind(lag);
        shared.dew = s.climate.dew_point_celsius;
        break;
      case Placement::indoor:
        shared.air = scaled(s.climate.outdoor_celsius.behind(kBuildingLag).behind(lag), 22.5, 0.18);
        shared.dew = scaled(s.climate.dew_point_celsius.behind(kBuildingLag), 10.3, 0.15);
        break;
      case Placement::cold_room:
        shared.air.mean = 4.0;  // a compressor switches; its lag is the sensor's
        shared.air.waves[0] = Wave{25 * kMinute, 0.9, 0}.behind(lag);
        shared.dew.mean = 0.5;
        break;
    }
  }
  template <std::size_t N>
  static Waves<N> scaled(Waves<N> waves, double mean, double gain) {
    waves.mean = mean;
    for (Wave& w : waves.waves) w.amplitude *= gain;
    return waves;
  }

  static void update(const Subject& s, Time t, Shared& shared) {
    shared.time = t;
    shared.air_celsius = shared.air.at(t);
    shared.dew_celsius = shared.dew.at(t);
    shared.pressure_hpa = s.climate.pressure_hpa.at(t);
    const double daylight = s.climate.sun(t) * s.climate.clear_sky(t);
    const double people = occupied(s.climate.solar_time(t));
    switch (*s.fleet.options.placement) {
      case Placement::outdoor: shared.daylight_lux = 95'000 * daylight; break;
      case Placement::indoor:
        shared.daylight_lux = 950 * daylight;
        shared.lamps_lux = 330 * people;
        shared.dew_celsius += 0.7 * people;  // they breathe
        break;
      case Placement::cold_room: shared.lamps_lux = 8 * people; break;
    }
  }

  const Fleet* fleet_ = nullptr;
  std::vector<Shared> shared_;
};

}  // namespace

std::unique_ptr<Model> make_environment_model() { return std::make_unique<EnvironmentModel>(); }

}  // namespace weir::iot
