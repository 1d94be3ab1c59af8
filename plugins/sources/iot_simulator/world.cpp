#include "world.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "device_ids.hpp"
#include "faults.hpp"
#include "model.hpp"
#include "option_checks.hpp"
#include "weir/payload/rfc3339.hpp"

namespace weir::iot {

namespace {

constexpr std::uint64_t kRowsPerSecondMax = 1'000'000;  // what a core can make

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

Time default_battery_life(Kind kind) {
  switch (kind) {
    case Kind::environment: return 730 * kDay;
    case Kind::gps: return 5 * kDay;
    case Kind::imu: return kDay;
    default: return 0;
  }
}

// What the options' help says where nothing is written.
FleetOptions resolved(FleetOptions o) {
  if (!o.placement) o.placement = Placement::indoor;
  if (!o.lag) o.lag = std::chrono::minutes(5);
  if (!o.motion) o.motion = Motion::still;
  if (!o.rate_hz) o.rate_hz = 200;
  if (!o.machine_class) o.machine_class = MachineClass::ii;
  if (!o.wear) o.wear = std::chrono::hours(60 * 24);
  if (!o.mean_power_watts) o.mean_power_watts = 450;
  if (!o.mean_speed_mps) o.mean_speed_mps = 9;
  if (!o.battery_life) o.battery_life = Duration(default_battery_life(o.kind));
  return o;
}

// Of a device that has a pace of its own, not the agent's interval.
double rows_per_second(const FleetOptions& o) {
  if (o.kind == Kind::imu) return *o.rate_hz;
  return o.every ? 1 / seconds(o.every->count()) : 0;
}

class Builder {
 public:
  Builder(const World& options, std::uint64_t seed, const Report& report, bool complete)
      : options_(options),
        seed_(seed),
        report_(report),
        fleets_known_(complete),
        devices_known_(complete) {}

  Simulated build() {
    if (options_.devices.size() > kFleetsMax) {
      report_("devices", "has " + std::to_string(options_.devices.size()) + " fleets; at most " +
                             std::to_string(kFleetsMax) + ": use count for devices that are alike");
      return {};
    }
    if (options_.locations.size() > kLocationsMax) {
      report_("locations", "at most " + std::to_string(kLocationsMax) + " locations");
    }
    std::uint64_t count = 0;
    for (const auto& [name, fleet] : options_.devices) count += fleet.count;
    if (count > kDevicesMax) {
      report_("devices", "has " + std::to_string(count) + " devices; at most " +
                             std::to_string(kDevicesMax) + " in one component");
      return {};
    }
    world_.keys.reserve(count);
    for (const FaultOptions& f : options_.faults) {
      if (!f.device.empty()) wanted_.try_emplace(f.device, kNowhere);
    }
    for (const auto& [name, fleet] : options_.devices) add_fleet(name, fleet);
    if (world_.climates.size() > kLocationsMax) {
      report_("devices", "name " + std::to_string(world_.climates.size()) + " locations; at most " +
                             std::to_string(kLocationsMax));
    }
    refuse_same_ids();
    refuse_endless_work();
    if (options_.faults.size() > kFaultsMax) {
      report_("faults", "at most " + std::to_string(kFaultsMax) + " faults; use per_day for many");
    } else {
      for (std::size_t i = 0; i < options_.faults.size(); ++i) add_fault(i, options_.faults[i]);
    }
    check_clocks();
    return std::move(world_);
  }

 private:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // fleet, device
  static constexpr Place kNowhere{UINT32_MAX, 0};

  void add_fleet(const std::string& name, const FleetOptions& options) {
    if (!check_fleet("devices." + name, name, options, report_)) {
      devices_known_ = false;
      return;
    }
    Fleet fleet;
    fleet.name = name;
    fleet.options = resolved(options);
    fleet.battery_life = fleet.options.battery_life->count();
    fleet.first_key = world_.keys.size();
    for (const std::string& location : options.locations)
      fleet.locations.push_back(place(location));
    if (fleet.locations.empty()) fleet.locations.push_back(place(""));
    const auto index = static_cast<std::uint32_t>(world_.fleets.size());
    for (std::uint32_t n = 0; n < options.count; ++n) {
      const std::string id = device_id(fleet, n);
      world_.keys.push_back(sim::mix(seed_, fnv1a(id)));
      if (!wanted_.empty()) {
        if (const auto found = wanted_.find(id); found != wanted_.end()) found->second = {index, n};
      }
    }
    world_.fleets.push_back(std::move(fleet));
  }

  std::uint32_t place(const std::string& name) {
    const auto next = static_cast<std::uint32_t>(world_.climates.size());
    const auto [found, is_new] = places_.try_emplace(name, next);
    if (is_new) {
      LocationOptions where;
      if (const auto told = options_.locations.find(name); told != options_.locations.end()) {
        where = told->second;
      }
      world_.location_names.push_back(name);
      world_.climates.emplace_back(where, sim::mix(seed_, fnv1a(name), 0x636C696D617465u));
    }
    return found->second;
  }

