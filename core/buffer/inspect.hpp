// Looks at a directory of segments without being its owner: for people, by `weir buffer`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/buffer/directory.hpp"
#include "core/buffer/format.hpp"

namespace weir::buffer {

struct SegmentReport {
  std::uint64_t base = 0;
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0, frames_acknowledged = 0;
  std::uint64_t rows = 0, rows_acknowledged = 0;
  std::uint64_t bytes_torn = 0;
  // In places where there is no frame, or one that cannot be decoded.
  std::uint64_t ranges_damaged = 0, bytes_damaged = 0, rows_damaged = 0;
  std::string problem;  // the first one; "" when there is none

  bool good() const { return problem.empty(); }
};

struct BufferReport {
  std::vector<SegmentReport> segments;
  std::uint64_t first_needed = 0;  // frames with lower numbers are acknowledged; 0: none is
  std::string problem;             // with the directory or the acknowledged position
  std::uint64_t files_quarantined = 0;

  bool good() const;
};

// Reads every byte. `in_use`: somebody may be writing, so that an unfinished end is no damage.
BufferReport inspect(Directory& directory, bool in_use);

// Rewrites every segment that is not good without what is damaged, which goes into quarantine
// first. "" or why it stopped. The caller has the directory's lock.
std::string repair(Directory& directory, const BufferReport& report);

}  // namespace weir::buffer
