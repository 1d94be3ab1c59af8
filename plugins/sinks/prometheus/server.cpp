// Accepting, limits and time; see server.hpp.
#include "server.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "connection.hpp"
#include "limits.hpp"
#include "self_metrics.hpp"
#include "weir/listen.hpp"
#include "weir/signals.hpp"

namespace weir::prometheus_sink {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct Server::Impl final : ConnectionOwner {
  Impl(Config c, Store& s)
      : config(std::move(c)), store(s), acceptor(io), retry(io), tick(io), sweep(io) {}

  void listen();
  void accept();
  void admit(tcp::socket socket);
  void schedule_tick();
  void schedule_sweep();
  void evict_stalest(bool scraping);

  std::unique_ptr<Body> scrape(const Reply& reply) override;
  void count_request(unsigned status) override { metrics.count_request(status); }
  void count_scrape(double seconds) override { metrics.count_scrape(seconds); }
  void count_sent(std::size_t bytes) override { metrics.count_sent(bytes); }
  void ended(Connection& connection) override;

  Config config;
  Store& store;
  SelfMetrics metrics;
  asio::io_context io{1};
  tcp::acceptor acceptor;
  asio::steady_timer retry, tick, sweep;
  bool ticking = false;
  std::vector<std::shared_ptr<Connection>> connections;
};

void Server::Impl::listen() {
  int family = 0;
  std::string error;
  Fd fd = open_listener(config.listen, family, error);
  if (!fd) throw std::runtime_error("listen: " + error);
  acceptor.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), fd.release());
}

void Server::Impl::accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      try {
        admit(std::move(socket));
      } catch (const std::exception&) {  // no memory: this client goes, the others stay
      }
      return accept();
    }
    // Most likely no file descriptor is left: not again at once.
    retry.expires_after(std::chrono::milliseconds(100));
    retry.async_wait([this](const error_code& e) {
      if (!e) accept();
    });
  });
}

void Server::Impl::admit(tcp::socket socket) {
  if (connections.size() >= kConnectionsMax) evict_stalest(false);
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto tls = config.tls ? config.tls->session() : nullptr;
  auto connection =
      std::make_shared<Connection>(std::move(socket), config.rules, std::move(tls), *this);
  connections.push_back(connection);
  connection->start();
  if (!ticking) schedule_tick();
}

void Server::Impl::evict_stalest(bool scraping) {
  std::shared_ptr<Connection> stalest;
  for (const auto& c : connections) {
    if (scraping && !c->scraping()) continue;
    if (!stalest || c->progress() < stalest->progress()) stalest = c;
  }
  if (!stalest) return;
  metrics.count_evicted();
  stalest->close();
}

void Server::Impl::ended(Connection& connection) {
  std::erase_if(connections, [&](const auto& c) { return c.get() == &connection; });
}

std::unique_ptr<Body> Server::Impl::scrape(const Reply& reply) {
  const auto scraping = std::count_if(connections.begin(), connections.end(),
                                      [](const auto& c) { return c->scraping(); });
  if (static_cast<std::size_t>(scraping) >= kScrapesMax) evict_stalest(true);
  return std::make_unique<Body>(store.snapshot(steady_now_ns()), reply.media.format,
                                metrics.render(store.stats(), reply.media.format), reply.gzip,
                                reply.chunked);
}

void Server::Impl::schedule_tick() {
  ticking = true;
  tick.expires_after(std::chrono::seconds(1));
  tick.async_wait([this](const error_code& error) {
    if (error) return;
    const auto now = Connection::Clock::now();
    const std::vector<std::shared_ptr<Connection>> all = connections;
    for (const auto& c : all) {
      if (c->deadline() > now) continue;
      if (!c->idle()) metrics.count_evicted();
      c->close();
    }
    ticking = false;
    if (!connections.empty()) schedule_tick();
  });
}

void Server::Impl::schedule_sweep() {
  using std::chrono::nanoseconds;
  const nanoseconds ttl(config.series_ttl_ns);
  sweep.expires_after(
      std::clamp<nanoseconds>(ttl / 10, std::chrono::seconds(1), std::chrono::seconds(30)));
  sweep.async_wait([this](const error_code& error) {
    if (error) return;
    try {
      store.expire(steady_now_ns());
    } catch (const std::exception&) {  // no memory to copy a chunk: the next sweep will
    }
    schedule_sweep();
  });
}

Server::Server(Config config, Store& store)
    : impl_(std::make_unique<Impl>(std::move(config), store)) {
  impl_->listen();
}

Server::~Server() { stop(); }

void Server::start() {
  impl_->accept();
  impl_->schedule_sweep();
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { impl_->io.run(); });
}

void Server::stop() {
  impl_->io.stop();
  if (thread_.joinable()) thread_.join();
  error_code ignored;
  impl_->acceptor.close(ignored);
  const auto all = impl_->connections;  // closing takes them out of the list
  for (const auto& connection : all) connection->close();
}

std::string Server::address() const {
  const tcp::endpoint at = impl_->acceptor.local_endpoint();
  const std::string host = at.address().to_string();
  return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

std::uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }
bool Server::loopback() const { return impl_->acceptor.local_endpoint().address().is_loopback(); }

}  // namespace weir::prometheus_sink
