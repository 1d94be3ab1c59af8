// Tells when no batch can refer to a series any more, so that its memory may be used again.
//
// Counting references per row would cost an atomic operation a row. Instead every batch is born
// in an epoch, and each pool counts its living batches of even and of odd epochs. The epoch moves
// from e to e + 1 only when no batch of e - 1 is alive; a series retired in epoch e can be in
// batches of e and before only, so from e + 2 on nothing refers to it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace weir::core {

struct alignas(64) EpochCounts {
  std::array<std::atomic<std::int64_t>, 2> alive{};
};

class Epochs {
 public:
  // One for each pool; lives at least as long as the pool's batches.
  std::shared_ptr<EpochCounts> join() {
    auto counts = std::make_shared<EpochCounts>();
    const std::lock_guard lock(mutex_);
    all_.push_back(counts);
    return counts;
  }

  // Counts a batch that is born. Returns its parity, to be given to `leave`. Any thread.
  unsigned enter(EpochCounts& counts) const {
    for (;;) {
      const std::uint64_t epoch = epoch_.load(std::memory_order_seq_cst);
      counts.alive[epoch & 1].fetch_add(1, std::memory_order_seq_cst);
      // Had the epoch moved in between, the batch might be counted where nobody looks.
      if (epoch_.load(std::memory_order_seq_cst) == epoch) return epoch & 1;
      counts.alive[epoch & 1].fetch_sub(1, std::memory_order_seq_cst);
    }
  }
  static void leave(EpochCounts& counts, unsigned parity) {
    counts.alive[parity].fetch_sub(1, std::memory_order_seq_cst);
  }

  std::uint64_t current() const { return epoch_.load(std::memory_order_seq_cst); }

  // Moves on by one if it can. Any thread; not for hot paths.
  std::uint64_t advance() {
    const std::lock_guard lock(mutex_);
    const std::uint64_t epoch = epoch_.load(std::memory_order_seq_cst);
    std::erase_if(all_, [](const auto& counts) {
      return counts.use_count() == 1 && counts->alive[0] == 0 && counts->alive[1] == 0;
    });
    for (const auto& counts : all_) {
      if (counts->alive[(epoch + 1) & 1].load(std::memory_order_seq_cst) != 0) return epoch;
    }
    epoch_.store(epoch + 1, std::memory_order_seq_cst);
    return epoch + 1;
  }

  // Living batches over all pools.
  std::int64_t alive() const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& counts : all_) sum += counts->alive[0] + counts->alive[1];
    return sum;
  }

 private:
  std::atomic<std::uint64_t> epoch_{1};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<EpochCounts>> all_;
};

}  // namespace weir::core
