// A connection to an MQTT broker that is made, kept, and made again after it was lost, by a thread
// of its own.
//
// Every connection has a new handle of libmosquitto: what the old one had queued is gone with it,
// so nothing is sent behind the back of who was told that it was lost.
//
// When messages that come in are acknowledged. libmosquitto has no call to acknowledge: it queues
// the PUBACK (QoS 1) or PUBREC (QoS 2) of a message before it calls back, and its thread writes it
// afterwards. Here that thread is ours, so acknowledgements can be held: between `hold(true)`,
// which on_message calls, and `hold(false)` nothing is written to the broker but pings. Messages go
// on coming meanwhile, as many as the broker sends unacknowledged (Session::receive_max with MQTT
// 5, and the broker's own limit, 20 with Mosquitto); all of them are acknowledged by the
// `hold(false)` that follows. `drop` ends the connection without any of it being written.
//   QoS 1: a broker that keeps the session (Session::clean false) sends what was not acknowledged
//     again, after a `drop` as after a crash: at least once, from end to end.
//   QoS 2: with the PUBREC the broker hands a message over, keeps its number only, and waits for
//   the
//     PUBCOMP. libmosquitto calls on_message behind that, at the PUBREL, and has the message in
//     memory only: a crash between the two loses it. Who must not lose subscribes with QoS 1.
//   QoS 0: is never acknowledged, and never sent again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "connection_options.hpp"
#include "handle.hpp"
#include "weir/host.hpp"
#include "weir/posix.hpp"

namespace weir::mqtt {

// What a broker told when it took the connection.
struct Broker {
  bool session_present = false;
  int qos_max = 2;
  bool retain = true;
  std::uint16_t receive_max = 65535;
  std::uint32_t packet_bytes_max = 268'435'455;
  bool shared_subscriptions = true;
  bool wildcards = true;
};

struct Message {
  const char* topic = nullptr;  // well-formed UTF-8
  std::string_view payload;
  int qos = 0;
  bool retain = false;
  const mosquitto_property* properties = nullptr;
};

// Called by the connection's thread, one call at a time; may call the client, but not `stop`.
class Handler {
 public:
  virtual ~Handler() = default;
  // Before each attempt to connect.
  virtual std::optional<Will> will() { return {}; }
  virtual void on_connect(const Broker&) {}
  // Of a connection that on_connect told, and of an attempt that failed. The agent is told of the
  // former already.
  virtual void on_disconnect(const std::string& why) = 0;
  // What `publish` gave this number is acknowledged (0, or a reason code of MQTT 5), or, with
  // QoS 0, handed to the system. It may be told before `publish` has returned.
  virtual void on_publish(int /*mid*/, int /*reason*/) {}
  virtual void on_message(const Message&) {}
  // While there is a connection, every second or more often.
  virtual void on_tick() {}
  // Each filter's granted QoS, or a reason code of at least 0x80.
  virtual void on_subscribe(int /*mid*/, std::span<const int> /*reasons*/) {}
};

class Client {
 public:
  // `options` and `handler` must outlive it.
  Client(Host host, const ConnectionOptions& options, const Session& session, Handler& handler);
  ~Client() { stop(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // [control] Throws std::runtime_error.
  void start();
  // [control] Says goodbye to the broker, unless it holds, which takes a second at most, and joins
  // the thread: that may take a look-up of the host's name besides.
  void stop();

  // Any thread. MOSQ_ERR_SUCCESS; MOSQ_ERR_NO_CONN where there is no connection; or what is wrong
  // with the message, such as MOSQ_ERR_OVERSIZE_PACKET. `wake` behind the last of several.
  int publish(const Message& message, int* mid);
  int subscribe(const std::vector<std::string>& filters, int qos, int* mid);
  void wake();

  // Any thread. The connection is of no use any more: it is closed as it is, and made again.
  void drop(const std::string& why);
  void hold(bool on);   // see above
  void pause(bool on);  // reads nothing

  const Place& place() const { return place_; }
  const std::string& client_id() const { return options_.client_id; }
  bool is_v5() const { return options_.protocol == Protocol::v5; }

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  std::string attempt();  // connects, serves, and says why it ended
  std::string serve();
  std::string say_goodbye();
  int transfer(short ready);
  void ping(Clock::time_point now);
  void sleep(Duration duration);
  void drain_wake();
  void told_connected(int reason, int flags, const mosquitto_property* properties);
  void set_callbacks();
  template <class Body>
  void guarded(Body body) noexcept;

  const Host host_;
  ConnectionOptions options_;  // with a client_id
  const Session session_;
  Handler& handler_;
  const Place place_;
  Fd wake_fd_;
  std::thread thread_;
  std::atomic<bool> stopping_{false}, awake_{false}, dropped_{false}, held_{false}, paused_{false};

  std::mutex mutex_;  // guards:
  Handle handle_;     // changed by the thread alone, which may read it without the lock
  bool connected_ = false;
  std::string drop_reason_;

  // The thread's own.
  std::string trouble_;  // what callbacks and the library's log have said about this attempt
  bool was_connected_ = false;
  bool is_flushed_ = true;  // no packet is written in part
  Clock::time_point last_ping_{};
};

}  // namespace weir::mqtt
