#include "mqtt.hpp"

#include <mosquitto.h>

#include <algorithm>

#include "ask.hpp"
#include "imu.hpp"
#include "shared/mosquitto/reasons.hpp"
#include "text.hpp"
#include "topic.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir/payload/sparkplug_node.hpp"

namespace weir::mqtt_sink {

namespace {

constexpr std::size_t kTextBytesMax = 65535;

mqtt::Will will_of(const Notice& n) {
  return {n.topic, n.payload, static_cast<int>(n.qos), n.retain};
}

// What is beyond it waits in the library's memory: births too.
mqtt::Session session_of(const Options& options) {
  mqtt::Session session;
  if (options.protocol == mqtt::Protocol::v311 && options.qos == 2) {
    session.send_max = kUntoldReceiveMax;
  }
  return session;
}

void check_notice(const std::optional<Notice>& notice, const char* name, const Options& options,
                  Problems& problems) {
  if (!notice) return;
  const std::string path = std::string(name) + ".";
  if (const std::string problem = topic_problem(notice->topic); !problem.empty()) {
    problems.add((path + "topic").c_str(), problem);
  }
  if (notice->payload.size() > kTextBytesMax) {
    problems.add((path + "payload").c_str(), "is longer than 65535 bytes");
  }
  if (options.format == Format::sparkplug) {
    problems.add(name, "is Sparkplug's own with that format; remove it");
  }
}

void check_v5(const Options& options, Problems& problems) {
  const auto only_v5 = [&](const char* name, bool is_there) {
    if (is_there) problems.add(name, "is of MQTT 5 only; remove it or set protocol: 5");
  };
  if (options.protocol == mqtt::Protocol::v5) return;
  only_v5("expiry", options.expiry.count() > 0);
  only_v5("content_type", !options.content_type.empty());
  only_v5("user_properties", !options.user_properties.empty());
}

}  // namespace

Mqtt::Mqtt(Sink sink, const Options& options)
    : sink_(sink),
      options_(options),
      delivery_(sink, options_),
      client_(sink, options_, session_of(options_), *this) {
  switch (options_.format) {
    case Format::imu: encoder_ = make_imu_encoder(options_); break;
    case Format::sparkplug: {
      auto made = std::make_unique<SparkplugEncoder>(options_, sink.hostname());
      sparkplug_ = made.get();
      encoder_ = std::move(made);
      break;
    }
    default: encoder_ = make_text_encoder(options_, sink.hostname());
  }
}

void Mqtt::check(const Options& options, Problems& problems) {
  options.mqtt::ConnectionOptions::check(problems);
  const TopicTemplate topic = parse_topic(options.topic);
  if (!topic.problem.empty()) problems.add("topic", topic.problem);
  check_notice(options.birth, "birth", options, problems);
  check_notice(options.will, "will", options, problems);
  check_v5(options, problems);
  if (options.format == Format::imu && options.message_rows_max() > payload::kImuSamplesMax) {
    problems.add("rows_per_message", "is more than a packet holds: at most " +
                                         std::to_string(payload::kImuSamplesMax) + " with imu");
  }
  if (options.retain && options.format == Format::sparkplug) {
    problems.add("retain", "is true, which Sparkplug forbids");
  }
  if (options.sparkplug && options.format != Format::sparkplug) {
    problems.add("sparkplug", "is for the format sparkplug; remove it or set that");
  }
  if (!options.sparkplug) return;
  for (const auto& [name, id] : {std::pair("sparkplug.group", options.sparkplug->group),
                                 std::pair("sparkplug.node", options.sparkplug->node)}) {
    const bool is_default = id.empty() && name == std::string_view("sparkplug.node");
    if (!is_default && !payload::is_sparkplug_id(id)) {
      problems.add(name, "is no Sparkplug id: expected text without + / # and controls");
    }
  }
}

// A broker that does not answer now may do so later: `write` says what is wrong.
void Mqtt::start() { client_.start(); }

void Mqtt::stop() {
  if (sparkplug_ != nullptr) {
    announce(sparkplug_->will());
  } else if (options_.will) {
    announce(will_of(*options_.will));
  }
  client_.stop();
  delivery_.forget();
}

// By another name: a broker ends the connection of who is there under the same one.
Finding Mqtt::probe(Duration limit) {
  mqtt::ConnectionOptions options = options_;
  options.client_id = client_.client_id() + "-probe";
  options.connect_timeout = std::min(options.connect_timeout, limit);
  const std::string why = ask_broker(sink_, options, limit);
  return why.empty() ? Finding::ok() : Finding::failed(why);
}

Status Mqtt::write(std::span<const weir_batch* const> batches) {
  if (Status begun = delivery_.begin(client_); begun.code() != WEIR_OK) return begun;
  encoder_->encode(batches, delivery_);
  return delivery_.finish();
}

std::optional<mqtt::Will> Mqtt::will() {
  if (sparkplug_ != nullptr) return sparkplug_->next_will();
  if (!options_.will) return {};
  return will_of(*options_.will);
}

void Mqtt::on_connect(const mqtt::Broker& broker) {
  qos_max_ = broker.qos_max;
  if (sparkplug_ != nullptr) sparkplug_->connected(client_, broker);
  birth_ = options_.birth ? announce(will_of(*options_.birth)) : 0;
  delivery_.connected(broker);
}

void Mqtt::on_publish(int number, int reason) {
  if (number == birth_ && mqtt::fate_of(reason) != mqtt::Fate::delivered) {
    sink_.warn("the broker refused the birth message: " + mqtt::reason_text(reason));
  }
  if (sparkplug_ != nullptr) {
    const std::string refused = sparkplug_->acknowledged(number, reason);
    if (!refused.empty()) delivery_.undo(client_.place().text() + ": " + refused);
  }
  delivery_.acknowledged(number, reason);
}

void Mqtt::on_tick() {
  if (sparkplug_ != nullptr) sparkplug_->bear_if_wanted();
}

void Mqtt::on_message(const mqtt::Message& message) {
  if (sparkplug_ != nullptr) sparkplug_->commanded(message);
}

// Without a connection nobody is there to hear it. A goodbye follows at once at the end, so that
// there would be no time for the handshake of QoS 2. The message's number, or 0.
int Mqtt::announce(const mqtt::Will& notice) {
  const int qos = std::min({notice.qos, 1, qos_max_.load()});
  int number = 0;
  const int error =
      client_.publish({notice.topic.c_str(), notice.payload, qos, notice.retain}, &number);
  if (error != MOSQ_ERR_SUCCESS && error != MOSQ_ERR_NO_CONN) {
    sink_.warn(notice.topic + " is not published: " + mqtt::error_text(error));
  }
  return error == MOSQ_ERR_SUCCESS ? number : 0;
}

}  // namespace weir::mqtt_sink
