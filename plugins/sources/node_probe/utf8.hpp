// utf8.hpp - label values must be UTF-8, but names of devices and mount points are any bytes.
#pragma once

#include <string>
#include <string_view>

namespace node_probe {

// A copy of `text` in which every byte that is not part of valid UTF-8 is U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace node_probe
