// core/config/yaml_keys.hpp - what is done with the keys of a map once all of them are known.
#pragma once

#include <string>
#include <vector>

#include "core/config/node.hpp"

namespace weir::config {

struct Duplicate {
  std::string key;
  Position at;
  Position first;  // where it was written before
};

// Takes the later ones of equal keys out of the map.
std::vector<Duplicate> take_duplicates(Node& map);

// `<<: *base` and `<<: [*a, *b]`: adds the keys of those maps that the map itself does not have.
// "" or what is wrong with the key `<<` at `at`.
std::string apply_merge_key(Node& map, Position& at);

}  // namespace weir::config
