// When a sink that fails is tried again: a circuit breaker over exponential back-off.
//
// Closed: after the n-th failure in a row the next write follows within initial x 2^(n-1), at most
// max, with full jitter, so that a fleet does not come back as one. After `breaker` failures the
// circuit is open: it is no hiccup, and who comes to life needs room. From then on single writes,
// probes, follow each other by max/2 to max; while one is under way the circuit is half open, and
// the first that succeeds closes it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace weir::core {

struct RetryPolicy {
  std::chrono::nanoseconds initial;
  std::chrono::nanoseconds max;
  std::uint32_t breaker = 0;  // failures in a row that open the circuit; 0: none do
};

// The sink's thread; `state`, any.
class Circuit {
 public:
  enum class State : std::uint8_t { kClosed, kHalfOpen, kOpen };

  explicit Circuit(RetryPolicy policy) : policy_(policy) {}

  void begin() {
    if (state() == State::kOpen) state_.store(State::kHalfOpen, std::memory_order_relaxed);
  }
  // How many writes had failed before.
  std::uint32_t succeeded() {
    state_.store(State::kClosed, std::memory_order_relaxed);
    const std::uint32_t failures = failures_;
    failures_ = 0;
    return failures;
  }
  // How long to wait; `random` is from [0, 1).
  std::chrono::nanoseconds failed(double random) {
    failures_ = std::min(failures_, kFailuresMax) + 1;
    const auto max = static_cast<double>(policy_.max.count());
    if (policy_.breaker != 0 && failures_ >= policy_.breaker) {
      state_.store(State::kOpen, std::memory_order_relaxed);
      return std::chrono::nanoseconds(static_cast<std::int64_t>(max * (1 + random) / 2));
    }
    const double grown = std::ldexp(static_cast<double>(policy_.initial.count()),
                                    static_cast<int>(std::min(failures_ - 1, 60u)));
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(grown, max) * random));
  }

  std::uint32_t failures() const { return failures_; }  // in a row
  bool has_just_opened() const { return policy_.breaker != 0 && failures_ == policy_.breaker; }
  State state() const { return state_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kFailuresMax = 1u << 30;

  const RetryPolicy policy_;
  std::uint32_t failures_ = 0;
  std::atomic<State> state_{State::kClosed};
};

}  // namespace weir::core
