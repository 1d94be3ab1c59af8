// Fires sources: on monotonic timers aligned to the wall clock, from a small pool of threads.
//
// A source's ticks stand for the multiples of its interval on the wall clock (plus its jitter, a
// fixed delay of its own). A tick that comes while its source is still collecting is missed and
// counted. A collection that lasts longer than its interval keeps its thread, but the pool gets
// another for as long, so that it never delays other sources. After a jump of the wall clock the
// next tick is computed afresh.
//
// A source with a speed has a clock of its own: it begins with the wall clock's time and runs that
// much faster. Its interval and its jitter are told on that clock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::core {

// Of one source; any thread reads.
struct CollectionCounts {
  std::atomic<std::uint64_t> collections{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> missed{0};    // ticks that came while one was under way
  std::atomic<std::uint64_t> overruns{0};  // collections that lasted longer than the interval
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> last_ns{0};  // duration of the last
  std::atomic<std::int64_t> began_ns{0};  // of the one under way, steady clock; 0: there is none
};

class Scheduler {
 public:
  struct Task {
    std::string id;
    std::chrono::nanoseconds interval;
    std::chrono::nanoseconds jitter;  // below the interval
    // Collects for that instant (ns since the Unix epoch).
    std::function<void(std::int64_t time)> collect;
    CollectionCounts* counts;
    double speed = 1;  // above 0; the interval over it is at least 1 ms
  };

  Scheduler();
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Before `start` or after it. The control thread, as all but the last two.
  void add(Task task);
  void start();
  // Waits until that source is not collecting, and never collects it again. False when `go_on`
  // says no before that, it is asked every few milliseconds: then all is as before.
  bool remove(const std::string& id, const std::function<bool()>& go_on);
  // Likewise, but leaves a collection behind that does not return.
  void forget(const std::string& id);
  // No new collection begins; waits for those under way. Empty when all have ended by `deadline`;
  // else the sources whose threads could not be joined: the process must then end without
  // destroying what they use.
  std::vector<std::string> stop(std::chrono::steady_clock::time_point deadline);

  // Every second the pool is given something to do; for how long it has not come to that. Any
  // thread.
  std::chrono::nanoseconds silent_for() const;

  std::uint64_t clock_jumps() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with threads that hang
};

}  // namespace weir::core
