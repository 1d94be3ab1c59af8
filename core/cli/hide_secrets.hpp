// The secrets of a configuration that is loaded are for this process alone.
#pragma once

#include "core/config/model.hpp"

namespace weir::cli {

// Where it has any: what may be read out of the process may be read by root only from here on, and
// a crash leaves no core behind: they are in its memory, and perhaps in its environment.
void hide_secrets(const config::Config& config);

}  // namespace weir::cli
