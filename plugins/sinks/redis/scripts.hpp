// What runs inside the server: rows that must be looked at before they are written, since they may
// have come before, or come late. Atomic there, whoever else writes.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace weir::redis_sink {

struct Script {
  std::string_view text;
  std::string id;  // hexadecimal SHA-1 of the text: what EVALSHA calls it
};

enum ScriptIndex { kLatestScript, kLateScript };
constexpr std::string_view kTimeField = "time";

// Parallel to ScriptIndex.
const std::array<Script, 2>& scripts();

}  // namespace weir::redis_sink
