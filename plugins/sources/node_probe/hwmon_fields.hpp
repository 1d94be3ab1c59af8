// hwmon_fields.hpp - names, units and scales of what sensors measure, as node_exporter has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/abi.h"

namespace node_probe {

enum class SensorType : std::uint8_t {
  kNone,
  kVrm,
  kBeepEnable,
  kUpdateInterval,
  kIn,
  kCpu,
  kFan,
  kPwm,
  kTemp,
  kCurr,
  kPower,
  kEnergy,
  kHumidity,
  kIntrusion,
  kFreq
};

SensorType sensor_type(std::string_view text);

struct HwmonField {
  std::string flat;  // the full name of the metric
  std::string name;  // of the field in its measurement
  std::string unit;
  std::string help;
  weir_metric metric = WEIR_GAUGE;
  double scale = 1;  // what the file says is divided by it
};

std::string hwmon_measurement(SensorType type);
// `has_bare`: the sensor also has a file without property, "pwm1" beside "pwm1_input".
HwmonField hwmon_field(SensorType type, std::string_view property, bool has_bare);
// Limits and settings: people change them, sensors do not.
bool is_limit(std::string_view property);

}  // namespace node_probe
