// What a component is configured to simulate: its own options and its devices_file as one world.
#pragma once

#include "devices_file.hpp"
#include "options.hpp"

namespace weir::iot {

// The options' world with that of the file in it; names that both have are reported. Where neither
// has devices, some of each kind. `places` is told where things of the file are.
World whole_world(const Options& options, Places& places, const Report& report);

// A report that tells what is wrong with something of the file with its place there. `places` must
// outlive it.
Report with_places(const Places& places, Report report);

}  // namespace weir::iot
