// A consumer's thread: takes chains from the consumer's queue and has them processed or written.
//
// Modes only go forward: run; leave (end between two calls, what is held goes to a successor);
// drain (take what is there, then end); abandon (end now, what is held is dropped as shutdown).
// Only leaving can be taken back. Only this thread calls the plugin's process or write.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/deadletter/file.hpp"
#include "core/pipeline/circuit.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/plugin/host.hpp"

namespace weir::core {

using SteadyClock = std::chrono::steady_clock;

class Worker {
 public:
  Worker(Host& host, Inbox& inbox) : host_(host), inbox_(inbox) {}
  virtual ~Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void leave() { advance(Mode::kLeave); }
  // False when it has ended by now.
  bool stay();
  void drain() { advance(Mode::kDrain); }
  void abandon() { advance(Mode::kAbandon); }
  // While true, rows do not wait for others to be written with. Any thread.
  void hurry(bool on) {
    hurried_.store(on, std::memory_order_seq_cst);
    if (on) inbox_.nudge();
  }
  // True when the thread has ended by then, and is joined. Control thread.
  bool join_until(SteadyClock::time_point deadline);
  // Lets a thread go that hangs in its plugin; nothing that it uses may be destroyed.
  void detach() { thread_.detach(); }
  // Counts on where another has ended that left, and takes over what it held. `queues`: the other
  // took from memory, from another queue than this one does, be it over a disk. Before `start`.
  struct Queues {
    ConsumerQueue& before;
    ConsumerQueue& now;
  };
  virtual void succeed(Worker& before, const Queues* queues);
  // Gives what it held up instead. After it has left.
  virtual void leave_rest() {}

  const std::string& id() const { return host_.id(); }
  virtual Circuit::State circuit() const { return Circuit::State::kClosed; }

  std::atomic<std::uint64_t> calls{0};    // of process or write
  std::atomic<std::uint64_t> retries{0};  // writes that came to nothing and are repeated
  std::atomic<std::uint64_t> errors{0};   // calls that failed for good
  std::atomic<std::uint64_t> busy_ns{0};  // spent in calls
  std::atomic<bool> failing{false};       // the last call failed

 protected:
  enum class Mode : int { kRun, kLeave, kDrain, kAbandon };

  virtual void run() = 0;
  // For destructors of final classes: the thread uses their members.
  void end();
  // Whether it is to leave; then it does, and cannot `stay` any more.
  bool leaves();
  Mode mode() const { return mode_.load(std::memory_order_seq_cst); }
  bool hurried() const { return hurried_.load(std::memory_order_seq_cst); }
  // Sleeps; ends early when the mode changes, so that a sink that waits to try again does so at
  // once when the agent stops.
  void pause(std::chrono::nanoseconds duration);

  Host& host_;
  Inbox& inbox_;

 private:
  void advance(Mode mode);

  std::atomic<Mode> mode_{Mode::kRun};
  std::atomic<bool> hurried_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool left_ = false;
  bool finished_ = false;
  std::thread thread_;
};

class ProcessorWorker final : public Worker {
 public:
  // `limit`: what a call may take until that is told.
  ProcessorWorker(Host& host, ConsumerQueue& queue, const weir_component_type& type, void* instance,
                  std::chrono::nanoseconds limit)
      : Worker(host, queue), queue_(queue), type_(type), instance_(instance), limit_(limit) {}
  ~ProcessorWorker() override { end(); }
  void succeed(Worker& before, const Queues* queues) override;
  void leave_rest() override;

 private:
  void run() override;
  bool next(Item& item);
  void process(const Item& item);

  ConsumerQueue& queue_;
  std::deque<Item> inherited_;
  const weir_component_type& type_;
  void* const instance_;
  const std::chrono::nanoseconds limit_;
};

struct BatchLimits {
  std::uint64_t rows_max;
  std::uint64_t bytes_max;
  std::chrono::nanoseconds delay_max;
};
struct WritePolicy {
  BatchLimits limits;
  RetryPolicy retry;
  std::chrono::nanoseconds timeout;  // of one write
};

// Gathers batches up to the limits and writes them, again and again where it has to.
class SinkWorker final : public Worker {
 public:
  SinkWorker(Host& host, Inbox& inbox, const weir_component_type& type, void* instance,
             const WritePolicy& policy, deadletter::Writer* letters);
  ~SinkWorker() override { end(); }

  Circuit::State circuit() const override { return circuit_.state(); }
  void succeed(Worker& before, const Queues* queues) override;
  void leave_rest() override { leave_pending(); }

 private:
  struct Pending {
    Item item;
    Batch* cursor;  // the first batch that is not delivered
  };

  void run() override;
  void gather();
  bool due() const;
  void choose();
  // False when the batches are still to be written.
  bool write();
  bool rejected_all() const;
  void failed(const char* why);
  void settle(weir_status outcome);
  void keep_rejected(weir_status outcome, const char* why);
  void pass_on(ConsumerQueue& queue);
  void leave_pending();

  const weir_component_type& type_;
  void* const instance_;
  const WritePolicy policy_;
  deadletter::Writer* const letters_;  // nullptr: rejected rows are not kept

  std::deque<Pending> pending_;
  std::uint64_t pending_rows_ = 0;
  std::uint64_t pending_bytes_ = 0;
  SteadyClock::time_point oldest_;          // when the first of pending_ came
  std::vector<const weir_batch*> batches_;  // of the write under way: the first of pending_
  Circuit circuit_;
  std::chrono::nanoseconds pause_{};  // until the next attempt
  std::minstd_rand random_;
};

}  // namespace weir::core
