// What can be configured: fleets of devices, the places where they are, and faults.
//
// A devices_file has the same three sections, `devices`, `locations` and `faults`, as the component
// itself: both are read by the tables below.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir::iot {

inline constexpr std::uint64_t kDevicesMax = 1'000'000;
inline constexpr std::size_t kFleetsMax = 10'000;
inline constexpr std::size_t kLocationsMax = 10'000;
inline constexpr std::size_t kFaultsMax = 256;

enum class Kind { environment, vibration, imu, energy, gps, end_device };
inline constexpr std::size_t kKindCount = 6;
enum class Placement { indoor, outdoor, cold_room };
enum class Motion { still, walking, running, machine };
enum class MachineClass { i, ii, iii, iv };

// What only devices of one kind have is optional, so that it is refused where it says nothing.
struct FleetOptions {
  Kind kind = Kind::environment;
  std::uint32_t count = 1;
  std::uint32_t first = 1;
  std::string id;
  std::vector<std::string> owners, locations, firmware;
  std::optional<Duration> every;
  std::optional<Placement> placement;
  std::optional<Duration> lag;
  std::optional<Motion> motion;
  std::optional<std::uint32_t> rate_hz;
  std::optional<MachineClass> machine_class;
  std::optional<Duration> wear;
  std::optional<double> mean_power_watts;
  std::optional<double> mean_speed_mps;
  std::optional<Duration> battery_life;
  double loss = 0;
  Duration latency = std::chrono::milliseconds(40);
  double clock_ppm = 0;

  static const OptionTable<FleetOptions>& table() {
    static const OptionTable<FleetOptions> t{
        option("kind", &FleetOptions::kind, "What the devices are.")
            .choices({"environment", "vibration", "imu", "energy", "gps", "end_device"})
            .required(),
        option("count", &FleetOptions::count, "How many there are.")
            .def("1")
            .min("1")
            .max("1000000"),
        option("first", &FleetOptions::first, "Number of the first one.")
            .def("1")
            .max("1000000000"),
        option(
            "id", &FleetOptions::id,
            "Pattern of their ids: {name} is the fleet's name, {n} the device's number, {n:4} "
            "with leading zeros to that width. Default: {name} for one device, else {name}-{n}."),
        option("owners", &FleetOptions::owners,
               "Owners (label owner_id), given to the devices in turn."),
        option("locations", &FleetOptions::locations,
               "Names of locations, given to the devices in turn. Devices of one location share "
               "its weather."),
        option("firmware", &FleetOptions::firmware,
               "Firmware versions, given to the devices in turn."),
        option("every", &FleetOptions::every,
               "How often a device measures, each at a phase of its own. Default: at each "
               "collection. An IMU measures at its rate.")
            .min("10ms")
            .max("7d"),
        option("placement", &FleetOptions::placement,
               "environment: where the sensors hang. Default: indoor.")
            .choices({"indoor", "outdoor", "cold_room"}),
        option("lag", &FleetOptions::lag,
               "environment: time constant with which the sensor follows the air. Default: 5m.")
            .min("0")
            .max("1d"),
        option("motion", &FleetOptions::motion, "imu: how the device moves. Default: still.")
            .choices({"still", "walking", "running", "machine"}),
        option("rate", &FleetOptions::rate_hz, "imu: samples per second. Default: 200.")
            .min("1")
            .max("1600")
            .unit("Hz"),
        option("machine_class", &FleetOptions::machine_class,
               "vibration: class of the machine by ISO 10816-1, which sets its limits. "
               "Default: ii.")
            .choices({"i", "ii", "iii", "iv"}),
        option("wear", &FleetOptions::wear,
               "vibration: time from new to worn out, when it is overhauled. Default: 60d.")
            .min("1h")
            .max("3650d"),
        option("mean_power", &FleetOptions::mean_power_watts,
               "energy: mean power of the load. Default: 450.")
            .min("1")
            .max("1000000")
            .unit("watts"),
        option("mean_speed", &FleetOptions::mean_speed_mps,
               "gps: mean speed while it drives. Default: 9.")
            .min("0.1")
            .max("100")
            .unit("metres per second"),
        option("battery_life", &FleetOptions::battery_life,
               "Time from a full battery to an empty one, when it is charged or changed; 0: mains. "
               "Default: environment 730d, gps 5d, imu 1d, others mains.")
            .min("0")
            .max("3650d"),
        option("loss", &FleetOptions::loss,
               "Part of the messages that the radio loses: their rows are absent, and the sequence "
               "number shows the gap.")
            .def("0")
            .min("0")
            .max("1"),
        option("latency", &FleetOptions::latency,
               "Typical time from the device to the agent, told by iot_status; rows carry the time "
               "of measurement.")
            .def("40ms")
            .min("0")
            .max("1h"),
        option("clock_drift", &FleetOptions::clock_ppm,
               "How fast the devices' clocks run away at most, before they are set each day. Rows "
               "carry the device's time.")
            .def("0")
            .min("0")
            .max("1000")
            .unit("parts per million"),
    };
    return t;
  }
};

