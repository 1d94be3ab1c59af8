// core/config/effective.hpp - what the files say together, as YAML with the place of every value,
// and in sixteen digits.
#pragma once

#include <string>
#include <vector>

#include "core/config/load.hpp"

namespace weir::config {

// Values that must not be shown, by their origin or because they are in `secrets`, are ***. Where
// values stand for variables, they are what these stand for.
std::string effective(const Document& document, const std::vector<std::string>& secrets);

// The same for two configurations with the same keys and values, in whatever order and files;
// secrets have no part in it. 16 hexadecimal digits.
std::string digest(const Document& document, const std::vector<std::string>& secrets);

}  // namespace weir::config
