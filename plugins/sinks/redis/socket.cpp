#include "socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "weir/addresses.hpp"

namespace weir::redis_sink {

namespace {

constexpr std::size_t kWriteBytesMax = 1 << 20;  // of one call, so that answers are read between

Socket::Result failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) return {};
  return {0, 0, errno_text(error)};
}

}  // namespace

int milliseconds_to(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT32_MAX));
}

bool wait_for(int fd, short events, Deadline deadline) {
  for (;;) {
    pollfd one{fd, events, 0};
    const int left = milliseconds_to(deadline);
    if (::poll(&one, 1, left) > 0) return true;
    if (left == 0) return false;
  }
}

std::string Socket::connect(const Address& address, const ClientTls* tls, Deadline deadline) {
  close();
  std::string problem = address.socket.empty() ? connect_tcp(address, deadline)
                                               : connect_unix(address.socket, deadline);
  if (problem.empty() && tls != nullptr) problem = handshake(*tls, address.host, deadline);
  if (!problem.empty()) close();
  return problem;
}

void Socket::close() {
  ssl_.reset();
  fd_.close();
}

std::string Socket::connect_one(int family, const void* address, unsigned size, Deadline deadline) {
  fd_ = Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return errno_text(errno);
  if (::connect(fd_.get(), static_cast<const sockaddr*>(address), size) != 0) {
    // A Unix socket whose backlog is full answers EAGAIN, and cannot be waited for.
    if (errno != EINPROGRESS && errno != EINTR) return errno_text(errno);
    if (!wait_for(fd_.get(), POLLOUT, deadline)) return "no answer in time";
    int error = 0;
    socklen_t error_size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error != 0) return errno_text(error);
  }
  return "";
}

std::string Socket::connect_tcp(const Address& address, Deadline deadline) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (code != 0) {
    return std::string("cannot look the host up: ") + ::gai_strerror(code) +
           "; check the host of url";
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::string problem = "the host has no address";
  try_addresses(found, deadline, [&](const addrinfo& at, Deadline share) {
    problem = connect_one(at.ai_family, at.ai_addr, at.ai_addrlen, share);
    return problem.empty();
  });
  if (!problem.empty()) return problem + "; check that the server runs there";
  const int yes = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  return "";
}

std::string Socket::connect_unix(const std::string& path, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "the path of a socket has at most 107 bytes";
  std::memcpy(address.sun_path, path.data(), path.size());
  const std::string problem = connect_one(AF_UNIX, &address, sizeof address, deadline);
  return problem.empty() ? "" : problem + "; check that the server has its socket there";
}

std::string Socket::handshake(const ClientTls& tls, const std::string& host, Deadline deadline) {
  std::string problem;
  ssl_ = make_ssl(tls, host, fd_.get(), problem);
  if (ssl_ == nullptr) return problem;
  for (;;) {
    SignalHeldBack pipe(SIGPIPE);
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) return "";
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_SYSCALL && errno == EPIPE) pipe.raised();
    const Result result = ssl_result(done, error);
    if (result.problem.empty()) {
      if (wait_for(fd_.get(), result.wait_for, deadline)) continue;
      return "no answer to TLS in time; check that the server speaks TLS there";
    }
    const long verified = SSL_get_verify_result(ssl_.get());
    return (verified == X509_V_OK
                ? result.problem
                : std::string("certificate: ") + X509_verify_cert_error_string(verified)) +
           "; check tls: ca, cert and key, and that the server speaks TLS";
  }
}

Socket::Result Socket::ssl_result(int returned, int error) {
  if (returned > 0) return {static_cast<std::size_t>(returned), 0, ""};
  switch (error) {
    case SSL_ERROR_WANT_READ: return {0, POLLIN, ""};
    case SSL_ERROR_WANT_WRITE: return {0, POLLOUT, ""};
    case SSL_ERROR_ZERO_RETURN: return {0, 0, "the server closed the connection"};
    case SSL_ERROR_SYSCALL:
      return {0, 0, errno == 0 ? "the server closed the connection" : errno_text(errno)};
    default: {
      const std::string text = ssl_error_text();
      return {0, 0, "TLS: " + (text.empty() ? "failed" : text)};
    }
  }
}

Socket::Result Socket::read(char* to, std::size_t size) {
  if (ssl_ != nullptr) {
    SignalHeldBack pipe(SIGPIPE);  // reading may have to send as well
    ERR_clear_error();
    errno = 0;
    const int n = SSL_read(ssl_.get(), to, static_cast<int>(size));
    const int error = SSL_get_error(ssl_.get(), n);
    if (n <= 0 && errno == EPIPE) pipe.raised();
    return ssl_result(n, error);
  }
  const ssize_t n = ::recv(fd_.get(), to, size, 0);
  if (n == 0) return {0, 0, "the server closed the connection"};
  if (n > 0) return {static_cast<std::size_t>(n), 0, ""};
  Result result = failed(errno);
  result.wait_for = POLLIN;
  return result;
}

Socket::Result Socket::write(std::string_view bytes) {
  bytes = bytes.substr(0, kWriteBytesMax);
  if (ssl_ != nullptr) {
    SignalHeldBack pipe(SIGPIPE);
    ERR_clear_error();
    errno = 0;
    const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    const int error = SSL_get_error(ssl_.get(), n);
    if (n <= 0 && errno == EPIPE) pipe.raised();
    return ssl_result(n, error);
  }
  const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return {static_cast<std::size_t>(n), 0, ""};
  Result result = failed(errno);
  result.wait_for = POLLOUT;
  return result;
}

}  // namespace weir::redis_sink
