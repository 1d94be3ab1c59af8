// Reads one segment from its begin to its end, frame by frame, over whatever is damaged in it.
//
// The only code that finds frames: recovery, replay, check and repair all stand on it. After
// damage it goes on at the next place where a whole, valid frame stands. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/buffer/directory.hpp"
#include "core/buffer/format.hpp"

namespace weir::buffer {

class SegmentReader {
 public:
  enum class Found {
    kFrame,   // `header`, `payload`
    kDamage,  // bytes [begin, end) cannot be read as a frame
    kTorn,    // the end of a write that was cut off: nothing behind `begin`
    kEnd,     // read up to the limit
    kFailed,  // the disk could not be read: `error`. May be tried again
  };
  enum class Depth { kHeaders, kPayloads };

  SegmentReader(std::unique_ptr<File> file, std::uint64_t base)
      : file_(std::move(file)), base_(base) {}

  // The state of the segment's own header, once `next` was called.
  HeaderState header_state() const { return header_state_; }

  // What comes next in the first `limit` bytes. With kHeaders payloads are neither read nor
  // checked.
  Found next(std::uint64_t limit, Depth depth);

  // Of what was found. The payload is aligned to 8 bytes and valid until the next call.
  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return at_; }
  const FrameHeader& header() const { return header_; }
  std::span<const char> payload() const { return {payload_, header_.payload_bytes}; }
  // Of damage: `header` is that of the frame whose payload it is.
  bool header_known() const { return header_known_; }
  // Rows that damage takes with it, as far as its header or the next frame tells.
  std::uint64_t rows_lost() const { return rows_lost_; }
  int error() const { return error_; }

  std::uint64_t base() const { return base_; }
  std::uint64_t position() const { return at_; }
  File& file() { return *file_; }

 private:
  const char* load(std::uint64_t offset, std::uint64_t size, std::uint64_t limit, Depth depth);
  Found frame(std::uint64_t limit, Depth depth);
  Found damage(std::uint64_t limit);

  std::unique_ptr<File> file_;
  const std::uint64_t base_;
  HeaderState header_state_ = HeaderState::kGood;
  std::uint64_t at_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t number_next_ = 0;  // frames behind have this number or a higher one
  std::uint64_t rows_next_ = 0;    // their rows_before, if nothing is missing
  bool any_ = false;               // a header was found
  std::uint64_t rows_lost_ = 0;
  FrameHeader header_{};
  bool header_known_ = false;
  const char* payload_ = nullptr;
  int error_ = 0;

  std::vector<std::uint64_t> chunk_;  // words, for the alignment
  std::uint64_t chunk_begin_ = 0, chunk_end_ = 0;
};

}  // namespace weir::buffer
