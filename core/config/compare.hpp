// core/config/compare.hpp - whether a component of one configuration is that of another: what a
// reload leaves alone. Where something stands in the files makes no difference, nor do inputs,
// which are changed without its noticing.
#pragma once

#include "core/config/model.hpp"

namespace weir::config {

// Two of the same kind and id, each with the options of its agent.
bool same(const Component& a, const AgentOptions& agent_a, const Component& b,
          const AgentOptions& agent_b);

// Whether two trees of options hold the same.
bool same(const weir_value* a, const weir_value* b);

}  // namespace weir::config
