// Devices, locations and faults from a YAML file of their own (devices.schema.json says what is in
// it to editors).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "world.hpp"

namespace weir::iot {

// Where fleets, locations and faults were written: "devices.env" -> "devices.yaml:3:3".
using Places = std::map<std::string, std::string>;

struct DevicesFile {
  World world;
  Places places;
};

// Reports what is wrong under the path devices_file, as `file:line:column: what`.
DevicesFile read_devices_file(const std::string& path, const Report& report);
DevicesFile parse_devices(std::string_view text, const std::string& name, const Report& report);

}  // namespace weir::iot
