// Vibration sensors on rotating machines: velocity by the zones of ISO 10816-1, and what goes with
// it as bearings wear: acceleration, which grows faster, for the wear is heard at higher
// frequencies, crest factor and temperature.
//
// A machine begins in zone A, wears exponentially, reaches zone D shortly before the end of `wear`,
// and is overhauled.
#include "vibration.hpp"

#include "model.hpp"

namespace weir::iot {

// ISO 10816-1:1995, annex B: upper limits of zones A, B and C in mm/s r.m.s.
VibrationZones vibration_zones(MachineClass machine_class) {
  static constexpr VibrationZones kZones[] = {
      {0.71, 1.8, 4.5}, {1.12, 2.8, 7.1}, {1.8, 4.5, 11.2}, {2.8, 7.1, 18.0}};
  return kZones[static_cast<std::size_t>(machine_class)];
}

namespace {

constexpr Channel kChannels[] = {
    {"velocity_rms", "millimetres_per_second", "Vibration velocity, 10 Hz to 1 kHz.", 0.02, 1000, 0,
     100, 8},
    {"acceleration_rms", "metres_per_second_squared", "Vibration acceleration.", 0.02, 1000, 0, 500,
     10},
    {"crest_factor", "", "Peak over r.m.s. of the acceleration.", 0.03, 100, 1, 30, 6},
    {"temperature", "celsius", "Temperature of the bearing.", 0.1, 10, -40, 150, 25},
    {"speed", "revolutions_per_minute", "Speed of the shaft.", 0.5, 1, 0, 10'000, 400},
};
enum Trait : std::uint64_t { kPhase = 1, kLoad, kAmbient, kNew };

class VibrationModel : public Model {
 public:
  VibrationModel() : Model("iot_vibration", "Vibration sensors on machines.", kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const VibrationZones zones = vibration_zones(*s.fleet.options.machine_class);
    const Time wear_time = s.fleet.options.wear->count();
    const Time phase =
        static_cast<Time>(trait(s.key, kPhase, 0, 1) * static_cast<double>(wear_time));
    const double wear = turns(t + phase, wear_time);
    const double load = 1 + 0.06 * sim::noise(sim::mix(s.key, kLoad), t, 20 * kMinute);
    const double begin = zones.a * trait(s.key, kNew, 0.45, 0.7);
    const double end = zones.c * 1.3;
    const double velocity = begin * sim::exp(wear * sim::log(end / begin)) * load;
    const double rpm = (s.key % 2 == 0 ? 1480 : 2960) - 12 * (load - 1) * 100 / 6;
    // The rotation's frequency gives way to that of the bearings as they wear.
    const double hertz = rpm / 60 * (1 + 3 * wear * wear);
    out[0] = velocity;
    out[1] = 2 * sim::kPi * hertz * velocity * 1e-3;
    out[2] = 1.6 + 0.3 * load + 3.5 * wear * wear;
    out[3] = 38 + trait(s.key, kAmbient, -4, 4) + 10 * (load - 0.9) + 22 * wear * wear +
             2 * sim::sin_turns(turns(s.climate.solar_time(t), kDay) - 0.375);
    out[4] = rpm;
  }
};

}  // namespace

std::unique_ptr<Model> make_vibration_model() { return std::make_unique<VibrationModel>(); }

}  // namespace weir::iot
