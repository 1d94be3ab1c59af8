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
  // Before `start`. The host outlives this.
  void add(const Host& host, std::chrono::nanoseconds timeout);
  void start();  // where there is something to watch

 private:
  struct Watched {
    const Host& host;
    bool told;
  };
  void run();

  std::vector<Watched> watched_;
  std::chrono::nanoseconds period_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace weir::core
