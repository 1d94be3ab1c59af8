// Files hold thousandths of volts, amperes and degrees Celsius, millionths of watts and joules.
#include "hwmon_fields.hpp"

#include <algorithm>
#include <array>

#include "parse.hpp"

namespace node_probe {

namespace {
constexpr std::array<std::string_view, 15> kTypes = {
    "",     "vrm",  "beep_enable", "update_interval", "in",       "cpu",       "fan", "pwm",
    "temp", "curr", "power",       "energy",          "humidity", "intrusion", "freq"};
constexpr double kMilli = 1e3;
constexpr double kMicro = 1e6;
}  // namespace

SensorType sensor_type(std::string_view text) {
  const auto* found = std::find(kTypes.begin() + 1, kTypes.end(), text);
  return found == kTypes.end() ? SensorType::kNone
                               : static_cast<SensorType>(found - kTypes.begin());
}

std::string hwmon_measurement(SensorType type) {
  return "node_hwmon_" + std::string(kTypes[static_cast<std::size_t>(type)]);
}

bool is_limit(std::string_view property) {
  constexpr std::array<std::string_view, 13> kLimits = {
      "max",       "min",        "crit",           "emergency", "lcrit", "max_hyst", "min_hyst",
      "crit_hyst", "lcrit_hyst", "emergency_hyst", "type",      "div",   "offset"};
  return std::find(kLimits.begin(), kLimits.end(), property) != kLimits.end();
}

HwmonField hwmon_field(SensorType type, std::string_view property, bool has_bare) {
  using enum SensorType;
  const std::string prefix = hwmon_measurement(type);
  HwmonField f;
  const auto finish = [&](const char* suffix, const char* unit, double scale) {
    f.flat += suffix;
    f.unit = unit;
    f.scale = scale;
    f.name = f.flat.size() > prefix.size() + 1 && f.flat.starts_with(prefix + "_")
                 ? f.flat.substr(prefix.size() + 1)
                 : "value";
    for (char& c : f.name) c = c == ':' ? '_' : c;  // a metric may have it, a field may not
    f.help = property.empty() || property == "input"
                 ? "What the sensor measures."
                 : "The property " + std::string(property) + " of the sensor.";
    return f;
  };
  if (type == kBeepEnable) {
    f.flat = "node_hwmon_beep_enabled";
    return finish("", "", 1);
  }
  if (type == kVrm) {
    f.flat = "node_hwmon_voltage_regulator_version";
    return finish("", "", 1);
  }
  if (type == kUpdateInterval) {
    f.flat = "node_hwmon_update_interval_seconds";
    return finish("", "seconds", kMilli);
  }
  f.flat = prefix;
  if (property == "input") {
    if (has_bare) f.flat += "_input";
  } else if (!property.empty()) {
    f.flat += "_" + sensor_name(property);
  }
  if (property == "fault" || property == "alarm") return finish("", "", 1);
  if (property == "beep") return finish("_enabled", "", 1);
  switch (type) {
    case kIn:
    case kCpu: return finish("_volts", "volts", kMilli);
    case kTemp:
      if (property == "type") break;
      return finish("_celsius", "celsius", kMilli);
    case kCurr: return finish("_amps", "amperes", kMilli);
    case kEnergy: f.metric = WEIR_COUNTER; return finish("_joule_total", "joules", kMicro);
    case kPower:
      if (property == "accuracy") return finish("", "ratio", kMicro);
      if (property.starts_with("average_interval")) return finish("_seconds", "seconds", kMilli);
      return finish("_watt", "watts", kMicro);
    case kHumidity: return finish("", "ratio", kMicro);
    case kFan:
      if (property == "input" || property == "min" || property == "max" || property == "target") {
        return finish("_rpm", "", 1);
      }
      break;
    case kFreq: return finish("_freq_mhz", "", kMicro);
    default: break;
  }
  return finish("", "", 1);
}

}  // namespace node_probe
