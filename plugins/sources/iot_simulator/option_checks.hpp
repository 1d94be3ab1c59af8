// What is wrong with a fleet or a fault by itself, whatever else there is in the world.
#pragma once

#include <functional>
#include <string>

#include "options.hpp"

namespace weir::iot {

// Called once a problem; `path` as in weir::Problems: "devices.env.count".
using Report = std::function<void(const std::string& path, const std::string& what)>;

// Each reports all it finds below `path`, and says whether that is nothing.
bool check_fleet(const std::string& path, const std::string& name, const FleetOptions& fleet,
                 const Report& report);
bool check_fault(const std::string& path, const FaultOptions& fault, const Report& report);

}  // namespace weir::iot
