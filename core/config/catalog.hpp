// core/config/catalog.hpp - the types of component that there are, as the configuration asks.
//
// The plugin loader implements it; tests have one in memory. [control]
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/abi.h"

namespace weir::config {

struct AgentOptions;

class TypeCatalog {
 public:
  // Where a type comes from, for people.
  struct Origin {
    std::string file;     // of the plugin
    std::string version;  // of the plugin; "" when the file was refused
  };

  virtual ~TypeCatalog() = default;

  // The type, loaded if need be; valid as long as the process. nullptr: there is no such type, or
  // its file was refused; then `why` says so. `name` is [a-z][a-z0-9_]*, at most 64 bytes.
  virtual const weir_component_type* find(weir_kind kind, const std::string& name,
                                          std::string& why) = 0;
  // True also for a type whose file is refused.
  virtual bool exists(weir_kind kind, const std::string& name) = 0;
  // All that the plugin folders offer, sorted.
  virtual std::vector<std::string> names(weir_kind kind) = 0;
  // For `weir list`. Names no file for a type that does not exist.
  virtual Origin origin(weir_kind, const std::string&) { return {}; }
};

// A catalog of the plugins that these options lead to.
using CatalogFactory = std::function<std::unique_ptr<TypeCatalog>(const AgentOptions&)>;

// "source", "processor", "sink"; and the key of the configuration: "sources", ...
const char* kind_name(weir_kind kind);
const char* section_name(weir_kind kind);

// What is wrong with a type's description (names, options table, missing functions), or "". The
// loader refuses a plugin file with that reason; `bind` relies on it.
std::string table_fault(const weir_component_type& type);

}  // namespace weir::config
