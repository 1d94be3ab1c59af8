// Energy meters: voltage, current, power, power factor, frequency, and the counter of energy.
//
// The counter is the integral of the power exactly, at any time and without having counted: the
// load is made of parts whose integral is known. In parts of the mean power: a base, a wave of the
// day, two courses that wander, a motor that runs once a cycle, and an evening.
#include "energy.hpp"

#include <cmath>

#include "model.hpp"

namespace weir::iot {

namespace {

constexpr double kBase = 0.35, kWave = 0.12, kCourse = 0.05, kMotor = 0.35, kEvening = 0.30;
constexpr Time kCycle = 40 * kMinute;
constexpr double kDaySeconds = 86'400;

// The motor's run within its cycle, as parts of it.
struct Run {
  double begin, length;
};
Run run_of(std::uint64_t key, Time cycle) {
  const std::uint64_t h = sim::mix(key, static_cast<std::uint64_t>(cycle));
  const double length = 0.3 + 0.3 * sim::uniform(h);
  return {sim::uniform(sim::mix(h)) * (1 - length), length};
}
double part_of(double x, double begin, double length) {
  const double part = (x - begin) / length;
  return part < 0 ? 0 : part > 1 ? 1 : part;
}

}  // namespace

Load load_at(std::uint64_t key, double mean_watts, Time local_time) {
  const double t = seconds(local_time);
  Load load;
  load.watts = kBase;
  load.joules = kBase * t;

  const Wave day{kDay, kWave, -0.35};  // strongest in the afternoon
  load.watts += day.at(local_time);
  const double omega = 2 * sim::kPi / kDaySeconds;
  load.joules -= kWave / omega * sim::cos_turns(turns(local_time, kDay) + day.offset_turns);

  for (const Time period : {kHour, kDay}) {
    const Course course{sim::mix(key, static_cast<std::uint64_t>(period)), period};
    const double joules = kCourse * seconds(period);
    load.watts += joules * course.slope(local_time);
    load.joules += joules * course.at(local_time);
  }

  const Time cycle = periods(local_time, kCycle);
  const Run run = run_of(key, cycle);
  const double part = part_of(turns(local_time, kCycle), run.begin, run.length);
  load.joules += kMotor * seconds(kCycle) * (static_cast<double>(cycle) + part);
  load.motor_watts = part > 0 && part < 1 ? kMotor / run.length : 0;
  load.watts += load.motor_watts;

  const double evening = part_of(turns(local_time, kDay), 17.0 / 24, 5.0 / 24);
  load.watts += kEvening * ease_slope(evening) * 24.0 / 5;
  load.joules +=
      kEvening * kDaySeconds * (static_cast<double>(periods(local_time, kDay)) + ease(evening));

  load.watts *= mean_watts;
  load.joules *= mean_watts;
  load.motor_watts *= mean_watts;
  return load;
}

namespace {

constexpr Channel kChannels[] = {
    {"voltage", "volts", "Mains voltage.", 0.05, 10, 0, 500, 40},
    {"current", "amperes", "Current.", 0.002, 1000, 0, 10'000, 10},
    {"power", "watts", "Active power.", 0.2, 10, -1e7, 1e7, 1000},
    {"reactive_power", "volt_amperes_reactive", "Reactive power.", 0.2, 10, -1e7, 1e7, 500},
    {"apparent_power", "volt_amperes", "Apparent power.", 0.2, 10, 0, 1e7, 1000},
    {"power_factor", "ratio", "Active over apparent power.", 0, 1000, 0, 1, 0.3},
    {"frequency", "hertz", "Mains frequency.", 0.001, 1000, 40, 70, 1},
    {"energy", "joules", "Active energy since the meter was installed.", 0, 1.0 / 3600, 0, 1e15, 0,
     WEIR_COUNTER, "iot_energy_joules_total"},
};
enum Trait : std::uint64_t { kGrid = 1, kFrequency, kInstalled };

// Meters are changed when their calibration ends.
constexpr Time kServiceLife = 8 * 8766 * kHour;
constexpr double kMotorPowerFactor = 0.78;

class EnergyModel : public Model {
 public:
  EnergyModel() : Model("iot_energy", "Energy meters.", kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const double mean = *s.fleet.options.mean_power_watts;
    const Time local = s.climate.solar_time(t);
    const Load load = load_at(s.key, mean, local);
    // The grid is the location's; a strong load lowers its own voltage a little.
    const std::uint64_t grid = sim::mix(s.climate.cloud_key, kGrid);
    const double volts = 231 + 1.5 * sim::noise(grid, t, 7 * kMinute) +
                         1.2 * sim::sin_turns(turns(local, kDay) + 0.1) - 0.8 * load.watts / mean;
    const double resistive = load.watts - load.motor_watts;
    const double reactive =
        load.motor_watts * std::sqrt(1 / (kMotorPowerFactor * kMotorPowerFactor) - 1) +
        0.15 * resistive;
    const double apparent = std::sqrt(load.watts * load.watts + reactive * reactive);
    out[0] = volts;
    out[1] = apparent / volts;
    out[2] = load.watts;
    out[3] = reactive;
    out[4] = apparent;
    out[5] = load.watts / apparent;
    out[6] = 50 + 0.015 * sim::noise(kFrequency, t, 20 * kSecond);  // one grid for all
    const Time phase =
        static_cast<Time>(trait(s.key, kInstalled, 0, 1) * static_cast<double>(kServiceLife));
    const Time installed = t - phase_of(t + phase, kServiceLife);
    out[7] = load.joules - load_at(s.key, mean, s.climate.solar_time(installed)).joules;
  }
};

}  // namespace

std::unique_ptr<Model> make_energy_model() { return std::make_unique<EnergyModel>(); }

}  // namespace weir::iot
