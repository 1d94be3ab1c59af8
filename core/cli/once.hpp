// `weir once`: each source collects once, and the rows are printed.
#pragma once

#include <string>
#include <vector>

#include "core/config/load.hpp"

namespace weir::cli {

struct OnceArgs {
  config::LoadRequest request;
  std::string log_level, log_format;  // as of `weir run`
  std::string format;                 // auto | table | jsonl | csv | influx
  std::vector<std::string> ids;       // of the sources; none: all
};

// 0; 1 when a collection failed or the arguments are wrong; 78 for the configuration.
int once(const OnceArgs& args);

}  // namespace weir::cli
