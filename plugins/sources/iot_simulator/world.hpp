// The devices as they are simulated: options resolved, checked, and laid out for a million of them.
//
// A device keeps a hash of its id, which everything random about it derives from: a device stays
// the same when others come or go. What is common to a fleet is kept once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "climate.hpp"
#include "option_checks.hpp"
#include "options.hpp"
#include "weir/rows.hpp"

namespace weir::iot {

struct Fault {
  FaultKind kind = FaultKind::stuck;
  int field = -1;                       // -1: the device draws one
  std::optional<std::uint32_t> device;  // its place in the fleet; none: all
  std::optional<Time> begin;            // once; none: at random
  Time duration = 0;
  Time slot = 0;      // there is at most one random fault in each slot of this length
  double chance = 0;  // of one in a slot
  std::optional<double> magnitude;
  std::uint64_t key = 0;  // tells the faults of one device apart
};

// When devices measure: at phase + n * every.
struct Sampling {
  Time every = 0;
  Time phase = 0;
  std::int64_t index(Time t) const { return periods(t - phase, every); }  // the last until then
  Time time(std::int64_t n) const { return phase + n * every; }
};

struct Fleet {
  std::string name;
  FleetOptions options;                  // every one has its value, but for `every`
  std::vector<std::uint32_t> locations;  // into Simulated::climates; not empty
  std::vector<Fault> faults;
  Time battery_life = 0;        // 0: mains
  std::uint64_t first_key = 0;  // into Simulated::keys

  // For a collection at `to`. Without `every` that is when they measure. An IMU's samples have no
  // phase, so that packets begin at multiples of 64 in any case.
  Sampling sampling(std::uint64_t device_key, Time interval, Time to) const;
};

struct Simulated {
  std::vector<Fleet> fleets;
  std::vector<std::string> location_names;
  std::vector<Climate> climates;
  std::vector<std::uint64_t> keys;  // of all devices, fleet by fleet
};

// The id of a device, from 0 on, by its fleet's pattern; and what it is given of a list: one after
// the other, round and round, "" of an empty list.
std::string device_id(const Fleet& fleet, std::uint32_t device);
std::string_view in_turn(const std::vector<std::string>& list, std::uint32_t device);

// Resolves options; reports everything that is wrong with them. `complete`: whether these are all
// the devices; where some could not be read, names that are not known are not reported.
Simulated build_world(const World& options, std::uint64_t seed, const Report& report,
                      bool complete = true);

}  // namespace weir::iot
