// core/config/yaml.hpp - text to nodes, by yaml-cpp's events: so duplicate keys, aliases, depth and
// growth are under our control, and a hostile file is refused before it costs anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/config/node.hpp"

namespace weir::config {

constexpr std::size_t kDepthMax = 64;

// What all files together may come to, aliases expanded.
struct Budget {
  std::size_t nodes = 50'000;
  std::size_t text_bytes = std::size_t{4} << 20;
};

// False where the text is not YAML of the kind that Weir takes: one document, text keys, no tags
// but !!str. `text` has passed check_text. Duplicate keys are problems, too, but not a reason to
// stop. An empty text gives a kNull node.
bool parse_yaml(const std::string& file_name, std::uint16_t file_index, const std::string& text,
                Budget& budget, Node& root, Problems& problems);

}  // namespace weir::config