  void refuse_same_ids() {
    std::vector<std::uint64_t> sorted = world_.keys;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice == sorted.end()) return;
    for (const Fleet& fleet : world_.fleets) {
      for (std::uint32_t n = 0; n < fleet.options.count; ++n) {
        if (world_.keys[fleet.first_key + n] != *twice) continue;
        report_("devices." + fleet.name, "the device '" + device_id(fleet, n) +
                                             "' exists twice: change the pattern of an 'id'");
      }
    }
  }

  // A collection's work is bounded by its interval, whatever that is.
  void refuse_endless_work() {
    double rows = 0;
    for (const Fleet& fleet : world_.fleets) {
      const double more = rows_per_second(fleet.options) * fleet.options.count;
      rows += more;
      if (more == 0 || rows <= static_cast<double>(kRowsPerSecondMax)) continue;
      report_("devices." + fleet.name,
              "with this fleet the devices make more than " + std::to_string(kRowsPerSecondMax) +
                  " rows a second: lower 'count' or 'rate', or write a longer 'every'");
      return;
    }
  }

  void add_fault(std::size_t number, const FaultOptions& options) {
    const std::string path = "faults[" + std::to_string(number) + "]";
    const bool is_good = check_fault(path, options, report_);
    Fault fault;
    fault.kind = options.kind;
    fault.duration = options.duration.count();
    fault.magnitude = options.magnitude;
    fault.key = sim::mix(number, 0x6661756C74u);
    if (!options.begin.empty()) fault.begin = payload::parse_rfc3339(options.begin);
    if (options.per_day > 0) {
      fault.slot = std::clamp(static_cast<Time>(static_cast<double>(kDay) / options.per_day / 2),
                              2 * fault.duration, std::max(30 * kDay, 2 * fault.duration));
      fault.chance = options.per_day * static_cast<double>(fault.slot) / static_cast<double>(kDay);
    }
    const bool fleet_found = options.fleet.empty() || options_.devices.contains(options.fleet);
    if (!fleet_found && fleets_known_) {
      report_(path + ".fleet", "there is no fleet '" + options.fleet + "'");
    }
    Place only = kNowhere;
    if (!options.device.empty()) {
      only = wanted_.at(options.device);
      if (only == kNowhere) {
        if (devices_known_)
          report_(path + ".device", "there is no device '" + options.device + "'");
        return;
      }
    }
    bool any = false;
    for (std::uint32_t i = 0; i < world_.fleets.size(); ++i) {
      Fleet& fleet = world_.fleets[i];
      if (!options.fleet.empty() && options.fleet != fleet.name) continue;
      if (!options.device.empty() && only.first != i) continue;
      fault.field = -1;
      if (!options.field.empty()) {
        fault.field = field_of(fleet.options.kind, options.field);
        if (fault.field < 0) continue;
      }
      if (!options.device.empty()) fault.device = only.second;
      if (is_good) fleet.faults.push_back(fault);
      any = true;
    }
    if (fleet_found && !any && devices_known_) {
      report_(path + (options.field.empty() ? ".device" : ".field"),
              "no device that is meant has that field, or is of that fleet");
    }
  }

  static int field_of(Kind kind, const std::string& name) {
    const auto channels = channels_of(kind);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (channels[i].name == name && channels[i].metric == WEIR_GAUGE) return static_cast<int>(i);
    }
    return -1;
  }

  // A device's clock must never stand still or go back, or a series had two rows at one time.
  void check_clocks() {
    for (const Fleet& fleet : world_.fleets) {
      double slope = 0;
      for (const Fault& f : fleet.faults) {
        if (f.kind == FaultKind::clock_skew) slope += clock_skew_slope(f);
      }
      if (slope > 0.5) {
        report_("faults", "clock_skew changes the clocks of fleet '" + fleet.name +
                              "' faster than half of time's own pace: lengthen 'duration', or "
                              "lower 'magnitude'");
      }
    }
  }

  const World& options_;
  std::uint64_t seed_;
  const Report& report_;
  // Whether a fleet or a device that is not here does not exist.
  const bool fleets_known_;
  bool devices_known_;
  Simulated world_;
  std::map<std::string, std::uint32_t> places_;
  std::unordered_map<std::string, Place> wanted_;  // devices that faults name
};

}  // namespace

Sampling Fleet::sampling(std::uint64_t device_key, Time interval, Time to) const {
  if (options.kind == Kind::imu) return {kSecond / *options.rate_hz, 0};
  if (!options.every) return {interval, phase_of(to, interval)};
  const Time every = options.every->count();
  constexpr std::uint64_t kPhase = 0x7068617365u;
  return {every, static_cast<Time>(sim::uniform(sim::mix(device_key, kPhase)) *
                                   static_cast<double>(every))};
}

std::string device_id(const Fleet& fleet, std::uint32_t device) {
  return expand_id(id_pattern_of(fleet.options), fleet.name,
                   std::uint64_t{fleet.options.first} + device)
      .value_or("");
}

std::string_view in_turn(const std::vector<std::string>& list, std::uint32_t device) {
  return list.empty() ? std::string_view{} : std::string_view(list[device % list.size()]);
}

Simulated build_world(const World& options, std::uint64_t seed, const Report& report,
                      bool complete) {
  return Builder(options, seed, report, complete).build();
}

}  // namespace weir::iot
