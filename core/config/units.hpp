// core/config/units.hpp - numbers, durations and sizes as they are written in a configuration.
//
// Each `parse` gives "" and the value, or what is wrong and what is expected. Nothing here
// depends on the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::config {

std::string parse_bool(std::string_view text, bool& value);
std::string parse_int(std::string_view text, std::int64_t& value);
std::string parse_float(std::string_view text, double& value);  // finite
// What an option's table says of its values, as it is written there; null where it says nothing.
// A number without a unit is answered with a unit that fits them.
struct Usual {
  const char* value = nullptr;  // the default, whose unit is thought of first
  const char* min = nullptr;
  const char* max = nullptr;
};

// Nanoseconds. Numbers, whole or with a fraction, each with a unit: 15s, 1h30m, 1.5d; or 0.
std::string parse_duration(std::string_view text, std::int64_t& value_ns, const Usual& usual = {});
// Bytes. 64KiB, 1.5GB, 100B; or 0.
std::string parse_size(std::string_view text, std::int64_t& value_bytes, const Usual& usual = {});

// How many times faster than time: 60x, 0.5x, or the number alone; 0.001 to 1000000.
std::string parse_speed(std::string_view text, double& value);

// The shortest exact form that parse_duration reads: "1h30m", "250ms", "0s". value_ns >= 0.
std::string format_duration(std::int64_t value_ns);
// "16MiB", "1500B". bytes >= 0.
std::string format_size(std::int64_t bytes);

}  // namespace weir::config
