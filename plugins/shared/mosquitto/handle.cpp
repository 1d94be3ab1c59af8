#include "handle.hpp"

#include <fcntl.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>

#include "properties.hpp"
#include "reasons.hpp"
#include "weir/addresses.hpp"
#include "weir/posix.hpp"

namespace weir::mqtt {

namespace {

constexpr int kVerifyNone = 0, kVerifyPeer = 1;  // of OpenSSL

// A key that needs a passphrase would be asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

int set_tls(::mosquitto* handle, const ClientTls& tls) {
  const auto path = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  const char* const folder = tls.ca.empty() ? "/etc/ssl/certs" : nullptr;
  int error =
      mosquitto_tls_set(handle, path(tls.ca), folder, path(tls.cert), path(tls.key), no_passphrase);
  if (error != MOSQ_ERR_SUCCESS) return error;
  // "tlsv1.2" is the least that is spoken.
  error =
      mosquitto_tls_opts_set(handle, tls.verify ? kVerifyPeer : kVerifyNone, "tlsv1.2", nullptr);
  if (error != MOSQ_ERR_SUCCESS || tls.verify) return error;
  return mosquitto_tls_insecure_set(handle, true);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// "" or why the name has none.
std::string look_up(const Place& place, Addresses& out) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found);
  if (error == EAI_SYSTEM) return errno_text(errno);
  if (error != 0) return std::string(gai_strerror(error)) + "; check the host of url";
  out.reset(found);
  return "";
}

// 0, or why nobody answers there.
int try_address(const addrinfo& address, Duration timeout, int wake_fd) {
  const Fd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd fds[2] = {{fd.get(), POLLOUT, 0}, {wake_fd, POLLIN, 0}};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int ready = poll(fds, 2, static_cast<int>(ms));
  if (ready > 0 && fds[0].revents == 0) return ECANCELED;
  if (ready <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

Handle make_handle(const ConnectionOptions& options, const Place& place, const Session& session,
                   const std::optional<Will>& will, void* self, std::string& why) {
  Handle handle(mosquitto_new(options.client_id.c_str(), session.clean, self));
  if (handle == nullptr) {
    if (errno == ENOMEM) throw std::bad_alloc();
    why = "client_id is not UTF-8";
    return nullptr;
  }
  const bool v5 = options.protocol == Protocol::v5;
  // Nothing but the thread that owns the connection may write to it.
  mosquitto_threaded_set(handle.get(), true);
  mosquitto_int_option(handle.get(), MOSQ_OPT_PROTOCOL_VERSION,
                       v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(handle.get(), MOSQ_OPT_RECEIVE_MAXIMUM, session.receive_max);
  mosquitto_int_option(handle.get(), MOSQ_OPT_SEND_MAXIMUM, session.send_max);
  int error = MOSQ_ERR_SUCCESS;
  if (!place.user.empty()) {
    error =
        mosquitto_username_pw_set(handle.get(), place.user.c_str(),
                                  options.password.empty() ? nullptr : options.password.c_str());
  }
  if (error != MOSQ_ERR_SUCCESS) {
    why = "the user of url is not UTF-8";
    return nullptr;
  }
  if (place.tls && set_tls(handle.get(), options.tls.value_or(ClientTls{})) != MOSQ_ERR_SUCCESS) {
    why = options.tls ? options.tls->unreadable() : "";
    if (why.empty()) why = "a file cannot be used; check tls: ca, cert and key";
    return nullptr;
  }
  if (will) {
    error = mosquitto_will_set(handle.get(), will->topic.c_str(),
                               static_cast<int>(will->payload.size()), will->payload.data(),
                               will->qos, will->retain);
    if (error != MOSQ_ERR_SUCCESS) {
      why = "the will cannot be set: " + error_text(error);
      return nullptr;
    }
  }
  return handle;
}

std::string find_listener(const addrinfo* addresses, Duration timeout, int wake_fd,
                          std::string& out) {
  using Clock = std::chrono::steady_clock;
  int error = EADDRNOTAVAIL;
  try_addresses(addresses, Clock::now() + timeout, [&](const addrinfo& a, Clock::time_point share) {
    error = try_address(a, std::max<Duration>(share - Clock::now(), Duration(0)), wake_fd);
    if (error != 0) return error == ECANCELED;
    char text[NI_MAXHOST] = "";
    getnameinfo(a.ai_addr, a.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    out = text;
    return true;
  });
  return error == 0 ? "" : errno_text(error);
}

std::string begin_connect(::mosquitto* handle, const ConnectionOptions& options, const Place& place,
                          const Session& session, int wake_fd) {
  const int keep_alive_s =
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(options.keep_alive).count());
  // libmosquitto sends properties of a CONNECT only where it connects while the caller waits.
  const bool waits = options.protocol == Protocol::v5 && session.expiry_s > 0;
  std::string host = place.host;
  Addresses addresses;
  if (std::string why = look_up(place, addresses); !why.empty()) return why;
  // It takes the first address that does not refuse, and would wait for one that does not answer;
  // and behind TLS it does not see a refusal.
  if (waits || place.tls || addresses->ai_next != nullptr) {
    std::string listener;
    std::string why = find_listener(addresses.get(), options.connect_timeout, wake_fd, listener);
    if (!why.empty()) return why;
    if (!place.tls) host = listener;  // with TLS the certificate has to prove the name it is given
  }
  int error = MOSQ_ERR_SUCCESS;
  if (waits) {
    Properties properties;
    properties.add_u32(MQTT_PROP_SESSION_EXPIRY_INTERVAL, session.expiry_s);
    error = mosquitto_connect_bind_v5(handle, host.c_str(), place.port, keep_alive_s, nullptr,
                                      properties.get());
  } else {
    error = mosquitto_connect_async(handle, host.c_str(), place.port, keep_alive_s);
  }
  return error == MOSQ_ERR_SUCCESS ? "" : error_text(error);
}

}  // namespace weir::mqtt
