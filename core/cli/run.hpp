// `weir run`: the agent. And what `weir once` shares with it: from arguments to a configuration.
#pragma once

#include <signal.h>

#include <memory>
#include <string>

#include "core/config/load.hpp"
#include "core/config/model.hpp"

namespace weir::cli {

struct RunArgs {
  config::LoadRequest request;
  std::string log_level;   // "" : what the configuration says
  std::string log_format;  // likewise
};

// Runs until SIGTERM or SIGINT. 0; 78 for the configuration; 1 for a failure at run time.
int run(const RunArgs& args);

// Sets the log up and binds the configuration, and hides its secrets; nullptr after problems, which
// have been printed.
std::unique_ptr<config::Config> load(const RunArgs& args);

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts, for sigwait.
sigset_t block_signals();
// From here on SIGINT kills; for what takes a while after a signal was heard.
void let_interrupt_kill();

}  // namespace weir::cli
