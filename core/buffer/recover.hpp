// What a directory holds when it is opened: finds the segments, counts their rows, cuts torn ends
// off, puts what is damaged into quarantine. Never refuses because of what it reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/buffer/directory.hpp"
#include "core/buffer/format.hpp"
#include "core/buffer/quarantine.hpp"

namespace weir::buffer {

struct Segment {
  std::uint64_t bytes = 0;               // of its file
  std::uint64_t end = 0;                 // what may be read of it
  bool sealed = true;                    // nothing more is written to it
  bool busy = false;                     // the consumer reads in it at this moment
  std::uint32_t in_flight = 0;           // frames that the consumer has and has not acknowledged
  RowsByOrigin held;                     // rows in frames that are not acknowledged
  std::vector<std::uint64_t> uncounted;  // damaged frames that `held` never held, by number
};
using Segments = std::map<std::uint64_t, Segment>;  // by the number of the first frame

struct OpenReport {
  RowsByOrigin rows_held;
  std::uint64_t segments = 0;
  std::uint64_t bytes_torn = 0;  // of writes that were cut off: rows that nobody accepted
  std::uint64_t ranges_damaged = 0;
  std::uint64_t bytes_damaged = 0;
  // Not acknowledged, at least: where the disk still tells; and those of them whose origin it
  // tells.
  std::uint64_t rows_damaged = 0;
  RowsByOrigin rows_damaged_of;
  std::uint64_t segments_unreadable = 0;  // of another version, or the disk failed
  std::vector<std::string> notes;         // for the log; a sentence each, kNotesMax at most

  static constexpr std::size_t kNotesMax = 20;
  void note(std::string text);
};

struct Recovered {
  Segments segments;
  std::uint64_t number_next = 1;  // of the next frame that is written
  std::uint64_t rows_next = 0;    // its rows_before
  bool names_synced = false;
};

// `first_needed`: frames with lower numbers are acknowledged. 0, or a negative errno when the
// directory cannot be listed.
int recover(Directory& directory, std::uint64_t first_needed, bool sync, Quarantine& quarantine,
            Recovered& recovered, OpenReport& report);

}  // namespace weir::buffer
