// A stream of bytes to a server: TCP or a Unix socket, with TLS or without, never blocking for
// longer than it is told. Debian 12's hiredis (0.14) has neither TLS nor limits of time for both
// directions; its parser of answers is what this sink takes of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "place.hpp"
#include "tls.hpp"
#include "weir/posix.hpp"

namespace weir::redis_sink {

using Deadline = std::chrono::steady_clock::time_point;

// Waits for poll(2) events on one file. False: the time is up.
bool wait_for(int fd, short events, Deadline deadline);
int milliseconds_to(Deadline deadline);  // rounded up, not below 0

// One thread.
class Socket {
 public:
  // "" or what went wrong. `tls`: nullptr for none.
  std::string connect(const Address& address, const ClientTls* tls, Deadline deadline);
  void close();
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  bool is_tls() const { return ssl_ != nullptr; }

  // What a call came to: bytes that went, or which events to wait for, or why it is over.
  struct Result {
    std::size_t bytes = 0;
    short wait_for = 0;
    std::string problem;
  };
  Result read(char* to, std::size_t size);
  Result write(std::string_view bytes);

 private:
  std::string connect_tcp(const Address& address, Deadline deadline);
  std::string connect_unix(const std::string& path, Deadline deadline);
  std::string connect_one(int family, const void* address, unsigned size, Deadline deadline);
  std::string handshake(const ClientTls& tls, const std::string& host, Deadline deadline);
  Result ssl_result(int returned, int error);

  Fd fd_;
  Ssl ssl_;
};

}  // namespace weir::redis_sink
