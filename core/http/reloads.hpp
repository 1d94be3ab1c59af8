// Reloads: those that were asked for, and what came of the last one. The control thread does them;
// whoever asks looks here until his is done.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/pipeline/reload_result.hpp"

namespace weir::http {

class Reloads {
 public:
  struct State {
    std::uint64_t asked = 0;  // the number of the last that was asked for
    std::uint64_t done = 0;   // those up to here are done
    bool running = false;
    std::uint64_t count = 0;      // that have ended, whoever asked
    core::ReloadResult result{};  // of the last, where there was one
    std::int64_t ended_ns = 0;    // likewise; since the Unix epoch
    std::vector<std::string> lines;
  };

  // `wake`: tells the control thread that there is one to be done. Any thread.
  explicit Reloads(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The number of the one that is asked for. Any thread.
  std::uint64_t ask() {
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++state_.asked;
    }
    wake_();
    return number;
  }
  State state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  // The control thread, around each: it stands for all that were asked for until it began.
  void begin() {
    const std::lock_guard lock(mutex_);
    covers_ = state_.asked;
    state_.running = true;
  }
  void end(core::ReloadResult result, std::vector<std::string> lines, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    state_.done = covers_;
    state_.running = false;
    ++state_.count;
    state_.result = result;
    state_.lines = std::move(lines);
    state_.ended_ns = now_ns;
  }

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  State state_;
  std::uint64_t covers_ = 0;
};

}  // namespace weir::http
