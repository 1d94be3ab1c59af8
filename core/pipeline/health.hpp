// What works and what does not: for probes, `weir status` and the page of the agent.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"

namespace weir::core {

// From when on something counts as hanging.
struct HangLimits {
  // The scheduler, when it has no thread for what is due; long enough for a machine that is busy.
  std::chrono::nanoseconds silent = std::chrono::seconds(10);
  // A processor in one call, without what it waits for room further down: that is told.
  std::chrono::nanoseconds call_late = std::chrono::seconds(10);
  // Likewise: that only another start mends. A call has one batch, which takes milliseconds; one
  // that asks a server for each of its rows has time to find out that nobody answers.
  std::chrono::nanoseconds call_stuck = std::chrono::minutes(2);
};

// "12 s".
inline std::string whole_seconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

enum class Phase { kStarting, kRunning, kStopping };

enum class Condition {
  kStarting,  // not yet known
  kWorks,
  kFails,   // the last call failed, one does not end, or there is no connection
  kAbsent,  // it could not be loaded or started, and the agent goes on without it
};

struct ComponentHealth {
  std::string id;
  weir_kind kind = 0;
  std::string type;
  bool required = false;
  Condition condition = Condition::kStarting;
  std::string reason;  // unless it works
};

struct Health {
  Phase phase = Phase::kStarting;
  // The first collections are over, well or not; once true, always.
  bool collected = false;
  // The first rows were collected, and what leads to a required sink is done with some of them;
  // once true, always.
  bool started = false;
  // Has started, runs, and no required component fails or is absent.
  bool ready = false;
  std::vector<ComponentHealth> components;  // sources, processors, sinks
};

// Why a component fails, told by the thread that found out.
class Trouble {
 public:
  void set(std::string_view why) {
    const std::lock_guard lock(mutex_);
    why_ = why;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }

 private:
  mutable std::mutex mutex_;
  std::string why_;
};

}  // namespace weir::core
