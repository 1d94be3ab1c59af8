#include "core/pipeline/write_watch.hpp"

#include <pthread.h>

#include <algorithm>

#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

using std::chrono::milliseconds;

// Who gives up at its deadline is not told of.
constexpr std::chrono::nanoseconds kGrace = milliseconds(1000);
constexpr std::chrono::nanoseconds kPeriodMin = milliseconds(50), kPeriodMax = milliseconds(10'000);

}  // namespace

WriteWatch::~WriteWatch() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WriteWatch::add(const Host& host, std::chrono::nanoseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    watched_.push_back({&host, timeout, false});
  }
  changed_.notify_all();
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "weir-watch");
    run();
  });
}

void WriteWatch::remove(const Host& host) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watched_, [&](const Watched& w) { return w.host == &host; });
}

// Under mutex_.
std::chrono::nanoseconds WriteWatch::period() const {
  std::chrono::nanoseconds period = kPeriodMax;
  for (const Watched& w : watched_) period = std::min(period, w.timeout / 4);
  return std::max(period, kPeriodMin);
}

void WriteWatch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, period());
    for (Watched& w : watched_) {
      const bool late = w.host->write_overdue().value_or(milliseconds(0)) > kGrace;
      if (late && !w.told) {
        log(WEIR_LOG_WARN, w.host->id(),
            "a write takes longer than its write_deadline; its rows wait until the sink returns");
      } else if (!late && w.told) {
        log(WEIR_LOG_INFO, w.host->id(),
            "the write that took longer than its write_deadline ended");
      }
      w.told = late;
    }
  }
}

}  // namespace weir::core
