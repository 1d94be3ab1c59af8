// core/config/node.hpp - a YAML document as the agent keeps it: every node knows its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/problems.hpp"
#include "core/config/witness.hpp"

namespace weir::config {

// From 1, columns in characters.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

enum class NodeKind : std::uint8_t { kNull, kScalar, kSequence, kMap };

struct Node {
  NodeKind kind = NodeKind::kNull;
  bool secret = false;  // holds the content of a ${file:...} or ${credential:...}
  bool broken = false;  // a problem has been told already; there is no value
  std::uint16_t file = 0;
  Position at;
  Position key_at;          // as an item of a map
  std::string key;          // as an item of a map
  std::string text;         // of a scalar
  std::vector<Node> items;  // of a sequence or map, in the order they were written

  const Node* find(std::string_view name) const {
    for (const Node& item : items) {
      if (item.key == name) return &item;
    }
    return nullptr;
  }
};

// "text 'abc'", "a list", "a map", "nothing"
std::string describe(const Node& node);

struct SourceFile {
  std::string name;
  std::string text;  // kept for the places of ${...} inside a scalar
};

// What the files say together.
struct Tree {
  std::vector<SourceFile> files;
  std::vector<std::string> names;  // of `files`
  Witnesses witnesses;             // of these, and of the files that were put into them
  std::string hostname;            // the host's own
  Node root;
  // False: a file could not be read. What seems to be missing may be written there.
  bool complete = true;

  Place place(const Node& node) const {
    return {node.file < names.size() ? names[node.file] : "", node.at.line, node.at.column};
  }
  Place key_place(const Node& node) const {
    return {node.file < names.size() ? names[node.file] : "", node.key_at.line, node.key_at.column};
  }
};

}  // namespace weir::config
