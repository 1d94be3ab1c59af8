#include "core/pipeline/call_watch.hpp"

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

CallWatch::~CallWatch() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallWatch::add_sink(const Host& host, std::chrono::nanoseconds write_deadline) {
  add({&host, true, write_deadline});
}

void CallWatch::add_processor(const Host& host) { add({&host, false, limits_.call_late}); }

void CallWatch::add(const Watched& watched) {
  {
    const std::lock_guard lock(mutex_);
    watched_.push_back(watched);
  }
  changed_.notify_all();
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "weir-watch");
    run();
  });
}

void CallWatch::remove(const Host& host) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watched_, [&](const Watched& w) { return w.host == &host; });
}

// Under mutex_.
std::chrono::nanoseconds CallWatch::period() const {
  std::chrono::nanoseconds period = kPeriodMax;
  for (const Watched& w : watched_) period = std::min(period, w.timeout / 4);
  return std::max(period, kPeriodMin);
}

void CallWatch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, period());
    for (Watched& w : watched_) w.is_sink ? look_at_sink(w) : look_at_processor(w);
  }
}

void CallWatch::look_at_sink(Watched& w) const {
  const bool late = w.host->overdue().value_or(milliseconds(0)) > kGrace;
  if (late && !w.told_late) {
    log(WEIR_LOG_WARN, w.host->id(),
        "a write takes longer than its write_deadline; its rows wait until the sink returns");
  } else if (!late && w.told_late) {
    log(WEIR_LOG_INFO, w.host->id(), "the write that took longer than its write_deadline ended");
  }
  w.told_late = late;
}

void CallWatch::look_at_processor(Watched& w) const {
  const std::chrono::nanoseconds lasts = w.host->call_lasts();
  const bool late = lasts > limits_.call_late + kGrace;
  const bool stuck = lasts >= limits_.call_stuck;
  if (late && !w.told_late) {
    log(WEIR_LOG_WARN, w.host->id(),
        "a call has been under way for " + whole_seconds(lasts) +
            "; its rows wait until the processor returns");
  }
  if (stuck && !w.told_stuck) {
    log(WEIR_LOG_ERROR, w.host->id(),
        "a call has not returned for " + whole_seconds(lasts) +
            "; /health fails and the watchdog of the service manager is not fed until it does");
  }
  if (!late && w.told_late) log(WEIR_LOG_INFO, w.host->id(), "the call that took so long ended");
  w.told_late = late;
  w.told_stuck = stuck;
}

}  // namespace weir::core
