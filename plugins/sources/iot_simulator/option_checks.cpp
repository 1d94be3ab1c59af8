#include "option_checks.hpp"

#include "device_ids.hpp"
#include "weir/payload/rfc3339.hpp"

namespace weir::iot {

namespace {

constexpr std::size_t kIdBytesMax = 200;
constexpr std::size_t kListItemsMax = 10'000;

const char* name_of(Kind kind) {
  static constexpr const char* kNames[] = {"environment", "vibration", "imu",
                                           "energy",      "gps",       "end_device"};
  return kNames[static_cast<std::size_t>(kind)];
}

// What is wrong with a fleet's ids; "" when nothing is.
std::string id_fault(const std::string& name, const FleetOptions& fleet) {
  const std::string_view pattern = id_pattern_of(fleet);
  const auto longest = expand_id(pattern, name, std::uint64_t{fleet.first} + fleet.count - 1);
  if (!longest) return "a pattern may contain {name}, {n} and {n:4}, no other braces";
  if (longest->empty() || longest->size() > kIdBytesMax) {
    return "an id has 1 to " + std::to_string(kIdBytesMax) + " bytes";
  }
  if (fleet.count > 1 && expand_id(pattern, name, 1) == expand_id(pattern, name, 2)) {
    return "needs {n}, so that each of the " + std::to_string(fleet.count) +
           " devices has an id of its own";
  }
  return "";
}

}  // namespace

bool check_fleet(const std::string& path, const std::string& name, const FleetOptions& fleet,
                 const Report& report) {
  bool is_good = true;
  const auto wrong = [&](const std::string& at, const std::string& what) {
    is_good = false;
    report(at, what);
  };
  if (const std::string fault = id_fault(name, fleet); !fault.empty()) wrong(path + ".id", fault);
  const struct {
    const char* name;
    Kind kind;
    bool is_written;
  } of_one_kind[] = {
      {"placement", Kind::environment, fleet.placement.has_value()},
      {"lag", Kind::environment, fleet.lag.has_value()},
      {"motion", Kind::imu, fleet.motion.has_value()},
      {"rate", Kind::imu, fleet.rate_hz.has_value()},
      {"machine_class", Kind::vibration, fleet.machine_class.has_value()},
      {"wear", Kind::vibration, fleet.wear.has_value()},
      {"mean_power", Kind::energy, fleet.mean_power_watts.has_value()},
      {"mean_speed", Kind::gps, fleet.mean_speed_mps.has_value()},
  };
  for (const auto& option : of_one_kind) {
    if (!option.is_written || option.kind == fleet.kind) continue;
    wrong(path + "." + option.name, std::string("says nothing of devices of kind ") +
                                        name_of(fleet.kind) + ", only of " + name_of(option.kind) +
                                        ": leave it out");
  }
  if (fleet.every && fleet.kind == Kind::imu) {
    wrong(path + ".every", "an IMU measures at its rate: write 'rate' instead");
  }
  for (const auto* list : {&fleet.owners, &fleet.locations, &fleet.firmware}) {
    if (list->size() <= kListItemsMax) continue;
    wrong(path, "a list of owners, locations or firmware has more than 10000 items");
  }
  return is_good;
}

bool check_fault(const std::string& path, const FaultOptions& fault, const Report& report) {
  bool is_good = true;
  const auto wrong = [&](const std::string& at, const std::string& what) {
    is_good = false;
    report(at, what);
  };
  const bool at_random = fault.per_day > 0;
  if (!fault.begin.empty() && !payload::parse_rfc3339(fault.begin)) {
    wrong(path + ".begin", "is not a time like 2026-11-21T10:00:00Z");
  }
  if (fault.begin.empty() && !at_random) {
    wrong(path, "needs 'begin', for once, or 'per_day', for random times");
  }
  if (!fault.begin.empty() && at_random) {
    wrong(path, "has both 'begin', for once, and 'per_day', for random times: leave one out");
  }
  const double days = std::chrono::duration<double, std::ratio<86400>>(fault.duration).count();
  if (fault.per_day * days > 0.5) {
    wrong(path + ".per_day",
          "a device would be faulty more than half of the time: lower it, or 'duration'");
  }
  const bool adds = fault.kind == FaultKind::spike || fault.kind == FaultKind::drift ||
                    fault.kind == FaultKind::bias || fault.kind == FaultKind::noise;
  if (fault.magnitude && !adds && fault.kind != FaultKind::clock_skew) {
    wrong(path + ".magnitude", "says nothing for this kind of fault: leave it out");
  }
  if (!fault.field.empty() && !adds && fault.kind != FaultKind::stuck) {
    wrong(path + ".field", "says nothing for this kind of fault: leave it out");
  }
  return is_good;
}

}  // namespace weir::iot
