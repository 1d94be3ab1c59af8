// What a plugin may change in its process without anybody noticing at first.
#pragma once

#include <cstddef>
#include <string>

namespace weir::cli::plugin_test_detail {

// Threads and open descriptors of this process.
std::size_t thread_count();
std::size_t descriptor_count();

// Waits until there are at most that many threads, a moment: the kernel takes an ended thread off
// its list after whoever joins it goes on. What there is then.
std::size_t threads_down_to(std::size_t count);

// Bytes that were allocated and not freed.
std::size_t heap_bytes();

// What belongs to the process as a whole: a line each, "umask 0022".
std::string process_state();

}  // namespace weir::cli::plugin_test_detail
