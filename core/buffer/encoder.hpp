// Turns chains of batches into frames, as lists of memory to be written: large columns are not
// copied, small pieces gather in a scratch buffer.
//
// A segment can be read alone: the first frame of a segment that uses a measurement or a series
// carries its definition, later ones refer to it by a number. What a frame that could not be
// written defined is taken back by `undo`. One thread.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/buffer/format.hpp"
#include "weir/abi.h"

namespace weir::buffer {

// What is accepted, delivered and counted as one: the batches of a collection.
struct Chain {
  std::uint64_t origin;  // who produced it; given back with its rows
  std::span<const weir_batch* const> batches;
};

class Encoder {
 public:
  // Frames from here on are for a new segment.
  void begin_segment(std::uint64_t base);

  // Adds a frame to the group. The batches must live until the group is written.
  void add(const Chain& chain);
  std::uint64_t bytes() const { return bytes_; }  // of the group, without a segment's header
  std::uint64_t rows() const { return rows_; }
  std::size_t frames() const { return frames_.size(); }
  // A frame's limit is exceeded: the group cannot be sealed.
  bool too_large() const { return too_large_; }

  // The group as it is to be written at `offset`; at 0 the segment's header precedes it. `number`
  // and `rows_before` are those of the first frame. Valid until the group ends.
  std::span<const iovec> seal(std::uint64_t offset, std::uint64_t number,
                              std::uint64_t rows_before);

  // End the group: it was written; it was not.
  void keep();
  void undo();

 private:
  struct Frame {
    FrameHeader header;
    std::size_t scratch;  // where the header is to be put
  };
  struct Known {
    std::uint32_t stamp = 0;  // of the segment that defines it
    std::uint32_t generation = 0;
    std::uint32_t id = 0;
  };

  std::uint32_t measurement_id(const weir_measurement& m);
  void put_series_ids(const weir_batch& batch);
  std::uint32_t new_series_id(const weir_series& s);
  void define(const weir_measurement& m, std::uint32_t id);
  void define(const weir_series& s, std::uint32_t id);
  void put_batch(const weir_batch& batch, std::uint32_t measurement, const std::uint32_t* series);
  void put_column(const weir_field& field, const weir_column& column, std::uint32_t rows);
  // Appends memory, padded to 8 bytes.
  void put(const void* data, std::uint64_t size);
  void copy(const void* data, std::uint64_t size);
  void clear();

  std::uint64_t base_ = 0;
  std::uint32_t stamp_ = 0;
  // By the process's dense id of a measurement and index of a series.
  std::vector<Known> measurements_, series_;
  std::uint32_t next_measurement_ = 0, next_series_ = 0;
  std::vector<std::uint32_t> fresh_measurements_, fresh_series_;  // defined by this group

  // The group.
  std::vector<iovec> pieces_;  // without a base: the next bytes of scratch_
  std::string scratch_;
  std::vector<Frame> frames_;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  bool too_large_ = false;
  SegmentHeader segment_header_{};

  // Of the frame that is being added.
  std::string definitions_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace weir::buffer
