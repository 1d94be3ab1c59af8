// How long a call into a processor has been under way, without the time in which the processor
// waits for room further down: that time is an output's, and not its own.
//
// A processor may emit from threads of its own, for which the call may wait: while any of them
// waits for room the clock stands.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace weir::core {

// Any thread.
class CallClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::nanoseconds;

  // Around each call; one at a time. `limit`: what it may take.
  void begins(Time now, Span limit) {
    const std::lock_guard lock(mutex_);
    under_way_ = true;
    began_ = waits_since_ = now;
    waited_ = Span(0);
    limit_ = limit;
  }
  void ended() {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
  }

  // Around what may wait for room.
  void wait_begins(Time now) {
    const std::lock_guard lock(mutex_);
    if (waiting_++ == 0) waits_since_ = now;
  }
  void wait_ended(Time now) {
    const std::lock_guard lock(mutex_);
    if (--waiting_ == 0) waited_ += now - waits_since_;
  }

  class Wait {
   public:
    explicit Wait(CallClock& clock) : clock_(clock) {
      clock_.wait_begins(std::chrono::steady_clock::now());
    }
    ~Wait() { clock_.wait_ended(std::chrono::steady_clock::now()); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    CallClock& clock_;
  };

  // Nothing while no call is under way.
  std::optional<Span> lasts(Time now) const {
    const std::lock_guard lock(mutex_);
    return lasts_until(now);
  }
  // Since when it should have ended, negative until then.
  std::optional<Span> overdue(Time now) const {
    const std::lock_guard lock(mutex_);
    const std::optional<Span> lasts = lasts_until(now);
    return lasts ? *lasts - limit_ : lasts;
  }

 private:
  // Under mutex_.
  std::optional<Span> lasts_until(Time now) const {
    if (!under_way_) return {};
    // It may have begun since the caller looked at the time.
    return std::max((waiting_ > 0 ? waits_since_ : now) - began_ - waited_, Span(0));
  }

  mutable std::mutex mutex_;
  bool under_way_ = false;
  Time began_;
  Span limit_{};
  std::uint32_t waiting_ = 0;  // threads
  Time waits_since_;           // of the call under way
  Span waited_{};              // likewise, until then
};

}  // namespace weir::core
