// core/cli/plugin_test.hpp - `weir plugin test FILE`: does a plugin keep to the contract?
//
// Every check runs in a process of its own, which loads the file anew: what one breaks, the others
// and the tool do not notice.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace weir::cli {

struct PluginTestArgs {
  std::vector<std::string> words;    // "test" and the file
  std::vector<std::string> options;  // NAME=VALUE, the value as in YAML
  std::chrono::seconds limit{30};    // of one check
};

// A line a check. 0; 1 where one failed, or where the words are wrong.
int plugin_test(const PluginTestArgs& args, std::FILE* out, std::FILE* err);

}  // namespace weir::cli
