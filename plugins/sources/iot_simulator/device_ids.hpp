// The ids of a fleet's devices, by its pattern.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "options.hpp"

namespace weir::iot {

std::string_view id_pattern_of(const FleetOptions& fleet);

// Writes the pattern's text for a number; nothing where a {...} is neither {name}, {n} nor {n:4}.
std::optional<std::string> expand_id(std::string_view pattern, std::string_view fleet,
                                     std::uint64_t number);

}  // namespace weir::iot
