// The agent's HTTP server: one thread, TCP and a Unix socket, by Boost.Beast.
//
// Limits: kConnectionsMax connections, of which the one that has been quiet longest makes room for
// a new one; 8 KiB of header; 10 s for a request to come and for an answer to go, 60 s of rest
// between two requests of a connection. What breaks them is answered where that is possible, and
// closed. A body is not read: who sends one is answered, and closed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/http/message.hpp"

namespace weir::http {

inline constexpr std::size_t kConnectionsMax = 64;
inline constexpr std::size_t kHeaderBytesMax = 8 << 10;

class Server {
 public:
  // Called on the server's thread. What it throws is answered with 500.
  using Handler = std::function<Response(const Request&)>;

  explicit Server(Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before `start`. Empty, or why it cannot be served there.
  std::string listen(const std::string& address);
  // For its owner and group. A socket that nobody serves any more is replaced; PATH.lock tells
  // agents which of them has it.
  std::string listen_unix(const std::string& path);

  void start();
  void stop();  // also removes the Unix socket

  // Of TCP, as in a URL; the port that was bound. Empty without.
  std::string address() const;
  // False: others can reach the address.
  bool is_loopback() const;

 private:
  struct Impl;
  class Session;
  const std::unique_ptr<Impl> impl_;
  std::thread thread_;
};

}  // namespace weir::http
