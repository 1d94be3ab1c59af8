// Where a sink's thread takes its rows from: its queue in memory, or what that queue put on a disk.
#pragma once

#include <cstdint>

#include "core/pipeline/batch.hpp"
#include "core/pipeline/route.hpp"
#include "core/pipeline/waker.hpp"

namespace weir::core {

// A chain on its way over a route.
struct Item {
  Batch* chain;
  Route* route;
};

// Rows of a chain that its consumer will not get; `done_with` follows.
inline void lose(const Item& item, DropReason reason, std::uint64_t rows) {
  item.route->dropped(reason, rows);
  if (Receipt* receipt = item.chain->receipt) receipt->lose(item.route->to_required);
}
// The route has nothing to do with a chain any more, whatever came of it.
inline void done_with(const Item& item) {
  if (Receipt* receipt = item.chain->receipt) receipt->done(item.route->to_required);
}
// A chain goes on over the route that succeeds its own; its rows are held there.
inline void hand_over(Item& item, Route& next) {
  if (Receipt* receipt = item.chain->receipt) receipt->open(next.to_required);
  done_with(item);
  const auto rows = static_cast<std::int64_t>(item.chain->chain_rows);
  next.rows_held.fetch_add(rows, std::memory_order_relaxed);
  item.route->rows_held.fetch_sub(rows, std::memory_order_release);
  item.route = &next;
}

// The consumer's thread calls all but `nudge`.
class Inbox {
 public:
  Inbox() = default;
  virtual ~Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // False when there is nothing now.
  virtual bool pop(Item& item) = 0;
  // Sleeps until there is something to pop, a nudge, or the deadline.
  virtual void sleep_until(Waker::Clock::time_point deadline) = 0;
  // Ends that sleep. Any thread.
  virtual void nudge() = 0;
  // Done with the oldest item that was popped, whose outcome has been counted: gives its reference
  // back, and says how much room it took. To be followed by `unreserve`, once for many.
  virtual std::uint64_t let_go(const Item& item) = 0;
  virtual void unreserve(std::uint64_t bytes) = 0;
  // The process ends before `rows_left` rows of an item were delivered.
  virtual void leave(const Item& item, std::uint64_t rows_left) = 0;
  // Nothing more will come before some of what was popped is done with.
  virtual bool pressed() const = 0;
  // What is left behind is there for the next process.
  virtual bool outlives() const = 0;
};

}  // namespace weir::core
