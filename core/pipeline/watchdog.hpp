// While it lives: something happens at `soft`, and something else at `hard`, unless whoever made it
// is done before. For calls into plugins, which nothing can end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace weir::core {

class Watchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Watchdog(Time soft, std::function<void()> at_soft, Time hard, std::function<void()> at_hard)
      : thread_([this, soft, hard, at_soft = std::move(at_soft), at_hard = std::move(at_hard)] {
          std::unique_lock lock(mutex_);
          if (done_.wait_until(lock, soft, [this] { return finished_; })) return;
          at_soft();
          if (done_.wait_until(lock, hard, [this] { return finished_; })) return;
          at_hard();
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    done_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace weir::core
