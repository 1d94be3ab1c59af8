// core/config/graph.hpp - who reads from whom.
#pragma once

#include <string_view>
#include <vector>

#include "core/config/model.hpp"
#include "core/config/node.hpp"

namespace weir::config {

// `*` any characters, `?` one; everything else is itself.
bool matches(std::string_view pattern, std::string_view id);
bool is_pattern(std::string_view input);

// Resolves the inputs of every component, tells inputs that cannot be and cycles, sorts
// processors, and, where there is no problem, warns of sources that nothing reads from.
// `components`: sources, processors, sinks, each as written.
//
// A pattern of a sink matches sources and processors; one of a processor matches sources only, so
// that "*" never makes a cycle.
void connect(const Tree& tree, std::vector<Component>& components, Problems& problems);

}  // namespace weir::config
