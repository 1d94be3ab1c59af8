// A bounded queue for several producers and several consumers, without locks.
//
// Dmitry Vyukov's design: every cell carries a sequence number that says whose turn it is, so a
// push and a pop each cost one compare-and-swap on their own end. Items are FIFO over all
// producers. More than one thread may pop: the consumer, and a producer that makes room by
// dropping the oldest. Cells are zero-initialised lazily by the kernel, so an unused ring costs
// no memory. docs/decisions/0003 says why this is our own.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace weir::core {

template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Room for at least `capacity` items.
  explicit Ring(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? 2 : capacity) - 1),
        cells_(static_cast<Cell*>(std::calloc(mask_ + 1, sizeof(Cell)))) {
    if (cells_ == nullptr) throw std::bad_alloc();
  }
  ~Ring() { std::free(cells_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // False when full. Any thread.
  bool push(const T& item) {
    std::uint64_t position = tail_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[position & mask_];
      const std::uint64_t turn = cell.turn.load(std::memory_order_acquire) + (position & mask_);
      if (turn == position) {
        if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          cell.item = item;
          // Sequentially consistent, so that a producer which then sees no sleeper and a
          // consumer which then sees no item cannot both be right (see Waker).
          cell.turn.store(position + 1 - (position & mask_), std::memory_order_seq_cst);
          return true;
        }
      } else if (turn < position) {
        return false;
      } else {
        position = tail_.load(std::memory_order_relaxed);
      }
    }
  }

  // False when empty. Any thread.
  bool pop(T& item) {
    std::uint64_t position = head_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[position & mask_];
      const std::uint64_t turn = cell.turn.load(std::memory_order_seq_cst) + (position & mask_);
      if (turn == position + 1) {
        if (head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          item = cell.item;
          cell.turn.store(position + mask_ + 1 - (position & mask_), std::memory_order_release);
          return true;
        }
      } else if (turn < position + 1) {
        return false;
      } else {
        position = head_.load(std::memory_order_relaxed);
      }
    }
  }

  bool empty() const {
    const std::uint64_t position = head_.load(std::memory_order_seq_cst);
    const Cell& cell = cells_[position & mask_];
    return cell.turn.load(std::memory_order_seq_cst) + (position & mask_) < position + 1;
  }

  std::size_t capacity() const { return mask_ + 1; }

  // Counts of pushes that have begun, and of pops that have: between the two there may be an item
  // that is not there yet, which hides those behind it.
  std::uint64_t pushes() const { return tail_.load(std::memory_order_seq_cst); }
  std::uint64_t pops() const { return head_.load(std::memory_order_seq_cst); }

 private:
  // `turn` is kept less the cell's own index, so that all zeros is the right beginning.
  struct Cell {
    std::atomic<std::uint64_t> turn;
    T item;
  };

  const std::uint64_t mask_;
  Cell* const cells_;
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  alignas(64) std::atomic<std::uint64_t> head_{0};
};

}  // namespace weir::core
