// The checks of `weir plugin test`, each for a child process: see plugin_test_child.hpp. One that
// returns has passed.
#pragma once

#include <string>
#include <vector>

#include "core/cli/plugin_test_options.hpp"
#include "weir/abi.h"

namespace weir::cli::plugin_test_detail {

struct Subject {
  const weir_plugin& plugin;
  const weir_component_type& type;
  const Written& options;       // as given
  const std::string& data_dir;  // empty at first
};

struct Check {
  const char* name;
  weir_kind kind;  // 0: of every kind
  bool creates;    // needs every required option
  void (*run)(const Subject&);
};

// In the order in which they are run. The first one says whether the others can be.
const std::vector<Check>& checks();

// plugin_test_describe.cpp: what the plugin says of itself
void check_description(const Subject&);
void check_declarations(const Subject&);
// plugin_test_refuse.cpp: what must not be taken for right
void check_unknown_option(const Subject&);
void check_wrong_types(const Subject&);
void check_outside_bounds(const Subject&);
void check_at_bounds(const Subject&);
// plugin_test_life.cpp
void check_given_options(const Subject&);
void check_create(const Subject&);
void check_start(const Subject&);
void check_two_instances(const Subject&);
void check_repetition(const Subject&);
void check_process_state(const Subject&);
// plugin_test_work.cpp
void check_stop_during_work(const Subject&);
void check_collect(const Subject&);
void check_time_driven(const Subject&);
void check_write(const Subject&);
void check_process(const Subject&);

}  // namespace weir::cli::plugin_test_detail
