#include "client.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "properties.hpp"
#include "reasons.hpp"

namespace weir::mqtt {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPauseMin = 100ms, kPauseMax = 10s;  // between two attempts
constexpr auto kStable = 10s;  // a connection that lasted so long was a good one
constexpr auto kTick = 1s;     // libmosquitto looks at the keep-alive so often
constexpr auto kGoodbye = 1s;
constexpr const char* kTlsRemedy = "; check tls: ca, cert and key, and that the broker speaks TLS";

// Not counted by several threads in 2.0, and never undone: other components may still use it.
void initialise_library() {
  static const int error = mosquitto_lib_init();
  if (error != MOSQ_ERR_SUCCESS) {
    throw std::runtime_error("libmosquitto cannot be initialised: " + error_text(error));
  }
}

// While it lives, the system gathers what is written: libmosquitto writes each message by itself.
class Corked {
 public:
  explicit Corked(int fd) : fd_(fd) { set(1); }
  Corked(const Corked&) = delete;
  Corked& operator=(const Corked&) = delete;
  ~Corked() { set(0); }

 private:
  void set(int on) const { setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &on, sizeof on); }
  int fd_;
};

// Brokers send small acknowledgements, each after the system has heard that the last one arrived;
// it would tell that 40 ms later unless there were something else to send.
void tell_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

Broker broker_of(int flags, const mosquitto_property* properties) {
  Broker b;
  b.session_present = (flags & 1) != 0;
  const auto byte = [&](int id, std::uint8_t otherwise) {
    std::uint8_t value = otherwise;
    mosquitto_property_read_byte(properties, id, &value, false);
    return value;
  };
  b.qos_max = byte(MQTT_PROP_MAXIMUM_QOS, 2);
  b.retain = byte(MQTT_PROP_RETAIN_AVAILABLE, 1) != 0;
  b.shared_subscriptions = byte(MQTT_PROP_SHARED_SUB_AVAILABLE, 1) != 0;
  b.wildcards = byte(MQTT_PROP_WILDCARD_SUB_AVAILABLE, 1) != 0;
  mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &b.receive_max, false);
  mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &b.packet_bytes_max,
                                false);
  return b;
}

std::string id_or_default(const std::string& id, Host host) {
  return id.empty() ? std::string("weir-") + host.hostname() + "-" + host.id() : id;
}

}  // namespace

Client::Client(Host host, const ConnectionOptions& options, const Session& session,
               Handler& handler)
    : host_(host),
      options_(options),
      session_(session),
      handler_(handler),
      place_(options.place()) {
  options_.client_id = id_or_default(options.client_id, host);
}

void Client::start() {
  if (options_.tls) options_.tls->require_files();
  initialise_library();
  wake_fd_ = Fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_fd_) throw std::runtime_error("eventfd: " + errno_text(errno));
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void Client::stop() {
  stopping_ = true;
  if (!thread_.joinable()) return;
  wake();
  thread_.join();
}

int Client::publish(const Message& m, int* mid) {
  const std::lock_guard lock(mutex_);
  if (!connected_) return MOSQ_ERR_NO_CONN;
  return mosquitto_publish_v5(handle_.get(), mid, m.topic, static_cast<int>(m.payload.size()),
                              m.payload.data(), m.qos, m.retain, m.properties);
}

int Client::subscribe(const std::vector<std::string>& filters, int qos, int* mid) {
  std::vector<char*> texts;
  texts.reserve(filters.size());
  for (const std::string& f : filters) texts.push_back(const_cast<char*>(f.c_str()));
  const std::lock_guard lock(mutex_);
  if (!connected_) return MOSQ_ERR_NO_CONN;
  return mosquitto_subscribe_multiple(handle_.get(), mid, static_cast<int>(texts.size()),
                                      texts.data(), qos, 0, nullptr);
}

void Client::wake() {
  if (awake_.exchange(true) || !wake_fd_) return;
  eventfd_write(wake_fd_.get(), 1);
}

void Client::drop(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return;
    drop_reason_ = why;
    dropped_ = true;
  }
  wake();
}

void Client::hold(bool on) {
  held_ = on;
  if (!on) wake();
}

