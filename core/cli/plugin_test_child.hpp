// A check in a child process: a plugin that crashes, hangs or ends the process fails that check.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace weir::cli::plugin_test_detail {

struct Verdict {
  enum class Kind : char { kOk = 'o', kFailed = 'f', kSkipped = 's' };
  Kind kind = Kind::kFailed;
  std::string text;  // what a good check returned; why it failed or was skipped
  std::string said;  // what the child wrote to its standard error
};

// Runs `check`, which returns or calls one of those below, within `limit`. Its standard output goes
// nowhere.
Verdict in_child(std::chrono::seconds limit, const std::function<std::string()>& check);

// Those below are for the child. Any of its threads.

// Names what is done next, for the verdict on a child that does not come back from it.
void step(const char* what);
// End the check at once. Nothing is unwound: what the plugin started may still use the agent's
// side.
[[noreturn]] void fail(const std::string& what);
[[noreturn]] void skip(const std::string& why);

}  // namespace weir::cli::plugin_test_detail
