// A connection to the broker: TCP or TLS, non-blocking, for a thread that polls.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "shared/mosquitto/connection_options.hpp"
#include "weir/posix.hpp"

struct addrinfo;
struct ssl_st;
struct ssl_ctx_st;

namespace weir::mqtt_source {

using Clock = std::chrono::steady_clock;

// One thread. Failures are texts for people; "" is success.
class Link {
 public:
  // `stop_fd`: readable when connecting should be given up.
  Link(const mqtt::ConnectionOptions& options, int stop_fd);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  std::string connect(Clock::time_point deadline);
  // To the first of these that answers; each may take its share of the time that is left.
  std::string connect_any(const addrinfo* addresses, Clock::time_point deadline);
  // Appends what there is to `in`, at most `bytes_max`; nothing when there is none.
  std::string read(std::string& in, std::size_t bytes_max);
  // Takes away from `out` what the system took.
  std::string write(std::string& out);
  // Waits for what `read` (when `reads`) or `write` (when `writes`) can use, for `wake_fd`, or the
  // deadline.
  void wait(bool reads, bool writes, int wake_fd, Clock::time_point deadline);
  std::string secured() const;  // "TLSv1.3", or "" where it is plain

 private:
  std::string connect_tcp(const mqtt::Place& place, Clock::time_point deadline);
  std::string handshake(const mqtt::Place& place, Clock::time_point deadline);
  std::string tls_problem(const std::string& what);
  std::string connect_one(const addrinfo& address, Clock::time_point deadline);
  bool is_stopped() const;

  const mqtt::ConnectionOptions& options_;
  const int stop_fd_;
  Fd socket_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
  bool tls_wants_write_ = false, tls_wants_read_ = false;
};

}  // namespace weir::mqtt_source
