// core/cli/check.hpp - `weir check`: is this configuration right? Starts nothing.
#pragma once

#include <cstdio>

#include "core/config/catalog.hpp"
#include "core/config/load.hpp"
#include "core/config/problems.hpp"

namespace weir::cli {

constexpr int kExitOk = 0;
constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h

struct CheckArgs {
  config::LoadRequest request;
  bool effective = false;  // print what the files say together, instead of a summary
  bool probe = false;      // ask what components connect to, see probe.hpp
};

// Prints every problem to `err`, or a summary to `out`. kExitOk or kExitConfiguration, or what
// probe.hpp says. A refused plugin file counts as a problem here even where the agent would run
// without it.
int check(const CheckArgs& args, const config::CatalogFactory& catalogs, std::FILE* out,
          std::FILE* err);

void print_warnings(const config::Problems& problems, std::FILE* err);

}  // namespace weir::cli
