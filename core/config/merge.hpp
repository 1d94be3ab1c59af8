// core/config/merge.hpp - a later file on top of an earlier one.
#pragma once

#include "core/config/node.hpp"

namespace weir::config {

// Maps are merged key by key; anything else in `over` replaces what was there, except nothing
// (`key:`), which leaves it as it was.
void merge(Node& base, Node over);

}  // namespace weir::config
