// A client of the tests: a socket, and just enough HTTP to take a response apart.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace weir::prometheus_sink::testing {

struct Response {
  int status = 0;
  std::string head;
  std::string body;  // without chunk frames
};

// Of one whole response; takes it off the front of `in`. False: it is not whole yet.
bool take_response(std::string& in, Response& response, bool head_only = false);

std::string gunzip(std::string_view bytes);

class Client {
 public:
  explicit Client(std::uint16_t port, const char* host = "127.0.0.1");
  ~Client();
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False: the other side has closed.
  bool send(std::string_view bytes);
  // One response; status 0 when the connection ends first.
  Response receive(bool head_only = false);
  // Some bytes; "" when the connection has ended.
  std::string some();
  bool closed() { return some().empty(); }
  Response get(const std::string& target, const std::string& fields = "");

 private:
  int socket_;
  std::string in_;
};

}  // namespace weir::prometheus_sink::testing
