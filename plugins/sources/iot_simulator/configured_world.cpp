#include "configured_world.hpp"

#include <utility>

namespace weir::iot {

namespace {

// For who has written no devices: some of each kind, to look at.
std::map<std::string, FleetOptions> sample_fleets() {
  std::map<std::string, FleetOptions> fleets;
  const std::pair<const char*, Kind> kinds[] = {{"environment", Kind::environment},
                                                {"vibration", Kind::vibration},
                                                {"imu", Kind::imu},
                                                {"energy", Kind::energy},
                                                {"gps", Kind::gps},
                                                {"end_device", Kind::end_device}};
  for (const auto& [name, kind] : kinds) {
    FleetOptions& fleet = fleets[name];
    fleet.kind = kind;
    fleet.count = kind == Kind::imu ? 1 : 2;
    if (kind == Kind::imu) {
      fleet.motion = Motion::walking;
      fleet.rate_hz = 4;  // few rows to look at
    }
    fleet.owners = {"acme", "beta"};
    fleet.locations = {"sample"};
  }
  return fleets;
}

}  // namespace

World whole_world(const Options& options, Places& places, const Report& report) {
  World world{{}, options.locations, options.faults};
  if (options.devices) world.devices = *options.devices;
  if (options.devices_file.empty()) {
    if (!options.devices) world.devices = sample_fleets();
    return world;
  }
  DevicesFile file = read_devices_file(options.devices_file, report);
  const std::string twice = "is in " + options.devices_file + " too: rename one of them";
  for (auto& [name, fleet] : file.world.devices) {
    if (!world.devices.try_emplace(name, std::move(fleet)).second) {
      report("devices." + name, twice);
    }
  }
  for (auto& [name, location] : file.world.locations) {
    if (!world.locations.try_emplace(name, location).second) report("locations." + name, twice);
  }
  for (const auto& [path, place] : file.places) {
    if (!path.starts_with("faults[")) places[path] = place;  // those get other numbers below
  }
  for (std::size_t i = 0; i < file.world.faults.size(); ++i) {
    const std::string path = "faults[" + std::to_string(world.faults.size()) + "]";
    places[path] = file.places.at("faults[" + std::to_string(i) + "]");
    world.faults.push_back(std::move(file.world.faults[i]));
  }
  return world;
}

Report with_places(const Places& places, Report report) {
  return [&places, report = std::move(report)](const std::string& path, const std::string& what) {
    for (std::string parent = path; !parent.empty();) {
      if (const auto found = places.find(parent); found != places.end()) {
        report("devices_file", found->second + ": " + path + " " + what);
        return;
      }
      const std::size_t end = parent.find_last_of('.');
      parent.resize(end == std::string::npos ? 0 : end);
    }
    report(path, what);
  };
}

}  // namespace weir::iot
