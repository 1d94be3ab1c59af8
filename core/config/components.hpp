// core/config/components.hpp - one component at a time: its id, its type, its options.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/catalog.hpp"
#include "core/config/model.hpp"
#include "core/config/node.hpp"
#include "core/config/values.hpp"

namespace weir::config {

// The keys that every component of a kind has, whatever its type.
std::vector<Options> common_tables(weir_kind kind);

// Tells label names that no series can have.
void check_labels(const weir_value& group, const char* option_name, const Path& path,
                  Problems& problems);

class ComponentReader {
 public:
  ComponentReader(const Tree& tree, const AgentOptions& agent, TypeCatalog& catalog, Arena& arena,
                  Problems& problems);

  // All components of a section, in the order they are written.
  void section(weir_kind kind, std::vector<Component>& components);
  // Texts that must not be shown, of the sections that were read.
  const std::vector<std::string>& secrets() const { return values_.secrets(); }

 private:
  static bool is_key(weir_kind kind, const Node& node);
  void component(weir_kind kind, const Node& node, const Path& path, Component& component);
  bool find_type(const Node& node, const Path& path, Component& component);
  std::string unknown_type(weir_kind kind, const std::string& type);
  void check(const Component& component, const Path& path);

  const Tree& tree_;
  const AgentOptions& agent_;
  TypeCatalog& catalog_;
  Problems& problems_;
  ValueReader values_;
  std::map<std::string, Place> ids_;
};

}  // namespace weir::config
