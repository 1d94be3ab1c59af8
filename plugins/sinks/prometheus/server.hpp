// The HTTP endpoint: one thread, all connections in turns on it, nothing that blocks. What a
// client can cost is bounded by limits.hpp; when there is no room, the connection that has made no
// progress for longest makes it, so that a crowd of stalled clients never keeps a good one out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "http.hpp"
#include "store.hpp"
#include "tls.hpp"

namespace weir::prometheus_sink {

class Server {
 public:
  struct Config {
    std::string listen;
    HttpRules rules;
    std::int64_t series_ttl_ns = 0;
    std::unique_ptr<Tls> tls;  // or nullptr
  };

  // Binds. Throws std::runtime_error that names the address. `store` outlives this.
  Server(Config config, Store& store);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // [control] Starts the thread; `stop` ends it, and all connections.
  void start();
  void stop();

  // Where it listens, as in a URL: "127.0.0.1:9464".
  std::string address() const;
  std::uint16_t port() const;
  bool loopback() const;

 private:
  struct Impl;

  std::unique_ptr<Impl> impl_;
  std::thread thread_;
};

}  // namespace weir::prometheus_sink
