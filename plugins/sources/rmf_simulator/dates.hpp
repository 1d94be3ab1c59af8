// dates.hpp - times and days as they are written in a configuration.
#pragma once

#include <optional>
#include <string>

#include "model/config.hpp"

namespace rmf {

// 2025-03-31T09:30:00+02:00, or Z; also 2025-03-31 alone, which is its midnight UTC.
std::optional<Time> parse_time(const std::string& text);

// Adds 12-25, of every year, 2025-04-21, of that one, or a name; false where it is none of these.
bool add_holiday(const std::string& text, Holidays& holidays);
// The names: good-friday, easter-monday and so on.
std::string movable_holidays();

}  // namespace rmf
