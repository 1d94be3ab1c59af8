// Reading, answering, and going away; see connection.hpp.
#include "connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <exception>

#include "limits.hpp"

namespace weir::prometheus_sink {

namespace asio = boost::asio;

Connection::Connection(asio::ip::tcp::socket socket, const HttpRules& rules,
                       std::unique_ptr<TlsSession> tls, ConnectionOwner& owner)
    : socket_(std::move(socket)),
      tls_(std::move(tls)),
      owner_(owner),
      reader_(rules),
      deadline_(Clock::now() + kRequestTimeout),
      progress_(Clock::now()) {}

template <class Next>
auto Connection::then(Next next) {
  return
      [self = shared_from_this(), next](const boost::system::error_code& error, std::size_t size) {
        // It may have succeeded, and the connection been closed before this handler's turn came.
        if (error || !self->socket_.is_open()) return self->close();
        try {
          next(*self, size);
        } catch (const std::exception&) {  // no memory: this client goes, the others stay
          self->close();
        }
      };
}

void Connection::start() { read(); }

void Connection::close() {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  body_.reset();
  owner_.ended(*this);
}

void Connection::read() {
  socket_.async_read_some(asio::buffer(wire_),
                          then([](Connection& c, std::size_t size) { c.on_read(size); }));
}

void Connection::on_read(std::size_t size) {
  if (idle_) {
    idle_ = false;
    deadline_ = Clock::now() + kRequestTimeout;
  }
  const std::string_view bytes(wire_.data(), size);
  if (!tls_) {
    in_.append(bytes);
    return advance();
  }
  const bool alive = tls_->receive(bytes, in_);
  if (!tls_->take(cipher_)) return alive ? advance() : close();
  // A step of the handshake, or the alert that ends it.
  asio::async_write(socket_, asio::buffer(cipher_.view()),
                    then([alive](Connection& c, std::size_t) {
                      c.cipher_.clear();
                      alive ? c.advance() : c.close();
                    }));
}

void Connection::advance() {
  const std::optional<Reply> reply = reader_.feed(in_);
  reply ? respond(*reply) : read();
}

void Connection::respond(const Reply& reply) {
  response_began_ = progress_ = Clock::now();
  owner_.count_request(reply.status);
  keep_alive_ = reply.keep_alive;
  more_ = false;
  out_.append(reply.head());
  if (!reply.head_only && reply.metrics) {
    body_ = owner_.scrape(reply);
    more_ = body_->next(out_);
  } else if (!reply.head_only) {
    out_.append(reply.text);
  }
  send();
}

void Connection::send() {
  deadline_ = std::min(Clock::now() + kStallTimeout, response_began_ + kResponseTimeout);
  if (tls_) {
    if (!tls_->send(out_.view())) return close();
    tls_->take(cipher_);
  }
  asio::async_write(socket_, asio::buffer(tls_ ? cipher_.view() : out_.view()),
                    then([](Connection& c, std::size_t size) {
                      c.owner_.count_sent(size);
                      c.on_sent();
                    }));
}

void Connection::on_sent() {
  progress_ = Clock::now();
  out_.clear();
  cipher_.clear();
  if (!more_) return finish_response();
  more_ = body_->next(out_);
  send();
}

void Connection::finish_response() {
  if (body_) {
    owner_.count_scrape(std::chrono::duration<double>(progress_ - response_began_).count());
    body_.reset();
  }
  out_ = Output(0);  // an idle connection keeps no buffers
  cipher_ = Output(0);
  if (!keep_alive_) return linger();
  reader_.reset();
  idle_ = in_.empty();
  deadline_ = Clock::now() + (idle_ ? kIdleTimeout : kRequestTimeout);
  idle_ ? read() : advance();
}

// Closing with unread bytes would make the kernel throw the reply away at the client's side. So:
// say that nothing more comes, and read what the client still says.
void Connection::linger() {
  deadline_ = Clock::now() + kLingerTimeout;
  if (tls_) {
    tls_->close();
    tls_->take(cipher_);
  }
  asio::async_write(socket_, asio::buffer(cipher_.view()), then([](Connection& c, std::size_t) {
                      boost::system::error_code ignored;
                      c.socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
                      c.discard();
                    }));
}

void Connection::discard() {
  socket_.async_read_some(asio::buffer(wire_),
                          then([](Connection& c, std::size_t) { c.discard(); }));
}

}  // namespace weir::prometheus_sink
