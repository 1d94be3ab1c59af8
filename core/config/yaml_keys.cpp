// See yaml_keys.hpp.
#include "core/config/yaml_keys.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace weir::config {

std::vector<Duplicate> take_duplicates(Node& map) {
  std::vector<Duplicate> duplicates;
  std::unordered_map<std::string, Position> first;
  for (const Node& item : map.items) {
    const auto [it, is_new] = first.emplace(item.key, item.key_at);
    if (!is_new) duplicates.push_back({item.key, item.key_at, it->second});
  }
  if (duplicates.empty()) return duplicates;
  std::vector<Node> kept;
  for (Node& item : map.items) {
    if (first.erase(item.key) != 0) kept.push_back(std::move(item));
  }
  map.items = std::move(kept);
  return duplicates;
}

std::string apply_merge_key(Node& map, Position& at) {
  const auto it = std::find_if(map.items.begin(), map.items.end(),
                               [](const Node& item) { return item.key == "<<"; });
  if (it == map.items.end()) return "";
  Node merged = std::move(*it);
  map.items.erase(it);
  at = merged.key_at;
  std::vector<Node> maps;
  if (merged.kind == NodeKind::kSequence) {
    maps = std::move(merged.items);
  } else {
    maps.push_back(std::move(merged));
  }
  std::unordered_set<std::string> present;
  for (const Node& item : map.items) present.insert(item.key);
  for (Node& from : maps) {
    if (from.kind != NodeKind::kMap) {
      return "'<<' takes an alias of a map or a list of them, got " + describe(from);
    }
    for (Node& item : from.items) {
      if (present.insert(item.key).second) map.items.push_back(std::move(item));
    }
  }
  return "";
}

}  // namespace weir::config