struct LocationOptions {
  double latitude_degrees = 50.11;
  double longitude_degrees = 8.68;
  static const OptionTable<LocationOptions>& table() {
    static const OptionTable<LocationOptions> t{
        option("latitude", &LocationOptions::latitude_degrees, "North of the equator is positive.")
            .def("50.11")
            .min("-80")
            .max("80")
            .unit("degrees"),
        option("longitude", &LocationOptions::longitude_degrees,
               "East of Greenwich is positive. It decides when it is noon.")
            .def("8.68")
            .min("-180")
            .max("180")
            .unit("degrees"),
    };
    return t;
  }
};

enum class FaultKind { stuck, spike, drift, bias, noise, dropout, clock_skew, reboot };
inline constexpr std::size_t kFaultKindCount = 8;

struct FaultOptions {
  FaultKind kind = FaultKind::stuck;
  std::string fleet, device, field, begin;
  Duration duration = std::chrono::minutes(10);
  double per_day = 0;
  std::optional<double> magnitude;

  static const OptionTable<FaultOptions>& table() {
    static const OptionTable<FaultOptions> t{
        option("kind", &FaultOptions::kind, "What goes wrong.")
            .choices(
                {"stuck", "spike", "drift", "bias", "noise", "dropout", "clock_skew", "reboot"})
            .required(),
        option("fleet", &FaultOptions::fleet, "Only devices of this fleet. Default: all."),
        option("device", &FaultOptions::device, "Only the device with this id."),
        option("field", &FaultOptions::field,
               "The value that is wrong. Default: one that each device draws for each fault."),
        option("begin", &FaultOptions::begin,
               "When it happens, once: 2026-11-21T10:00:00Z. Without it, faults happen at random."),
        option("duration", &FaultOptions::duration, "How long it lasts.")
            .def("10m")
            .min("1s")
            .max("365d"),
        option("per_day", &FaultOptions::per_day,
               "Mean number of faults a day on each device, where begin is not written.")
            .def("0")
            .min("0")
            .max("10000"),
        option("magnitude", &FaultOptions::magnitude,
               "How wrong: of spike, drift, bias and noise in the field's unit, of clock_skew in "
               "seconds (default 30). Default: clear of the field's noise.")
            .min("-1000000")
            .max("1000000"),
    };
    return t;
  }
};

// The three sections that a component and a devices_file both have.
template <class T>
Option<T> devices_option() {
  return option(
      "devices", &T::devices,
      "Fleets of devices by name. Default, where there is no devices_file either: some of "
      "each kind, to look at.");
}
template <class T>
Option<T> locations_option() {
  return option("locations", &T::locations,
                "Where places are that fleets name. One that is not listed is where the defaults "
                "are, with a weather of its own.");
}
template <class T>
Option<T> faults_option() {
  return option("faults", &T::faults, "What goes wrong, at a given time or at random.");
}

// What a devices_file holds.
struct World {
  std::map<std::string, FleetOptions> devices;
  std::map<std::string, LocationOptions> locations;
  std::vector<FaultOptions> faults;

  static const OptionTable<World>& table() {
    static const OptionTable<World> t{devices_option<World>(), locations_option<World>(),
                                      faults_option<World>()};
    return t;
  }
};

struct Options {
  std::optional<std::uint64_t> seed;
  std::string devices_file;
  std::optional<std::map<std::string, FleetOptions>> devices;
  std::map<std::string, LocationOptions> locations;
  std::vector<FaultOptions> faults;
  bool status = true;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("seed", &Options::seed,
               "Decides on everything that is random: the same seed gives the same rows. Default: "
               "drawn once, noted under the agent's data_dir, and logged.")
            .min("0"),
        devices_option<Options>(),
        locations_option<Options>(),
        faults_option<Options>(),
        option("devices_file", &Options::devices_file,
               "A YAML file with further devices, locations and faults, absolute or from the "
               "agent's working directory."),
        option("status", &Options::status,
               "Whether devices report battery, radio and uptime too (iot_status).")
            .def("true"),
    };
    return t;
  }
};

}  // namespace weir::iot
