// Tells of writes and calls that take longer than they may. Nothing can end them: they are a
// plugin's, in its own thread, and the rows stay with its component until it returns.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/plugin/host.hpp"

namespace weir::core {

class CallWatch {
 public:
  explicit CallWatch(const HangLimits& limits) : limits_(limits) {}
  ~CallWatch();
  // The control thread. The host outlives this, or is removed before it goes.
  void add_sink(const Host& host, std::chrono::nanoseconds write_deadline);
  void add_processor(const Host& host);
  void remove(const Host& host);

 private:
  struct Watched {
    const Host* host;
    bool is_sink;
    std::chrono::nanoseconds timeout;
    bool told_late = false;
    bool told_stuck = false;
  };
  void add(const Watched& watched);
  void run();
  void look_at_sink(Watched& watched) const;
  void look_at_processor(Watched& watched) const;
  std::chrono::nanoseconds period() const;

  const HangLimits limits_;
  std::mutex mutex_;
  std::vector<Watched> watched_;  // under mutex_
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace weir::core
