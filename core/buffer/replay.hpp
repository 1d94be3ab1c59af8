// From a frame of the disk buffer back to a chain of the pipeline: measurements and series are
// found or interned in the registry, columns copied into batches of a pool.
//
// One thread: the consumer's. Series are kept for as long as frames of one segment come, so that
// each is looked up once a segment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/buffer/disk_buffer.hpp"
#include "core/pipeline/batch.hpp"
#include "core/pipeline/registry.hpp"

namespace weir::core {

class Replay {
 public:
  Replay(Registry& registry, BatchPool& pool) : registry_(registry), pool_(pool) {}
  ~Replay() { forget(); }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // The frame's batches with their (source, epoch, sequence), as a chain with one reference.
  // nullptr and `error` otherwise. `lasting`: no waiting mends it, since a plugin has changed the
  // type of a field; not so a limit that is reached, or memory that is exhausted.
  Batch* chain(const buffer::Frame& frame, std::string& error, bool* lasting = nullptr);

 private:
  const weir_measurement* measurement(const buffer::BatchView& view, std::string& error);
  const weir_series* series(std::uint32_t id, const weir_measurement* m, const buffer::Frame& frame,
                            std::string& error);
  Batch* batch(const buffer::BatchView& view, const buffer::Frame& frame, std::string& error);
  void forget();

  Registry& registry_;
  BatchPool& pool_;
  std::uint64_t segment_ = 0;
  // By the segment's numbers; nullptr: not asked for yet.
  std::vector<const weir_measurement*> measurements_;
  std::vector<const weir_series*> series_;
  std::vector<weir_string> values_;
};

}  // namespace weir::core
