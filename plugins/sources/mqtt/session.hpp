// The connection to the broker: connects, subscribes, receives and acknowledges, keeps alive, and
// connects anew, on a thread of its own.
//
// It is connected, for others, when the broker has granted all subscriptions. What it refuses is
// asked for again and again; messages of the others are taken meanwhile.
//
// Where as much is in flight as may be, it reads no more: the broker, which has a limit of its own
// or has been told ours, keeps the rest. Pings go on meanwhile.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "deliverer.hpp"
#include "link.hpp"
#include "options.hpp"
#include "packet.hpp"
#include "window.hpp"

namespace weir::mqtt_source {

class Session {
 public:
  Session(Source source, const Options& options);
  ~Session() { stop(); }

  void start();
  // Acknowledges what is settled within two seconds, says goodbye and joins the threads.
  void stop();

  // Instead of `start`: connects, subscribes nothing, and says goodbye. "" or why the broker does
  // not let us in.
  std::string ask();
  const std::string& peer() const { return peer_; }  // of the last connection
  const std::string& client_id() const { return client_id_; }

 private:
  void run();
  std::string open(Link& link, PacketReader& packets);
  std::string connection();  // until it is lost; says why
  std::string introduce(Link& link, PacketReader& packets, Clock::time_point deadline);
  std::string serve(Link& link, PacketReader& packets);
  std::string handle(const PacketReader::Packet& packet);
  std::string receive(const PacketReader::Packet& packet);
  void subscribe();
  std::string subscribed(const Answer& suback);
  std::string keep_subscribing(Clock::time_point now, Clock::time_point& next);
  std::string read(Link& link, PacketReader& packets, bool& is_idle);
  void ping(Clock::time_point now);
  void ask_for_births();
  Time arrival_of(const Publish& publish);
  std::string say_goodbye(Link& link);
  void settle(Clock::time_point& next);
  void rest(Duration pause);
  void tell_figures(Clock::time_point now);
  bool has_room() const;
  bool is_v5() const { return options_.protocol == mqtt::Protocol::v5; }
  void wake();
  void drain_wake();

  const Source source_;
  const Options options_;
  const std::string client_id_;
  Fd wake_fd_, stop_fd_;
  std::atomic<bool> stopping_{false};
  Deliverer deliverer_;
  std::thread thread_;

  // The thread's own.
  Window window_;
  std::string out_, in_;
  Time next_arrival_ = 0;
  Duration keep_alive_{};
  Clock::time_point heard_{}, spoke_{}, pinged_{}, figures_{};
  bool is_connected_ = false;
  std::string peer_;
  std::vector<std::size_t> wanted_;  // subscriptions that the broker has not granted
  bool awaits_suback_ = false, is_refusal_told_ = false;
  Clock::time_point subscribe_due_{};  // of the answer, or of asking again
  std::string last_trouble_;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace weir::mqtt_source
