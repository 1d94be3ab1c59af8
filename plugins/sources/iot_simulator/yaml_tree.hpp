// YAML as a tree with places, within limits: made of yaml-cpp's events, so that depth, size and
// aliases are refused before they cost anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::iot {

inline constexpr std::size_t kYamlBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kYamlDepthMax = 8;
inline constexpr std::size_t kYamlNodesMax = 2'000'000;

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::uint32_t line = 1, column = 1;
  std::string text;               // scalar
  std::vector<std::string> keys;  // map: parallel to items
  std::vector<YamlNode> items;    // sequence, map
};

struct YamlProblem {
  std::uint32_t line = 1, column = 1;
  std::string what;
};

// Throws YamlProblem. An empty text is a null.
YamlNode parse_yaml(std::string_view text);

}  // namespace weir::iot
