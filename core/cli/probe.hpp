// core/cli/probe.hpp - `weir check --probe`: asks the other side of each component whether it is
// there and lets us in (weir/ext/probe.h). Starts nothing, and no component waits for another.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "core/config/load.hpp"
#include "core/config/model.hpp"

namespace weir::cli {

struct ProbeArgs {
  config::LoadRequest request;  // tells where the agent of this configuration answers
  // That a component is told it may take, and how long it is waited for.
  std::chrono::nanoseconds limit = std::chrono::seconds(9);
  std::chrono::nanoseconds patience = std::chrono::seconds(10);
};

// Prints a line a component: a table on a terminal. 0; 1 where one fails; 78 where one says that
// its options cannot work. A component that does not return in time is left behind, with a thread:
// who calls this ends the process by _exit.
int probe(std::unique_ptr<config::Config> config, const ProbeArgs& args, std::FILE* out);

}  // namespace weir::cli
