// The one queue of a consumer: bounded in bytes, lock-free, with a policy for when it is full.
//
// The limit covers everything the consumer holds: chains in the ring and those that it took out
// and is not done with. A chain is charged the whole memory of its batches, in every queue that
// it is in.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "core/pipeline/batch.hpp"
#include "core/pipeline/inbox.hpp"
#include "core/pipeline/ring.hpp"
#include "core/pipeline/route.hpp"
#include "core/pipeline/waker.hpp"

namespace weir::core {

enum class WhenFull : std::uint8_t { kBlock, kDropOldest, kDropNewest };

class ConsumerQueue final : public Inbox {
 public:
  using Item = core::Item;

  ConsumerQueue(std::uint64_t bytes_max, WhenFull when_full);
  ~ConsumerQueue() override;

  // Takes one reference on the chain over, whatever happens to it; counts both sides of the
  // route. Waits under kBlock, and for a moment for who was told of pressure. Any thread.
  // `gives_up`: once it is true, this producer waits no longer; nullptr: it does not give up.
  enum class Wait { kForRoom, kNever };
  void push(Batch* chain, Route& route, Wait wait = Wait::kForRoom,
            const std::atomic<bool>* gives_up = nullptr);

  // For try_emit: room set aside beforehand, so that a push to several queues is all or none.
  bool reserve(const Batch& chain) { return reserve(charge(chain)); }
  void unreserve(const Batch& chain) { unreserve(charge(chain)); }
  void push_reserved(Batch* chain, Route& route);

  // The consumer's thread. False when empty.
  bool pop(Item& item) override;
  // Sleeps until there is something to pop, a wake, or the deadline.
  void sleep_until(Waker::Clock::time_point deadline) override {
    waker_.sleep_until(deadline, [this] { return !empty() || nudged(); });
  }
  // Done with an item, whose outcome has been counted: gives its reference back, and says how
  // much room it took. To be followed by unreserve, once for many.
  std::uint64_t let_go(const Item& item) override;
  void unreserve(std::uint64_t bytes) override;
  void leave(const Item& item, std::uint64_t rows_left) override;
  bool pressed() const override { return bytes_held() >= bytes_max_ / 2; }
  bool outlives() const override { return false; }
  // Like `let_go` and `unreserve`, but the rows stay held: they are on a disk now.
  void hand_on(const Item& item);
  void finish(const Item& item) { unreserve(let_go(item)); }
  // Ends the consumer's sleep. Any thread.
  void nudge() override {
    nudged_.store(true, std::memory_order_seq_cst);
    waker_.wake();
  }
  // From here on nobody waits for room: what finds none is dropped as shutdown.
  void give_up();
  // Has those who wait for room look whether they gave up.
  void wake_producers();
  bool has_waiting() const { return waiting_.load(std::memory_order_seq_cst) != 0; }
  // Drops everything still in the ring as shutdown. The consumer's thread has ended.
  void drop_rest();
  // Nobody takes anything out any more: what is in the ring, and what comes from now on, goes on
  // over the routes' successors, or where there are none is dropped as shutdown.
  void close();
  // Takes an item over from a queue that is closed, for a consumer that has it already; room or
  // not. To be followed by `let_go` and `unreserve`, as if it had been popped here.
  void adopt(Item& item, ConsumerQueue& from);
  // An item that was popped goes to the front of the queue that its route's successor leads to;
  // without one it is dropped as shutdown.
  void forward(Item& item);
  // What is in the ring is older than what is forced in from now on, and stays so.
  void ring_to_front();

  // `told` is called by whoever makes it `pressed`, once, and again after `rearm`. It is expected
  // to make room at once: rows that find none wait for it for a moment before they are dropped.
  // Once.
  void on_pressure(std::function<void()> told);
  bool waits_a_moment() const { return tells_.load(std::memory_order_relaxed); }
  void rearm() { pressure_armed_.store(true, std::memory_order_seq_cst); }

  bool empty() const { return ring_.empty() && !has_front_.load(std::memory_order_seq_cst); }
  WhenFull when_full() const { return when_full_; }
  std::uint64_t bytes_held() const { return bytes_held_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  static constexpr std::uint64_t kCellBytes = 256;
  static constexpr std::uint64_t kCellsMax = 1u << 22;

  // What a chain takes of the limit: its memory, and at least a cell's share, so that the cells
  // never run out before the bytes do, in a queue of any size.
  std::uint64_t charge(const Batch& chain) const {
    return chain.chain_bytes > cell_bytes_ ? chain.chain_bytes : cell_bytes_;
  }
  bool reserve(std::uint64_t bytes);
  bool nudged() { return nudged_.exchange(false, std::memory_order_seq_cst); }
  void admit(Batch* chain, Route& route);
  bool pop_front(Item& item);
  void force(const Item& item);
  void forward_all();
  void drop(Batch* chain, Route& route, DropReason reason);
  void refuse(Batch* chain, Route& route, DropReason reason);
  bool make_room();
  void tell_pressure();
  bool wait_for_room(std::uint64_t bytes, const std::atomic<bool>* gives_up);

  const std::uint64_t bytes_max_;
  const WhenFull when_full_;
  Ring<Item> ring_;
  const std::uint64_t cell_bytes_;
  alignas(64) std::atomic<std::uint64_t> bytes_held_{0};
  alignas(64) Waker waker_;
  std::atomic<bool> nudged_{false};
  std::atomic<bool> giving_up_{false};
  std::atomic<bool> closed_{false};
  std::function<void()> pressure_;
  std::atomic<bool> tells_{false};  // somebody wants to know of pressure, and pressure_ is there
  std::atomic<bool> pressure_armed_{false};
  std::atomic<bool> makes_room_{false};  // who is told did so when somebody last waited for it

  // What came late over a route that this queue's succeeds: older than what is in the ring.
  std::atomic<bool> has_front_{false};
  std::mutex front_mutex_, forward_mutex_;
  std::deque<Item> front_;

  // Producers that wait for room.
  std::atomic<int> waiting_{0};
  std::mutex room_mutex_;
  std::condition_variable room_;
};

}  // namespace weir::core
