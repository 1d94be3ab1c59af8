#include "session.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

#include "weir/payload/sparkplug_node.hpp"

namespace weir::mqtt_source {

namespace {

using namespace std::chrono_literals;

constexpr Duration kRestMin = 500ms, kRestMax = 30s;
constexpr auto kGoodbye = 2s;
constexpr auto kFiguresEvery = 1s;
constexpr auto kPingEvery = 1s;  // while acknowledgements may be unread
constexpr Time kClockSetBack = 1'000'000'000;
constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::size_t kUnsentBytesMax = 1u << 20;
constexpr std::uint16_t kSubscribeId = 1;

Fd new_event() {
  Fd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) throw std::runtime_error("eventfd: " + errno_text(errno));
  return fd;
}

Time wall_clock() {
  return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint32_t seconds_of(Duration d) {
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(d).count(), UINT32_MAX - 1));
}

}  // namespace

Session::Session(Source source, const Options& options)
    : source_(source),
      options_(options),
      client_id_(!options.client_id.empty()
                     ? options.client_id
                     : std::string("weir-") + source.hostname() + "-" + source.id()),
      wake_fd_(new_event()),
      stop_fd_(new_event()),
      deliverer_(
          source, options.subscriptions, [this] { wake(); }, options.rebirth) {}

void Session::start() {
  source_.disconnected("");  // there is a server, and no connection yet
  deliverer_.start();
  thread_ = std::thread([this] { run(); });
}

void Session::stop() {
  deliverer_.halt();
  stopping_ = true;
  ::eventfd_write(stop_fd_.get(), 1);
  wake();
  if (thread_.joinable()) thread_.join();
  deliverer_.join();
}

void Session::wake() { ::eventfd_write(wake_fd_.get(), 1); }
void Session::drain_wake() {
  eventfd_t count = 0;
  ::eventfd_read(wake_fd_.get(), &count);
}

void Session::run() {
  std::minstd_rand random(std::random_device{}());
  Duration pause = kRestMin;
  while (!stopping_) {
    const Clock::time_point begun = Clock::now();
    std::string why;
    try {
      why = connection();
    } catch (const std::exception& e) {
      why = e.what();
    }
    if (stopping_) break;
    const bool was_connected = std::exchange(is_connected_, false);
    if (was_connected) source_.disconnected(why);
    if (!was_connected && why != last_trouble_) source_.warn(why + "; trying again");
    last_trouble_ = why;
    // One that did not last may be followed by many: two clients of one name, for example.
    if (was_connected && Clock::now() - begun > kRestMax) pause = kRestMin;
    rest(pause / 2 + pause / 100 * std::uniform_int_distribution<>(0, 50)(random));
    pause = std::min(pause * 2, kRestMax);
  }
  if (is_connected_) source_.disconnected("");
}

