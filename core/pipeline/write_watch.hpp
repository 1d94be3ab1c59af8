// Tells of writes that take longer than they may. Nothing can end them: they are a plugin's, in
// its own thread, and the rows stay with its sink until it returns.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/plugin/host.hpp"

namespace weir::core {

class WriteWatch {
 public:
  ~WriteWatch();
  // The control thread. The host outlives this, or is removed before it goes.
  void add(const Host& host, std::chrono::nanoseconds timeout);
  void remove(const Host& host);

 private:
  struct Watched {
    const Host* host;
    std::chrono::nanoseconds timeout;
    bool told;
  };
  void run();
  std::chrono::nanoseconds period() const;

  std::mutex mutex_;
  std::vector<Watched> watched_;  // under mutex_
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace weir::core
