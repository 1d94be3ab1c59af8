// `weir status`: what a running agent says about itself.
#pragma once

#include <cstdio>
#include <string>

#include "core/config/load.hpp"

namespace weir::cli {

struct StatusArgs {
  config::LoadRequest request;  // tells where the agent answers
  std::string at;               // "": as the configuration says, or where it usually does
  std::string format;           // text | json
};

// 0 where the agent is ready; else 1.
int status(const StatusArgs& args, std::FILE* out);

}  // namespace weir::cli
