#include "world.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "faults.hpp"
#include "model.hpp"
#include "weir/payload/rfc3339.hpp"

namespace weir::iot {

namespace {

constexpr std::size_t kIdBytesMax = 200;
constexpr std::size_t kListItemsMax = 10'000;

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

std::string_view pattern_of(const Fleet& fleet) {
  if (!fleet.options.id.empty()) return fleet.options.id;
  return fleet.options.count == 1 ? "{name}" : "{name}-{n}";
}

// Writes the pattern's text for a number; nothing where a {...} is neither {name}, {n} nor {n:4}.
std::optional<std::string> expand(std::string_view pattern, std::string_view name,
                                  std::uint64_t number) {
  std::string out;
  while (!pattern.empty()) {
    if (pattern[0] != '{') {
      const std::size_t size = std::min(pattern.find('{'), pattern.size());
      out += pattern.substr(0, size);
      pattern.remove_prefix(size);
      continue;
    }
    const std::size_t end = pattern.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = pattern.substr(1, end - 1);
    pattern.remove_prefix(end + 1);
    if (word == "name") {
      out += name;
      continue;
    }
    std::size_t width = 0;
    if (word != "n") {
      if (!word.starts_with("n:")) return std::nullopt;
      const char* const last = word.data() + word.size();
      const auto read = std::from_chars(word.data() + 2, last, width);
      if (read.ec != std::errc() || read.ptr != last || width > 12) return std::nullopt;
    }
    const std::string digits = std::to_string(number);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
  }
  return out;
}

Time default_battery_life(Kind kind) {
  switch (kind) {
    case Kind::environment: return 730 * kDay;
    case Kind::gps: return 5 * kDay;
    case Kind::imu: return kDay;
    default: return 0;
  }
}

class Builder {
 public:
  Builder(const World& options, std::uint64_t seed, const Report& report)
      : options_(options), seed_(seed), report_(report) {}

