// weir deadletter list|replay: looks at the rows that sinks rejected, and sends them again.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "core/config/load.hpp"

namespace weir::cli {

struct DeadLetterArgs {
  config::LoadRequest request;
  std::vector<std::string> words;  // list; or replay and the id of a sink
  std::string log_level, log_format;
};
int deadletter(const DeadLetterArgs& args, std::FILE* out);

}  // namespace weir::cli
