// A name with several addresses: one that does not answer leaves time for the others.
#include "link.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/eventfd.h>

#include <vector>

namespace weir::mqtt_source {
namespace {

using namespace std::chrono_literals;

// Listens on a free port of 127.0.0.1.
class Listener {
 public:
  explicit Listener(int backlog) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_.get(), place(), size_);
    ::getsockname(socket_.get(), place(), &size_);
    ::listen(socket_.get(), backlog);
    info_.ai_family = AF_INET;
    info_.ai_socktype = SOCK_STREAM;
    info_.ai_addr = place();
    info_.ai_addrlen = size_;
  }
  // From now on it answers nobody: Linux drops what a full backlog has no room for.
  void fill() {
    for (int i = 0; i < 8; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      ::connect(waiting_.back().get(), place(), size_);
    }
  }
  addrinfo& info() { return info_; }

 private:
  sockaddr* place() { return reinterpret_cast<sockaddr*>(&address_); }

  Fd socket_;
  sockaddr_in address_{};
  socklen_t size_ = sizeof address_;
  addrinfo info_{};
  std::vector<Fd> waiting_;
};

TEST(Link, TriesTheNextAddressWhereTheFirstDoesNotAnswer) {
  Listener dead(0), alive(8);
  dead.fill();
  dead.info().ai_next = &alive.info();
  const Fd stop(::eventfd(0, EFD_NONBLOCK));
  const mqtt::ConnectionOptions options;
  Link link(options, stop.get());
  EXPECT_EQ(link.connect_any(&dead.info(), Clock::now() + 2s), "");
  dead.info().ai_next = nullptr;
  EXPECT_NE(link.connect_any(&dead.info(), Clock::now() + 100ms), "");
  EXPECT_NE(link.connect_any(nullptr, Clock::now()), "");
}

TEST(Link, TriesNoOtherAddressWhenTheAgentStops) {
  Listener dead(0), alive(8);
  dead.fill();
  dead.info().ai_next = &alive.info();
  const Fd stop(::eventfd(1, EFD_NONBLOCK));
  const mqtt::ConnectionOptions options;
  Link link(options, stop.get());
  EXPECT_NE(link.connect_any(&dead.info(), Clock::now() + 60s), "");
}

}  // namespace
}  // namespace weir::mqtt_source
