#include "link.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "weir/addresses.hpp"

namespace weir::mqtt_source {

namespace {

constexpr const char* kGivenUp = "given up, since the agent stops";

int milliseconds_to(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

// OpenSSL writes without MSG_NOSIGNAL, also when it reads.
template <class Call>
int quietly(Call call) {
  SignalHeldBack no_sigpipe(SIGPIPE);
  errno = 0;
  const int result = call();
  if (result <= 0 && errno == EPIPE) no_sigpipe.raised();
  return result;
}

// The forms that X509_VERIFY_PARAM_set1_ip_asc knows: "127.1" and a zone behind '%' are none.
bool is_address(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// False: the broker's name would not be verified.
bool expect_name(ssl_st* tls, const std::string& host) {
  if (is_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  }
  return SSL_set1_host(tls, host.c_str()) == 1;
}

}  // namespace

Link::Link(const mqtt::ConnectionOptions& options, int stop_fd)
    : options_(options),
      stop_fd_(stop_fd),
      context_(nullptr, SSL_CTX_free),
      tls_(nullptr, SSL_free) {}
Link::~Link() = default;

bool Link::is_stopped() const {
  pollfd stop{stop_fd_, POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

void Link::wait(bool reads, bool writes, int wake_fd, Clock::time_point deadline) {
  if (tls_ != nullptr && reads && SSL_pending(tls_.get()) > 0) return;
  // TLS can want to read before it can write, and the other way round.
  short events = 0;
  if (reads || tls_wants_read_) events |= POLLIN;
  if ((writes && !tls_wants_read_) || tls_wants_write_) events |= POLLOUT;
  // Without events poll would still tell of a hang-up, again and again.
  std::array<pollfd, 2> fds{pollfd{wake_fd, POLLIN, 0},
                            pollfd{events == 0 ? -1 : socket_.get(), events, 0}};
  ::poll(fds.data(), fds.size(), milliseconds_to(deadline));
}

std::string Link::connect(Clock::time_point deadline) {
  const mqtt::Place place = options_.place();
  std::string problem = connect_tcp(place, deadline);
  if (problem.empty() && place.tls) problem = handshake(place, deadline);
  return problem.empty() ? "" : "cannot connect to " + place.text() + ": " + problem;
}

std::string Link::connect_tcp(const mqtt::Place& place, Clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found);
  if (error != 0) return std::string(gai_strerror(error)) + "; check the host of url";
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  return connect_any(found, deadline);
}

std::string Link::connect_any(const addrinfo* addresses, Clock::time_point deadline) {
  std::string problem = "no address";
  try_addresses(addresses, deadline, [&](const addrinfo& address, Clock::time_point share) {
    problem = connect_one(address, share);
    return problem.empty() || is_stopped();
  });
  return problem;
}

std::string Link::connect_one(const addrinfo& address, Clock::time_point deadline) {
  socket_ = Fd(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return errno_text(errno);
  if (::connect(socket_.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return errno_text(errno);
  }
  std::array<pollfd, 2> fds{pollfd{stop_fd_, POLLIN, 0}, pollfd{socket_.get(), POLLOUT, 0}};
  ::poll(fds.data(), fds.size(), milliseconds_to(deadline));
  if (fds[0].revents != 0) return kGivenUp;
  if (fds[1].revents == 0) return "no answer within connect_timeout";
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return errno_text(code);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return "";
}

std::string Link::tls_problem(const std::string& what) {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  const long verified = tls_ == nullptr ? X509_V_OK : SSL_get_verify_result(tls_.get());
  if (verified != X509_V_OK) {
    return what + ": " + X509_verify_cert_error_string(verified) +
           "; check tls.ca and the broker's certificate";
  }
  return what + (code == 0 ? "" : std::string(": ") + text.data());
}

std::string Link::handshake(const mqtt::Place& place, Clock::time_point deadline) {
  ERR_clear_error();
  const ClientTls tls = options_.tls.value_or(ClientTls{});
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (context_ == nullptr) return tls_problem("TLS cannot be set up");
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  // A key with a passphrase would ask for it on the terminal.
  SSL_CTX_set_default_passwd_cb(context_.get(), [](char*, int, int, void*) { return 0; });
  if (tls.ca.empty()
          ? SSL_CTX_set_default_verify_paths(context_.get()) != 1
          : SSL_CTX_load_verify_locations(context_.get(), tls.ca.c_str(), nullptr) != 1) {
    return tls_problem("cannot read tls.ca " + tls.ca);
  }
  if (!tls.cert.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context_.get(), tls.cert.c_str()) != 1) {
      return tls_problem("cannot read tls.cert " + tls.cert);
    }
    if (SSL_CTX_use_PrivateKey_file(context_.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return tls_problem("cannot use tls.key " + tls.key);
    }
  }
  tls_.reset(SSL_new(context_.get()));
  if (tls_ == nullptr) return tls_problem("TLS cannot be set up");
  SSL_set_verify(tls_.get(), tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!is_address(place.host)) SSL_set_tlsext_host_name(tls_.get(), place.host.c_str());
  if (tls.verify && !expect_name(tls_.get(), place.host)) {
    return tls_problem("the broker's certificate cannot be verified for " + place.host +
                       "; change the host of url");
  }
  SSL_set_fd(tls_.get(), socket_.get());
  for (;;) {
    const int result = quietly([&] { return SSL_connect(tls_.get()); });
    if (result == 1) return "";
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return tls_problem("TLS failed");
    }
    if (Clock::now() > deadline) return "no answer to TLS within connect_timeout";
    wait(error == SSL_ERROR_WANT_READ, error == SSL_ERROR_WANT_WRITE, stop_fd_, deadline);
    if (is_stopped()) return kGivenUp;
  }
}

std::string Link::read(std::string& in, std::size_t bytes_max) {
  const std::size_t before = in.size();
  in.resize(before + bytes_max);
  ssize_t got = 0;
  std::string problem;
  if (tls_ != nullptr) {
    ERR_clear_error();
    tls_wants_write_ = false;
    const int result = quietly(
        [&] { return SSL_read(tls_.get(), in.data() + before, static_cast<int>(bytes_max)); });
    got = std::max(result, 0);
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(tls_.get(), result);
    tls_wants_write_ = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL) {
      problem = "the broker closed the connection";
    } else if (error == SSL_ERROR_SSL) {
      problem = tls_problem("TLS failed");
    }
  } else {
    got = ::recv(socket_.get(), in.data() + before, bytes_max, 0);
    if (got == 0) problem = "the broker closed the connection";
    if (got < 0 && errno != EAGAIN && errno != EINTR) problem = errno_text(errno);
    got = std::max<ssize_t>(got, 0);
  }
  in.resize(before + static_cast<std::size_t>(got));
  return problem;
}

std::string Link::write(std::string& out) {
  while (!out.empty()) {
    ssize_t sent = 0;
    if (tls_ != nullptr) {
      ERR_clear_error();
      tls_wants_read_ = false;
      const int size = static_cast<int>(std::min<std::size_t>(out.size(), 1 << 20));
      const int result = quietly([&] { return SSL_write(tls_.get(), out.data(), size); });
      const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(tls_.get(), result);
      tls_wants_read_ = error == SSL_ERROR_WANT_READ;
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return "";
      if (error != SSL_ERROR_NONE) return tls_problem("the broker closed the connection");
      sent = result;
    } else {
      sent = ::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN ? "" : errno_text(errno);
    }
    out.erase(0, static_cast<std::size_t>(sent));
  }
  return "";
}

std::string Link::secured() const { return tls_ == nullptr ? "" : SSL_get_version(tls_.get()); }

}  // namespace weir::mqtt_source
