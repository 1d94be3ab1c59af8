// core/cli/buffer.hpp - `weir buffer check|repair|dump DIR`: what is in a disk buffer, its repair,
// and its rows as JSON lines.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace weir::cli {

// `words`: the action and the directory. 0; 1 for damage that check found, for what could not be
// done, and for a command line that is wrong.
int buffer(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);

}  // namespace weir::cli
