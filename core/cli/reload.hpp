// `weir reload`: has the agent that runs here read its configuration again, and tells what came of
// it.
#pragma once

#include <cstdio>
#include <string>

#include "core/config/load.hpp"

namespace weir::cli {

struct ReloadArgs {
  config::LoadRequest request;  // tells where the agent answers
  std::string at;               // "": as the configuration says, or where it usually does
};

// 0 when all of it was done; 78 where the files are wrong; 1 for anything else.
int reload(const ReloadArgs& args, std::FILE* out, std::FILE* err);

}  // namespace weir::cli
