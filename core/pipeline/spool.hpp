// The disk in front of a sink: everything that is routed to it is appended to a disk buffer, and
// the sink's thread reads it back from there, in order.
//
// A thread of its own takes chains from the queue in memory, appends as many as there are as one
// group, and lets them go: from then on they survive the process. When the buffer is full,
// `when_full` decides as for a queue in memory: wait, which lets the queue fill up and its
// producers wait in turn; or drop the oldest segment; or drop what comes. When the disk refuses
// a write it is tried again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/buffer/disk_buffer.hpp"
#include "core/buffer/replay.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/pipeline/registry.hpp"

namespace weir::core {

class Spool final : public Inbox {
 public:
  // Opens the buffer in `folder`, which is made. nullptr and `error` when it cannot be used.
  static std::unique_ptr<Spool> open(const std::string& id, const std::string& folder,
                                     const buffer::Options& options, ConsumerQueue& queue,
                                     Registry& registry, BatchPools& pools, std::string& error);
  ~Spool() override;

  // Begins to append. Control thread.
  void start();
  // Tells which routes lead here, before `start`. Rows that were found are counted on the route
  // that they came over; where there are rows of others, or rows that cannot be read, a route for
  // those is made, which is to be added to the others.
  std::unique_ptr<Route> adopt(const std::vector<Route*>& routes);
  // Nothing more will come: appends what is in the queue, and ends.
  void end_input();
  // Waits for that. False when the disk does not answer: the thread is left behind, and the
  // process must end without destroying anything.
  bool join_input(std::chrono::steady_clock::time_point deadline);

  // Inbox.
  bool pop(Item& item) override;
  void sleep_until(Waker::Clock::time_point deadline) override;
  void nudge() override;
  std::uint64_t let_go(const Item& item) override;
  void unreserve(std::uint64_t) override {}
  void leave(const Item& item, std::uint64_t rows_left) override;
  // What is appended waits for room that only an acknowledgement makes.
  bool pressed() const override { return starved_.load(std::memory_order_relaxed); }
  bool outlives() const override { return true; }

  buffer::DiskBuffer::Counts counts() const { return disk_->counts(); }
  std::uint64_t bytes_max() const { return bytes_max_; }
  // Of the last group: from its being taken from the queue until it was appended.
  std::atomic<std::uint64_t> last_append_ns{0};

 private:
  using Chains = std::vector<buffer::Chain>;

  Spool(std::string id, std::uint64_t bytes_max, ConsumerQueue& queue, Registry& registry,
        BatchPools& pools);

  // The appending thread's.
  void run();
  bool gather();
  void append_group();
  bool append(std::span<const buffer::Chain> chains, std::size_t first);
  bool make_room(std::size_t index);
  void drop(std::size_t index, DropReason reason);
  bool pause(std::chrono::nanoseconds duration);
  void sync_when_due();

  bool next(std::string& error);
  void acknowledge(std::size_t frames);
  Route& route_of(std::uint64_t origin);
  void dropped(const buffer::RowsByOrigin& rows, DropReason reason);

  const std::string id_;
  const std::uint64_t bytes_max_;
  ConsumerQueue& queue_;
  buffer::RowsByOrigin found_;
  std::uint64_t found_damaged_ = 0;
  std::unique_ptr<buffer::DiskBuffer> disk_;

  // The appending thread's.
  std::vector<Item> group_;
  std::vector<std::vector<const weir_batch*>> batches_;  // of each chain of the group
  Chains chains_;
  bool failing_ = false;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;    // under mutex_
  bool finished_ = false;  // under mutex_
  std::atomic<bool> giving_up_{false};
  std::atomic<bool> starved_{false};

  // Which route rows came over, by the producer's hash.
  std::mutex routes_mutex_;
  std::map<std::uint64_t, Route*> routes_;

  // The sink's thread's.
  Replay replay_;
  std::deque<std::size_t> frames_;  // acknowledged with each item that is out
  buffer::Frame frame_;             // the last, while `stuck_`
  bool stuck_ = false;              // it could not be made a chain of; to be tried again
  Waker::Clock::time_point retry_at_{};
  Waker waker_;
  std::atomic<bool> appended_{false};
  std::atomic<bool> nudged_{false};
};

// How the disk buffer knows a producer.
std::uint64_t origin_of(const std::string& producer);

}  // namespace weir::core
