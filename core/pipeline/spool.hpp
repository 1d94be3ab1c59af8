// The disk in front of a sink: everything that is routed to it is appended to a disk buffer, and
// the sink's thread reads it back from there, in order.
//
// A thread of its own takes chains from the queue in memory, appends as many as there are as one
// group, and lets them go: from then on they survive the process. When the buffer is full,
// `when_full` decides as for a queue in memory: wait, which lets the queue fill up and its
// producers wait in turn; or drop the oldest segment; or drop what comes. When the disk refuses
// a write it is tried again.
//
// As an overflow, the disk takes rows only while memory is half full, and at the end: then all that
// is in memory is appended, first what the sink has in its hands (those rows have a twin on the
// disk from then on), so that the disk is in order and a later process goes on with the oldest. The
// sink's thread reads the disk until there is nothing more, and memory again. See
// spool_overflow.cpp.
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
  enum class Use { kAlways, kOverflow };
  // As whose rows are counted that came from nobody who is there any more.
  static constexpr const char* kEarlier = "(earlier configuration)";

  // Opens the buffer in `folder`, which is made. nullptr and `error` when it cannot be used.
  static std::unique_ptr<Spool> open(const std::string& id, const std::string& folder, Use use,
                                     const buffer::Options& options, ConsumerQueue& queue,
                                     Registry& registry, BatchPools& pools, std::string& error);
  ~Spool() override;

  // Begins to append. Control thread.
  void start();
  // Tells which routes lead here, before `start`. Rows that were found are counted on the route
  // that they came over; where there are rows of others, or rows that cannot be read, a route for
  // those is made, which is to be added to the others.
  std::unique_ptr<Route> adopt(const std::vector<Route*>& routes);
  // The same where this process left the rows there under other options, and counts them as held
  // already, by producer. What differs is to be settled when that number is final.
  using HeldBefore = std::map<std::string, std::int64_t>;
  struct Adopted {
    Route* route;
    std::int64_t found, held;
    void settle(std::int64_t held_in_the_end) const;
  };
  std::unique_ptr<Route> adopt(const std::vector<Route*>& routes, const HeldBefore& held,
                               std::vector<Adopted>& adopted);
  // Another route leads here, or another one from the same producer. The control thread.
  void add_route(Route& route);
  void remove_route(const Route& route);
  // After its threads and the sink's have ended: another one may have the folder.
  void close() { disk_->close(); }
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
  void unreserve(std::uint64_t bytes) override {
    if (bytes != 0) queue_.unreserve(bytes);
  }
  void leave(const Item& item, std::uint64_t rows_left) override;
  // What is appended waits for room that only an acknowledgement makes; or the sink has as much of
  // the memory as it may.
  bool pressed() const override {
    return starved_.load(std::memory_order_relaxed) || has_its_share();
  }
  bool outlives() const override;

  buffer::DiskBuffer::Counts counts() const { return disk_->counts(); }
  std::uint64_t bytes_max() const { return bytes_max_; }
  // Of the last group: from its being taken from the queue until it was appended.
  std::atomic<std::uint64_t> last_append_ns{0};

 private:
  using Chains = std::vector<buffer::Chain>;
  // With the sink, not acknowledged.
  struct Out {
    Item item;
    std::size_t frames;  // to be acknowledged with it
    bool in_memory;      // it came from there
    bool on_disk;        // it is there too
    bool refused;        // the disk had no room for it, and has newer rows since
  };
  // A frame with rows that the sink has from memory.
  struct Twin {
    std::uint64_t frame, out;  // numbers
    std::uint64_t origin, rows;
  };

  // Until a disk that failed is asked again.
  static constexpr std::chrono::milliseconds kFailurePause{250};

  Spool(std::string id, Use use, const buffer::Options& options, ConsumerQueue& queue,
        Registry& registry, BatchPools& pools);
  void wake_appender();

  // The appending thread's.
  void run();
  void run_overflow();
  void spill();
  void append_twins();
  std::uint64_t twins_end();
  bool has_more();
  void give_back(std::size_t first, std::size_t count);
  bool gather();
  void lay_out_group();
  void append_group();
  bool append(std::span<const buffer::Chain> chains, std::size_t first);
  bool make_room(std::size_t index);
  void drop(std::size_t index, DropReason reason);
  bool pause(std::chrono::nanoseconds duration);
  void sync();
  void sync_when_due();
  bool is_ending();

  // The sink's thread's.
  enum class Read { kItem, kEmpty, kFailed };
  Read pop_disk(Item& item);
  bool pop_memory(Item& item);
  bool has_its_share() const { return bytes_out_ > queue_.bytes_max() / 4; }
  buffer::DiskBuffer::Next next(std::string& error);
  Read meet_twins();
  bool may_be_twin(std::uint64_t frame) const;
  void keep_twins_from(buffer::RowsByOrigin& damaged, std::uint64_t frame);
  void acknowledge(std::size_t frames);
  void acknowledge_with(std::uint64_t out);
  Out take_oldest();
  Read wait_for_disk(const std::string& what);
  Route& route_of(std::uint64_t origin) const;
  void dropped(const buffer::RowsByOrigin& rows, DropReason reason);

  const std::string id_;
  const Use use_;
  const std::uint64_t bytes_max_;
  const bool syncs_;
  ConsumerQueue& queue_;
  buffer::RowsByOrigin found_;
  buffer::RowsByOrigin found_damaged_;
  std::uint64_t found_damaged_unknown_ = 0;  // whose they were
  std::unique_ptr<buffer::DiskBuffer> disk_;

  // The appending thread's.
  std::vector<Item> group_;
  std::vector<std::vector<const weir_batch*>> batches_;  // of each chain of the group
  Chains chains_;
  bool failing_ = false;
  bool refused_ = false;  // the disk took not all
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool pressed_ = false;   // under mutex_
  bool ending_ = false;    // under mutex_
  bool finished_ = false;  // under mutex_
  std::atomic<bool> giving_up_{false};
  std::atomic<bool> starved_{false};

  // Which route rows came over, by the producer's hash. Routes are added, none goes.
  mutable std::mutex routes_mutex_;
  std::map<std::uint64_t, Route*> routes_;
  mutable Route stray_;  // of an origin that nobody expects any more

  // The sink's thread's.
  Replay replay_;
  std::uint64_t bytes_out_ = 0;  // of items from memory
  buffer::Frame frame_;          // the last that was read
  bool stuck_ = false;           // it is still to be made a chain of
  Waker::Clock::time_point retry_at_{};
  Waker waker_;
  std::atomic<bool> appended_{false};
  std::atomic<bool> nudged_{false};

  // Both's, under turn_. While the disk has rows that were not read, or more are being appended,
  // the sink's thread takes nothing from memory: they are older.
  mutable std::mutex turn_;
  bool spilled_ = true;     // the disk may have rows
  bool appending_ = false;  // and gets more just now
  bool twinning_ = false;   // frames from twin_begin_ on may be twins: not known yet
  std::uint64_t twin_begin_ = 0;
  std::uint64_t appends_ = 0;  // ended
  std::deque<Item> returned_;  // the oldest in memory: were to be appended
  std::deque<Out> out_;
  std::uint64_t out_first_ = 0;  // number of out_.front()
  std::deque<Twin> twins_;       // to be read
};

}  // namespace weir::core