// A pause that `stop` ends; what is settled meanwhile is noted.
void Session::rest(Duration pause) {
  const Clock::time_point end = Clock::now() + pause;
  while (!stopping_ && Clock::now() < end) {
    Clock::time_point next = end;
    settle(next);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    pollfd wake{wake_fd_.get(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    drain_wake();
  }
}

void Session::settle(Clock::time_point& next) {
  for (const MessagePtr& message : deliverer_.collect(Clock::now(), next)) window_.settle(message);
}

std::string Session::open(Link& link, PacketReader& packets) {
  const Clock::time_point deadline = Clock::now() + options_.connect_timeout;
  std::string why = link.connect(deadline);
  if (why.empty()) {
    out_.clear();
    why = introduce(link, packets, deadline);
    if (!why.empty()) why = "cannot connect to " + options_.place().text() + ": " + why;
  }
  if (!why.empty()) {
    return why.find(';') == std::string::npos ? why + "; check that an MQTT broker runs there"
                                              : why;
  }
  const std::string tls = link.secured();
  peer_ = std::string("MQTT ") + (is_v5() ? "5" : "3.1.1") + " at " + options_.place().text() +
          (tls.empty() ? "" : " by " + tls) + " as " + client_id_;
  return "";
}

std::string Session::connection() {
  Link link(options_, stop_fd_.get());
  PacketReader packets(options_.max_payload.count + 2 * PacketReader::kKeptBytes);
  std::string why = open(link, packets);
  return why.empty() ? serve(link, packets) : why;
}

std::string Session::ask() {
  Link link(options_, stop_fd_.get());
  PacketReader packets(options_.max_payload.count + 2 * PacketReader::kKeptBytes);
  if (std::string why = open(link, packets); !why.empty()) return why;
  out_.clear();  // the subscriptions, not sent yet
  put_disconnect(out_);
  link.write(out_);  // who is let in and thrown out at once was let in
  return "";
}

// CONNECT and its answer.
std::string Session::introduce(Link& link, PacketReader& packets, Clock::time_point deadline) {
  const mqtt::Place place = options_.place();
  Connect connect;
  connect.v5 = is_v5();
  connect.clean = options_.session_expiry == Duration{};
  connect.session_expiry_s = seconds_of(options_.session_expiry);
  connect.keep_alive_s = static_cast<std::uint16_t>(seconds_of(options_.keep_alive));
  connect.receive_max = options_.max_in_flight;
  connect.client_id = client_id_;
  connect.user = place.user;
  connect.password = options_.password;
  put_connect(connect, out_);
  PacketReader::Packet packet;
  for (;;) {
    if (std::string why = link.write(out_); !why.empty()) return why;
    const PacketReader::Next next = packets.next(packet);
    if (next == PacketReader::Next::packet) break;
    if (next == PacketReader::Next::malformed) return "what answers does not speak MQTT";
    if (stopping_ || Clock::now() > deadline) return "no answer within connect_timeout";
    in_.clear();
    if (std::string why = link.read(in_, kReadBytes); !why.empty()) return why;
    packets.feed(in_);
    if (in_.empty()) link.wait(true, !out_.empty(), stop_fd_.get(), deadline);
  }
  Connack connack;
  if (packet.type() != Type::connack) return "what answers does not speak MQTT";
  if (const Parsed parsed = parse_connack(packet.body, is_v5(), connack); !parsed) {
    return "the broker's answer is malformed";
  }
  if (connack.code != 0) return reason_text(connack.code, connack.reason, is_v5());
  keep_alive_ = options_.keep_alive;
  if (connack.keep_alive_s) keep_alive_ = std::chrono::seconds(*connack.keep_alive_s);
  window_.connected(connack.session_present);
  heard_ = spoke_ = pinged_ = Clock::now();
  wanted_.resize(options_.subscriptions.size());
  std::iota(wanted_.begin(), wanted_.end(), 0);
  is_refusal_told_ = false;
  subscribe();
  return "";
}

void Session::subscribe() {
  SubscribeWriter writer(kSubscribeId, is_v5());
  for (const std::size_t i : wanted_) {
    const Topic topic(options_.subscriptions[i].topic);
    writer.add({topic.filter(), options_.subscriptions[i].qos});
  }
  writer.finish(out_);
  awaits_suback_ = true;
  subscribe_due_ = Clock::now() + options_.connect_timeout;
}

std::string Session::keep_subscribing(Clock::time_point now, Clock::time_point& next) {
  if (wanted_.empty()) return "";
  if (now >= subscribe_due_) {
    if (awaits_suback_) return "no answer to SUBSCRIBE within connect_timeout";
    subscribe();
  }
  next = std::min(next, subscribe_due_);
  return "";
}

bool Session::has_room() const {
  return window_.has_room(options_.max_in_flight, options_.max_held.count) &&
         out_.size() < kUnsentBytesMax;
}

std::string Session::serve(Link& link, PacketReader& packets) {
  while (!stopping_) {
    drain_wake();
    const Clock::time_point now = Clock::now();
    Clock::time_point next = now + kFiguresEvery;
    settle(next);
    acknowledged_ += window_.acknowledge(out_);
    ask_for_births();
    const bool reads = has_room();
    if (!reads) {  // what the broker has sent meanwhile is not seen
      heard_ = now;
      if (awaits_suback_) subscribe_due_ = now + options_.connect_timeout;
    }
    if (std::string why = keep_subscribing(now, next); !why.empty()) return why;
    if (keep_alive_ > Duration{}) {
      if (now - heard_ > keep_alive_ * 3 / 2) return "the broker was silent for too long";
      if (now - spoke_ > keep_alive_ / 2) ping(now);
      next = std::min(next, now + keep_alive_ / 4);
    }
    if (window_.wants_ping() && now - pinged_ > kPingEvery) ping(now);
    if (!out_.empty()) spoke_ = now;
    if (std::string why = link.write(out_); !why.empty()) return why;
    bool is_idle = true;
    if (reads) {
      if (std::string why = read(link, packets, is_idle); !why.empty()) return why;
    }
    tell_figures(now);
    if (is_idle) link.wait(reads, !out_.empty(), wake_fd_.get(), next);
  }
  return say_goodbye(link);
}

// As the Eclipse Sparkplug Specification 3.0 has it, 6.4.18 (NCMD): QoS 0, not retained.
void Session::ask_for_births() {
  for (const std::string& node : deliverer_.rebirths()) {
    const std::size_t slash = node.find('/');
    payload::SparkplugMetric rebirth;
    rebirth.name = "Node Control/Rebirth";
    rebirth.type = payload::SparkplugType::boolean;
    rebirth.value = true;
    const auto now_ms = static_cast<std::uint64_t>(wall_clock() / 1'000'000);
    rebirth.time_ms = now_ms;
    format::Buffer command;
    payload::encode_sparkplug(now_ms, {&rebirth, 1}, std::nullopt, command);
    put_publish(payload::sparkplug_topic(node.substr(0, slash), "NCMD", node.substr(slash + 1)),
                command.view(), is_v5(), out_);
  }
}

void Session::ping(Clock::time_point now) {
  put_ping(out_);
  window_.pinged();
  pinged_ = now;
}

std::string Session::read(Link& link, PacketReader& packets, bool& is_idle) {
  in_.clear();
  if (std::string why = link.read(in_, kReadBytes); !why.empty()) return why;
  packets.feed(in_);
  if (!in_.empty()) heard_ = Clock::now();
  is_idle = in_.empty();
  PacketReader::Packet packet;
  while (has_room()) {
    switch (packets.next(packet)) {
      case PacketReader::Next::more: return "";
      case PacketReader::Next::malformed: return "the broker sent a malformed packet";
      case PacketReader::Next::packet: break;
    }
    if (std::string why = handle(packet); !why.empty()) return why;
    is_idle = false;
  }
  return "";
}

std::string Session::handle(const PacketReader::Packet& packet) {
  Answer answer;
  if (packet.type() == Type::publish) return receive(packet);
  if (packet.is_cut) return "the broker sent a packet that is too large";
  switch (packet.type()) {
    case Type::pubrel:
      if (const Parsed parsed = parse_pubrel(packet.body, answer); !parsed) return parsed.text();
      window_.released(answer.id);
      put_ack(Type::pubcomp, answer.id, out_);
      return "";
    case Type::suback:
      if (const Parsed parsed = parse_suback(packet.body, is_v5(), answer); !parsed) {
        return parsed.text();
      }
      return subscribed(answer);
    case Type::disconnect:
      if (const Parsed parsed = parse_disconnect(packet.body, answer); !parsed) {
        return parsed.text();
      }
      return "the broker ended the connection: " + reason_text(answer.code, answer.reason, is_v5());
    case Type::pingresp: window_.answered(); return "";
    default:
      return "the broker sent a packet that was not expected (" +
             std::to_string(packet.first >> 4) + ")";
  }
}

// Rows of a message without times of their own are a nanosecond apart. It has fewer rows than
// bytes, so that they are all before those of the next message.
Time Session::arrival_of(const Publish& publish) {
  const Time now = wall_clock();
  const bool is_set_back = next_arrival_ - now > kClockSetBack;
  const Time arrival = is_set_back ? now : std::max(now, next_arrival_);
  next_arrival_ = arrival + static_cast<Time>(publish.payload.size()) + 1;
  return arrival;
}

std::string Session::receive(const PacketReader::Packet& packet) {
  Publish publish;
  // Of one that was cut, properties may be missing; its topic and id are there.
  const Parsed parsed =
      parse_publish(packet.first, packet.body, is_v5() && !packet.is_cut, publish);
  if (!parsed) return "the broker sent a malformed message: " + parsed.text();
  const bool is_too_large = packet.is_cut || publish.payload.size() > options_.max_payload.count;
  if (is_too_large) publish.payload = {};
  if (publish.qos > 0) {
    MessagePtr message = window_.received(publish, is_too_large, arrival_of(publish));
    if (message != nullptr) deliverer_.add(std::move(message));
    return "";
  }
  auto message = std::make_shared<Message>();
  message->topic = publish.topic;
  message->payload = publish.payload;
  message->arrival = arrival_of(publish);
  message->is_too_large = is_too_large;
  deliverer_.try_add(std::move(message), options_.max_held.count);
  return "";
}

std::string Session::subscribed(const Answer& suback) {
  if (!awaits_suback_ || suback.id != kSubscribeId || suback.codes.size() != wanted_.size()) {
    return "the broker sent an answer to SUBSCRIBE that does not fit to what was asked";
  }
  std::vector<std::size_t> refused;
  for (std::size_t n = 0; n < wanted_.size(); ++n) {
    const Subscription& s = options_.subscriptions[wanted_[n]];
    const auto code = static_cast<std::uint8_t>(suback.codes[n]);
    if (code >= 0x80) {
      if (!is_refusal_told_) {
        source_.error("the broker refused to subscribe '" + s.topic + "': " +
                      reason_text(code, suback.reason, is_v5()) + "; asking again every 30 s");
      }
      refused.push_back(wanted_[n]);
    } else if (code < s.qos) {
      source_.warn("the broker grants '" + s.topic + "' QoS " + std::to_string(code) +
                   " only; messages may be lost");
    }
  }
  wanted_ = std::move(refused);
  is_refusal_told_ = !wanted_.empty();
  awaits_suback_ = false;
  subscribe_due_ = Clock::now() + kRestMax;
  if (!wanted_.empty()) return "";
  is_connected_ = true;
  last_trouble_.clear();
  source_.connected(peer_);
  return "";
}

std::string Session::say_goodbye(Link& link) {
  const Clock::time_point end = Clock::now() + kGoodbye;
  while (deliverer_.outstanding() > 0 && Clock::now() < end) {
    drain_wake();
    Clock::time_point next = end;
    settle(next);
    acknowledged_ += window_.acknowledge(out_);
    if (std::string why = link.write(out_); !why.empty()) return why;
    if (deliverer_.outstanding() > 0) link.wait(false, !out_.empty(), wake_fd_.get(), next);
  }
  Clock::time_point next = end;
  settle(next);
  acknowledged_ += window_.acknowledge(out_);
  put_disconnect(out_);
  while (!out_.empty() && Clock::now() < end) {
    if (std::string why = link.write(out_); !why.empty()) return why;
    drain_wake();
    if (!out_.empty()) link.wait(false, true, wake_fd_.get(), end);
  }
  return "";
}

void Session::tell_figures(Clock::time_point now) {
  if (now - figures_ < kFiguresEvery) return;
  figures_ = now;
  const Deliverer::Counts counts = deliverer_.counts();
  source_.figure("messages_total", static_cast<double>(counts.messages));
  source_.figure("bad_messages_total", static_cast<double>(counts.bad));
  source_.figure("dropped_messages_total", static_cast<double>(counts.dropped));
  source_.figure("repeated_messages_total", static_cast<double>(counts.repeated));
  source_.figure("dropped_metrics_total", static_cast<double>(counts.unnamed));
  source_.figure("acknowledged_messages_total", static_cast<double>(acknowledged_));
  source_.figure("in_flight_messages", static_cast<double>(window_.unsettled()));
  source_.figure("held_bytes", static_cast<double>(window_.unsettled_bytes()));
  source_.figure("series", static_cast<double>(counts.series));
}

}  // namespace weir::mqtt_source
