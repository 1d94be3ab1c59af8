// The zones of ISO 10816-1, by which vibration of machines is judged: A new, B good for ever, C for
// a while, D dangerous.
#pragma once

#include "options.hpp"

namespace weir::iot {

struct VibrationZones {
  double a, b, c;  // upper limits in mm/s r.m.s.
};
VibrationZones vibration_zones(MachineClass machine_class);

}  // namespace weir::iot
