// The wall clock as rows tell time: nanoseconds since the Unix epoch, UTC.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::core {

inline std::int64_t wall_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace weir::core
