#include "status.hpp"

namespace weir::iot {

namespace {

enum Trait : std::uint64_t {
  kBatteryPhase = 101,
  kLoss,
  kDistance,
  kFading,
  kLatency,
  kClockRate,
  kClockPhase,
  kUptime,
  kUptimePhase
};

constexpr double kChargingPart = 0.04;  // of a battery's life

Time part_of(Time whole, double part) {
  return static_cast<Time>(static_cast<double>(whole) * part);
}

}  // namespace

Battery battery_at(const Fleet& fleet, std::uint64_t key, Time t) {
  const Time life = fleet.battery_life;
  const double part = turns(t + part_of(life, trait(key, kBatteryPhase, 0, 1)), life);
  const double used =
      part < 1 - kChargingPart ? part / (1 - kChargingPart) : (1 - part) / kChargingPart;
  const double level = 1 - 0.97 * used;
  // The curve of a lithium cell: steep when full, flat, steep when empty.
  const double full = level * level * level * level;
  const double gone = 1 - level;
  const double empty = gone * gone * gone * gone * gone * gone;
  const double volts = 3.5 + 0.3 * level + 0.38 * full - 0.45 * empty;
  return {static_cast<double>(sim::floor_int(100 * level + 0.5)),
          static_cast<double>(sim::floor_int(100 * volts + 0.5)) / 100};
}

bool is_lost(const Fleet& fleet, std::uint64_t key, std::uint64_t message) {
  const double loss = fleet.options.loss;
  return loss > 0 && sim::uniform(sim::mix(key, kLoss, message)) < loss;
}

double rssi_dbm(std::uint64_t key, Time t) {
  const double dbm =
      trait(key, kDistance, -88, -52) + 3 * sim::noise(sim::mix(key, kFading), t, 10 * kMinute);
  return static_cast<double>(sim::floor_int(dbm + 0.5));
}

double latency_seconds(const Fleet& fleet, std::uint64_t key, Time t) {
  const std::uint64_t h = sim::mix(key, kLatency, static_cast<std::uint64_t>(t));
  // Some messages are sent again.
  const double again = sim::uniform(h) < 0.05 ? 3.0 * sim::uniform(sim::mix(h, 1)) : 0.0;
  const double s =
      seconds(fleet.options.latency.count()) * (0.7 + 0.5 * sim::uniform(sim::mix(h, 2)) + again);
  return static_cast<double>(sim::floor_int(s * 1e6 + 0.5)) / 1e6;
}

Time clock_offset(const Fleet& fleet, std::uint64_t key, Time t) {
  const double ppm = fleet.options.clock_ppm;
  if (ppm <= 0) return 0;
  const double part = turns(t + part_of(kDay, trait(key, kClockPhase, 0, 1)), kDay);
  const double away = part < 0.5 ? part : 1 - part;
  return static_cast<Time>(trait(key, kClockRate, -ppm, ppm) * 1e-6 * away *
                           static_cast<double>(kDay));
}

Time boot_time(std::uint64_t key, Time t) {
  const Time life = part_of(kDay, trait(key, kUptime, 20, 60));
  return t - phase_of(t + part_of(life, trait(key, kUptimePhase, 0, 1)), life);
}

}  // namespace weir::iot
