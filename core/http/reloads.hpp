// Reloads: those that were asked for, and what came of the last one. The control thread does them;
// whoever asks looks here until his is done.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace weir::http {

class Reloads {
 public:
  enum class Result {
    kNone,  // there was none
    kDone,
    kPartly,   // some components go on as before
    kRefused,  // nothing has changed: it cannot be done
    kInvalid,  // nothing has changed: the files are wrong
  };
  struct State {
    std::uint64_t asked = 0;  // the number of the last that was asked for
    std::uint64_t done = 0;   // those up to here are done
    bool running = false;
    std::uint64_t count = 0;  // that have ended, whoever asked
    Result result = Result::kNone;
    std::int64_t ended_ns = 0;  // of the last; since the Unix epoch
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
  void end(Result result, std::vector<std::string> lines, std::int64_t now_ns) {
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

// "done", "refused", ...
const char* to_text(Reloads::Result result);

}  // namespace weir::http
