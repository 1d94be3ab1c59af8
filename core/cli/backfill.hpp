// `weir backfill`: the past, from time-driven sources through their sinks, as fast as these take
// it.
#pragma once

#include <string>
#include <vector>

#include "core/config/load.hpp"

namespace weir::cli {

struct BackfillArgs {
  config::LoadRequest request;
  std::string log_level, log_format;  // as of `weir run`
  std::string from, to;               // see instant.hpp; to is not included
  std::vector<std::string> ids;       // of the sources; none: all that are time-driven
  std::vector<std::string> sinks;     // none: all behind those
  bool restart = false;               // forget an interrupted run
};

// 0 when the range is delivered, or was before; 1 when it was interrupted, rows were dropped or
// the arguments are wrong; 78 for the configuration.
int backfill(const BackfillArgs& args);

}  // namespace weir::cli
