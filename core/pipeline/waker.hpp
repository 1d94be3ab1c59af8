// Lets one thread sleep until another has put something where it looks.
//
// The sleeper says that it will sleep, looks once more, and sleeps; the waker publishes, then
// looks whether somebody sleeps. Both use sequentially consistent operations, so at least one of
// them sees the other. A wake costs one load while nobody sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir::core {

class Waker {
 public:
  using Clock = std::chrono::steady_clock;

  // Any thread, after it has published what the sleeper waits for.
  void wake() {
    if (!sleeping_.load(std::memory_order_seq_cst)) return;
    const std::lock_guard lock(mutex_);
    sleeping_.store(false, std::memory_order_relaxed);
    changed_.notify_all();
  }

  // Sleeps until a wake or `deadline`, unless `ready()`. One sleeper at a time.
  template <class Ready>
  void sleep_until(Clock::time_point deadline, Ready ready) {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (ready()) {
      sleeping_.store(false, std::memory_order_relaxed);
      return;
    }
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return !sleeping_.load(std::memory_order_relaxed); };
    if (deadline == Clock::time_point::max()) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_until(lock, deadline, woken);
    }
    sleeping_.store(false, std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> sleeping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace weir::core
