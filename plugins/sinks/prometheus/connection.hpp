// One client: reads a request, sends the reply, and again. A chain of callbacks on the server's
// thread, each of which keeps the connection alive; closing the socket ends the chain.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "body.hpp"
#include "http.hpp"
#include "output.hpp"
#include "tls.hpp"

namespace weir::prometheus_sink {

class Connection;

// What a connection asks of the server. Same thread.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The body of a scrape. Makes room for it.
  virtual std::unique_ptr<Body> scrape(const Reply& reply) = 0;
  virtual void count_request(unsigned status) = 0;
  virtual void count_scrape(double duration_seconds) = 0;
  virtual void count_sent(std::size_t bytes) = 0;
  virtual void ended(Connection& connection) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(boost::asio::ip::tcp::socket socket, const HttpRules& rules,
             std::unique_ptr<TlsSession> tls, ConnectionOwner& owner);

  void start();
  void close();

  // Past this it is to be closed.
  Clock::time_point deadline() const { return deadline_; }
  bool idle() const { return idle_; }
  // When it last did something useful: got a request, had bytes of a response taken.
  Clock::time_point progress() const { return progress_; }
  bool scraping() const { return body_ != nullptr; }

 private:
  void read();
  void on_read(std::size_t size);
  void advance();
  void respond(const Reply& reply);
  void send();
  void on_sent();
  void finish_response();
  void linger();
  void discard();
  // A completion handler that runs next(*this, size), or closes when the operation failed.
  template <class Next>
  auto then(Next next);

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  ConnectionOwner& owner_;
  RequestReader reader_;
  bool idle_ = false;  // between requests: not a byte of the next one has come
  bool keep_alive_ = false;
  bool more_ = false;  // of the body is to come
  std::unique_ptr<Body> body_;
  Clock::time_point deadline_, progress_;
  Clock::time_point response_began_;
  std::array<char, 4096> wire_;  // as it came
  std::string in_;               // of a request, decrypted
  Output out_{0};                // of the response
  Output cipher_{0};             // the same, encrypted
};

}  // namespace weir::prometheus_sink