void Client::pause(bool on) {
  paused_ = on;
  if (!on) wake();
}

void Client::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);  // SIGPIPE too: a lost connection is an error code
  auto pause = kPauseMin;
  while (!stopping_) {
    const auto began = Clock::now();
    const std::string why = place_.text() + ": " + attempt();
    {
      const std::lock_guard lock(mutex_);
      connected_ = false;
      handle_.reset();
    }
    held_ = paused_ = false;
    if (was_connected_) host_.disconnected(stopping_ ? "" : why);
    handler_.on_disconnect(why);
    if (stopping_) break;
    const bool good = was_connected_ && Clock::now() - began > kStable;
    if (good) pause = kPauseMin;
    sleep(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

std::string Client::attempt() {
  trouble_.clear();
  was_connected_ = false;
  is_flushed_ = true;
  std::string why;
  Handle made = make_handle(options_, place_, session_, handler_.will(), this, why);
  if (made == nullptr) return why;
  {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(made);
    dropped_ = false;
  }
  set_callbacks();
  why = begin_connect(handle_.get(), options_, place_, session_, wake_fd_.get());
  if (why.empty()) why = serve();
  if (!trouble_.empty()) return trouble_;
  if (was_connected_) return why;
  if (why.find(';') == std::string::npos) why += "; check that an MQTT broker runs there";
  // A broker that does not like our certificate may say so, or only hang up.
  return place_.tls ? why + kTlsRemedy : why;
}

// Until the connection ends.
std::string Client::serve() {
  const auto deadline = Clock::now() + options_.connect_timeout;
  for (;;) {
    if (stopping_) return say_goodbye();
    if (dropped_) {
      const std::lock_guard lock(mutex_);
      return drop_reason_;
    }
    const int fd = mosquitto_socket(handle_.get());
    if (fd < 0) return "the connection was closed";
    const bool writes = !held_ && mosquitto_want_write(handle_.get());
    const bool reads = !paused_;
    pollfd fds[2] = {{fd, static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0},
                     {wake_fd_.get(), POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(std::chrono::milliseconds(kTick).count()));
    if (ready < 0 && errno != EINTR) return errno_text(errno);
    if (ready > 0 && fds[1].revents != 0) drain_wake();
    const int error = transfer(ready > 0 ? fds[0].revents : short{0});
    if (error != MOSQ_ERR_SUCCESS) return error_text(error);
    const auto now = Clock::now();
    if (!was_connected_ && now > deadline) {
      return "no answer within connect_timeout";
    }
    if (held_) ping(now);
    if (was_connected_) guarded([this] { handler_.on_tick(); });
  }
}

int Client::transfer(short ready) {
  ::mosquitto* const handle = handle_.get();
  if ((ready & (POLLIN | POLLERR | POLLHUP)) != 0) {
    if (const int error = mosquitto_loop_read(handle, 1); error != MOSQ_ERR_SUCCESS) return error;
    tell_at_once(mosquitto_socket(handle));
  }
  if (!held_ && mosquitto_want_write(handle)) {
    const Corked corked(mosquitto_socket(handle));
    if (const int error = mosquitto_loop_write(handle, 1); error != MOSQ_ERR_SUCCESS) return error;
    is_flushed_ = !mosquitto_want_write(handle);
  }
  return mosquitto_loop_misc(handle);
}

// What libmosquitto would send is behind what is held: a PINGREQ is two bytes that may stand
// between any packets. Its answer tells the library that the broker lives.
void Client::ping(Clock::time_point now) {
  if (!was_connected_ || !is_flushed_ || now - last_ping_ < options_.keep_alive / 3) return;
  last_ping_ = now;
  static constexpr unsigned char kPingReq[2] = {CMD_PINGREQ, 0};
  ssize_t written = 0;
  if (auto* tls = static_cast<SSL*>(mosquitto_ssl_get(handle_.get()))) {
    written = SSL_write(tls, kPingReq, sizeof kPingReq);
  } else {
    written = send(mosquitto_socket(handle_.get()), kPingReq, sizeof kPingReq,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  if (written != sizeof kPingReq) drop("the connection takes no ping");
}

std::string Client::say_goodbye() {
  if (!was_connected_ || held_) return "";
  mosquitto_disconnect(handle_.get());
  const auto deadline = Clock::now() + kGoodbye;
  while (mosquitto_socket(handle_.get()) >= 0 && Clock::now() < deadline) {
    pollfd fd{mosquitto_socket(handle_.get()), POLLOUT, 0};
    if (poll(&fd, 1, 100) < 0 && errno != EINTR) break;
    if (mosquitto_loop_write(handle_.get(), 1) != MOSQ_ERR_SUCCESS) break;
  }
  return "";
}

// In this order: who calls `wake` in between has its work seen to by what follows, or wakes again.
void Client::drain_wake() {
  eventfd_t count = 0;
  eventfd_read(wake_fd_.get(), &count);
  awake_ = false;
}

void Client::sleep(Duration duration) {
  const auto until = Clock::now() + duration;
  while (!stopping_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return;
    pollfd fd{wake_fd_.get(), POLLIN, 0};
    if (poll(&fd, 1, static_cast<int>(left)) > 0) drain_wake();
  }
}

void Client::told_connected(int reason, int flags, const mosquitto_property* properties) {
  if (reason != 0) {
    trouble_ = connect_refusal(reason);
    return;
  }
  trouble_.clear();
  was_connected_ = true;
  last_ping_ = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
  }
  host_.connected(std::string(is_v5() ? "an MQTT 5" : "an MQTT 3.1.1") + " broker at " +
                  place_.text() + " as " + options_.client_id + (place_.tls ? ", TLS" : ""));
  handler_.on_connect(broker_of(flags, properties));
}

// Nothing may be thrown through libmosquitto, which is C.
template <class Body>
void Client::guarded(Body body) noexcept {
  try {
    body();
  } catch (const std::exception& e) {
    drop(e.what());
  }
}

void Client::set_callbacks() {
  ::mosquitto* const handle = handle_.get();
  static constexpr auto kClient = [](void* self) -> Client& { return *static_cast<Client*>(self); };
  mosquitto_connect_v5_callback_set(
      handle, [](::mosquitto*, void* self, int reason, int flags, const mosquitto_property* p) {
        Client& c = kClient(self);
        c.guarded([&] { c.told_connected(reason, flags, p); });
      });
  mosquitto_disconnect_v5_callback_set(
      handle, [](::mosquitto*, void* self, int reason, const mosquitto_property*) {
        // Reason codes of MQTT 5 are the broker's; libmosquitto's own errors are below them.
        Client& c = kClient(self);
        if (reason < 0x80 || !c.trouble_.empty()) return;
        c.guarded([&] { c.trouble_ = "the broker ended the connection: " + reason_text(reason); });
      });
  mosquitto_publish_v5_callback_set(
      handle, [](::mosquitto*, void* self, int mid, int reason, const mosquitto_property*) {
        Client& c = kClient(self);
        c.guarded([&] { c.handler_.on_publish(mid, reason); });
      });
  mosquitto_message_v5_callback_set(handle, [](::mosquitto*, void* self, const mosquitto_message* m,
                                               const mosquitto_property* p) {
    Client& c = kClient(self);
    const auto size = static_cast<std::size_t>(m->payloadlen);
    const std::string_view payload(static_cast<const char*>(m->payload), size);
    c.guarded([&] { c.handler_.on_message({m->topic, payload, m->qos, m->retain, p}); });
  });
  mosquitto_subscribe_v5_callback_set(handle, [](::mosquitto*, void* self, int mid, int count,
                                                 const int* reasons, const mosquitto_property*) {
    Client& c = kClient(self);
    const std::span<const int> all(reasons, static_cast<std::size_t>(count));
    c.guarded([&] { c.handler_.on_subscribe(mid, all); });
  });
  // OpenSSL's reasons come this way only.
  mosquitto_log_callback_set(handle, [](::mosquitto*, void* self, int level, const char* text) {
    Client& c = kClient(self);
    if (level != MOSQ_LOG_ERR || !c.trouble_.empty()) return;
    c.guarded([&] { c.trouble_ = std::string(text) + kTlsRemedy; });
  });
}

}  // namespace weir::mqtt
