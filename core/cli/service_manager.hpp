// What the service manager is told about the agent: the protocol of sd_notify(3), that is lines of
// NAME=value in a datagram to the socket NOTIFY_SOCKET. Without such a socket nothing is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/pipeline/pipeline.hpp"
#include "weir/posix.hpp"

namespace weir::cli {

// One thread at a time.
class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment.
  ServiceManager();

  bool listens() const { return static_cast<bool>(socket_); }
  // How long after a `tick` the next one is due.
  std::chrono::nanoseconds period() const;
  // READY=1 once the first collections are over; then what the agent does, every ten seconds; and
  // WATCHDOG=1 as long as the pipeline moves.
  void tick(const core::Pipeline& pipeline);
  // That it takes as long, and some more.
  void stopping(std::chrono::nanoseconds timeout);
  // Around a reload.
  void reloading();
  void reloaded();

 private:
  using Clock = std::chrono::steady_clock;

  void send(const std::string& lines) const;
  std::string status(const core::Pipeline& pipeline, const core::Health& health,
                     Clock::time_point now);

  Fd socket_;
  std::string address_;                  // a path, or with a NUL in front an abstract name
  std::chrono::nanoseconds watchdog_{};  // within this it wants to hear of us; 0: it does not
  bool ready_ = false;
  Clock::time_point told_{};     // when the status was sent last
  std::uint64_t delivered_ = 0;  // rows, until then
};

}  // namespace weir::cli
