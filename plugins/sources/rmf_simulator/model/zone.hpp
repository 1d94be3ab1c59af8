// zone.hpp - the offset of local time. UTC needs nothing; other zones come from the system's data.
#pragma once

#include <cstdint>
#include <string>

namespace rmf {

class Zone {
 public:
  // Throws std::invalid_argument, saying what to do, where there is no such zone.
  explicit Zone(const std::string& name);

  // Seconds to add to UTC. Keeps the last answer: one thread at a time.
  std::int64_t offset_s(std::int64_t utc_s);

 private:
  const void* zone_ = nullptr;  // nullptr: UTC
  std::int64_t begin_s_ = 0, end_s_ = 0, offset_s_ = 0;
};

}  // namespace rmf