  Simulated build() {
    if (options_.devices.size() > kFleetsMax) {
      report_("devices", "has " + std::to_string(options_.devices.size()) + " fleets; at most " +
                             std::to_string(kFleetsMax) + ": use count for devices that are alike");
      return {};
    }
    if (options_.locations.size() > kLocationsMax) {
      report_("locations", "at most " + std::to_string(kLocationsMax) + " locations");
    }
    if (options_.faults.size() > kFaultsMax) {
      report_("faults", "at most " + std::to_string(kFaultsMax) + " faults; use per_day for many");
      return {};
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
    for (std::size_t i = 0; i < options_.faults.size(); ++i) add_fault(i, options_.faults[i]);
    check_clocks();
    return std::move(world_);
  }

 private:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // fleet, device
  static constexpr Place kNowhere{UINT32_MAX, 0};

  void add_fleet(const std::string& name, const FleetOptions& options) {
    const std::string path = "devices." + name;
    Fleet fleet;
    fleet.name = name;
    fleet.options = options;
    fleet.battery_life =
        options.battery_life ? options.battery_life->count() : default_battery_life(options.kind);
    fleet.first_key = world_.keys.size();
    const std::string_view pattern = pattern_of(fleet);
    const auto longest = expand(pattern, name, std::uint64_t{options.first} + options.count - 1);
    if (!longest) {
      report_(path + ".id", "a pattern may contain {name}, {n} and {n:4}, no other braces");
      return;
    }
    if (longest->empty() || longest->size() > kIdBytesMax) {
      report_(path + ".id", "an id has 1 to " + std::to_string(kIdBytesMax) + " bytes");
      return;
    }
    if (options.count > 1 && expand(pattern, name, 1) == expand(pattern, name, 2)) {
      report_(path + ".id", "needs {n}, so that each of the " + std::to_string(options.count) +
                                " devices has an id of its own");
      return;
    }
    if (options.every && options.kind == Kind::imu) {
      report_(path + ".every", "an IMU measures at its rate: write 'rate' instead");
    }
    for (const auto* list : {&options.owners, &options.locations, &options.firmware}) {
      if (list->size() > kListItemsMax) {
        report_(path, "a list of owners, locations or firmware has more than 10000 items");
        return;
      }
    }
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

  void add_fault(std::size_t number, const FaultOptions& options) {
    const std::string path = "faults[" + std::to_string(number) + "]";
    Fault fault;
    fault.kind = options.kind;
    fault.duration = options.duration.count();
    fault.magnitude = options.magnitude;
    fault.key = sim::mix(number, 0x6661756C74u);
    if (!options.begin.empty()) {
      fault.begin = payload::parse_rfc3339(options.begin);
      if (!fault.begin) report_(path + ".begin", "is not a time like 2026-11-21T10:00:00Z");
    }
    if (options.begin.empty() == (options.per_day == 0)) {
      report_(path, "needs either 'begin' or 'per_day'");
      return;
    }
    if (options.per_day > 0) {
      const double share =
          options.per_day * static_cast<double>(fault.duration) / static_cast<double>(kDay);
      if (share > 0.5) {
        report_(path + ".per_day",
                "a device would be faulty more than half of the time: lower it, or 'duration'");
        return;
      }
      fault.slot = std::clamp(static_cast<Time>(static_cast<double>(kDay) / options.per_day / 2),
                              2 * fault.duration, std::max(30 * kDay, 2 * fault.duration));
      fault.chance = options.per_day * static_cast<double>(fault.slot) / static_cast<double>(kDay);
    }
    const bool adds = fault.kind == FaultKind::spike || fault.kind == FaultKind::drift ||
                      fault.kind == FaultKind::bias || fault.kind == FaultKind::noise;
    if (options.magnitude && !adds && fault.kind != FaultKind::clock_skew) {
      report_(path + ".magnitude", "says nothing for this kind of fault: leave it out");
    }
    if (!options.field.empty() && !adds && fault.kind != FaultKind::stuck) {
      report_(path + ".field", "says nothing for this kind of fault: leave it out");
    }
    bool any = false;
    Place only = kNowhere;
    if (!options.device.empty()) {
      only = wanted_.at(options.device);
      if (only == kNowhere) {
        report_(path + ".device", "there is no device '" + options.device + "'");
        return;
      }
    }
    bool fleet_found = options.fleet.empty();
    for (std::uint32_t i = 0; i < world_.fleets.size(); ++i) {
      Fleet& fleet = world_.fleets[i];
      if (!options.fleet.empty() && options.fleet != fleet.name) continue;
      fleet_found = true;
      if (!options.device.empty() && only.first != i) continue;
      fault.field = -1;
      if (!options.field.empty()) {
        fault.field = field_of(fleet.options.kind, options.field);
        if (fault.field < 0) continue;
      }
      if (!options.device.empty()) fault.device = only.second;
      fleet.faults.push_back(fault);
      any = true;
    }
    if (!fleet_found) {
      report_(path + ".fleet", "there is no fleet '" + options.fleet + "'");
    } else if (!any) {
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
  Simulated world_;
  std::map<std::string, std::uint32_t> places_;
  std::unordered_map<std::string, Place> wanted_;  // devices that faults name
};

}  // namespace

Sampling Fleet::sampling(std::uint64_t device_key, Time interval, Time to) const {
  if (options.kind == Kind::imu) return {kSecond / options.rate_hz, 0};
  if (!options.every) return {interval, phase_of(to, interval)};
  const Time every = options.every->count();
  constexpr std::uint64_t kPhase = 0x7068617365u;
  return {every, static_cast<Time>(sim::uniform(sim::mix(device_key, kPhase)) *
                                   static_cast<double>(every))};
}

std::string device_id(const Fleet& fleet, std::uint32_t device) {
  return expand(pattern_of(fleet), fleet.name, std::uint64_t{fleet.options.first} + device)
      .value_or("");
}

std::string_view in_turn(const std::vector<std::string>& list, std::uint32_t device) {
  return list.empty() ? std::string_view{} : std::string_view(list[device % list.size()]);
}

Simulated build_world(const World& options, std::uint64_t seed, const Report& report) {
  return Builder(options, seed, report).build();
}

}  // namespace weir::iot
