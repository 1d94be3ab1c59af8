// The agent's side of a weir_batch: memory, references, and chains.
//
// A batch is one block: this header, the row arrays, the columns. Its block comes from the pool
// of the thread that asked for it and goes back there when the last reference is gone, from
// whatever thread: many components that are driven by few threads share few blocks, which stay
// in those processors' caches. The batches of one collection form a chain that travels as one item,
// so that an instant is delivered whole; references are counted on the head, which owns the next,
// and so on. Immutable once emitted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/pipeline/epochs.hpp"
#include "core/pipeline/receipt.hpp"
#include "weir/abi.h"

namespace weir::core {

class BatchPool;

struct Batch {
  weir_batch abi{};                     // first: a weir_batch pointer is a Batch pointer
  std::atomic<std::uint32_t> refs{1};   // on the chain that begins here
  std::atomic<std::uint32_t> holds{1};  // on this batch alone: its chain's, aliases', plugins'
  std::uint16_t size_class = 0;
  std::uint8_t epoch_parity = 0;
  bool has_strings = false;
  std::uint64_t bytes = 0;  // of memory, all in all
  BatchPool* pool = nullptr;
  Batch* original = nullptr;  // of an alias: whose rows these are
  Batch* next = nullptr;      // in the chain; or, unused, in a list of the pool
  // Of a chain's head: sums over the chain.
  std::uint64_t chain_rows = 0;
  std::uint64_t chain_bytes = 0;
  Receipt* receipt = nullptr;  // held, where its source wants to know what became of it

  static Batch* of(weir_batch* b) { return reinterpret_cast<Batch*>(b); }
  static Batch* of(const weir_batch* b) {
    return reinterpret_cast<Batch*>(const_cast<weir_batch*>(b));
  }
};

inline void retain(Batch* batch, std::uint32_t references = 1) {
  batch->refs.fetch_add(references, std::memory_order_relaxed);
}
// One reference less; with the last, the chain goes, save what is held. Any thread.
void release(Batch* batch);
// One batch, without what follows it in its chain. Any thread.
inline void hold(Batch* batch) { batch->holds.fetch_add(1, std::memory_order_relaxed); }
void unhold(Batch* batch);

// Blocks for batches. Any thread may acquire; blocks come back from any thread.
class BatchPool {
 public:
  // Unused blocks that are kept for the next batch, at most.
  static constexpr std::uint64_t kCachedBytesMax = 4u << 20;
  static constexpr std::uint32_t kRowsMax = 1u << 20;

  // The pool lives until `close` and its last batch: hence no public destructor.
  static BatchPool* make(Epochs& epochs) { return new BatchPool(epochs); }
  void close();

  // An empty batch, or nullptr when memory is exhausted or rows is 0 or above kRowsMax.
  Batch* acquire(const weir_measurement* measurement, std::uint32_t rows);
  // A batch with the rows of `original`, which it keeps alive, and a place in a chain of its own.
  Batch* alias(Batch* original);

 private:
  friend void unhold(Batch*);

  static constexpr std::size_t kClasses = 128;

  explicit BatchPool(Epochs& epochs) : epochs_(epochs), counts_(epochs.join()) {}
  ~BatchPool();

  Batch* allocate(std::size_t bytes);
  void recycle(Batch* batch);
  void unref();

  Epochs& epochs_;
  std::shared_ptr<EpochCounts> counts_;
  std::atomic<std::int64_t> users_{1};  // the owner, and every living batch
  std::atomic<bool> closed_{false};

  std::mutex mutex_;  // of free_; held by who acquires
  Batch* free_[kClasses] = {};
  std::atomic<std::int64_t> cached_bytes_{0};
  alignas(64) std::atomic<Batch*> returned_{nullptr};  // pushed by who releases
};

// One pool for each of a few threads; threads share one where they are more.
class BatchPools {
 public:
  explicit BatchPools(Epochs& epochs) {
    for (BatchPool*& pool : pools_) pool = BatchPool::make(epochs);
  }
  ~BatchPools() {
    for (BatchPool* pool : pools_) pool->close();
  }
  BatchPools(const BatchPools&) = delete;
  BatchPools& operator=(const BatchPools&) = delete;

  // The calling thread's.
  BatchPool& here() { return *pools_[thread_number() % kPools]; }

 private:
  static constexpr unsigned kPools = 16;
  static unsigned thread_number() {
    static std::atomic<unsigned> threads{0};
    thread_local const unsigned number = threads.fetch_add(1, std::memory_order_relaxed);
    return number;
  }
  BatchPool* pools_[kPools];
};

// Makes the bitmap of a column, all ones, if there is none. The owner's thread.
std::uint8_t* make_validity(Batch* batch, std::uint32_t field);
// Appends the string of `row`, which must be the next. False when it is not, when the column is
// not of strings, or would exceed 2 GiB - 1 or memory.
bool append_string(Batch* batch, std::uint32_t field, std::uint32_t row, const char* data,
                   std::uint64_t size);
// Whether a reader may trust it: rows within capacity, no NULL series, every string written.
bool well_formed(const weir_batch& batch);

}  // namespace weir::core
