// Options of the sink mqtt.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "shared/mosquitto/connection_options.hpp"
#include "weir/options.hpp"

namespace weir::mqtt_sink {

enum class Format { json, influx, reading, imu, sparkplug };

// A message of its own, not of rows.
struct Notice {
  std::string topic, payload;
  std::uint32_t qos = 1;
  bool retain = true;

  static const OptionTable<Notice>& table() {
    static const OptionTable<Notice> t{
        option("topic", &Notice::topic, "Where it is published.").required(),
        option("payload", &Notice::payload, "What it says."),
        option("qos", &Notice::qos, "Its quality of service.").def("1").max("2"),
        option("retain", &Notice::retain, "The broker keeps it for later subscribers.").def("true"),
    };
    return t;
  }
};

struct Sparkplug {
  std::string group, node, device_label;

  static const OptionTable<Sparkplug>& table() {
    static const OptionTable<Sparkplug> t{
        option("group", &Sparkplug::group, "The group id.").def("weir"),
        option("node", &Sparkplug::node, "The edge node id; none: the agent's host name."),
        option("device_label", &Sparkplug::device_label,
               "The label whose values are device ids; rows without it are the edge node's own.")
            .def("device_id"),
    };
    return t;
  }
};

struct Options : mqtt::ConnectionOptions {
  std::string topic;
  Format format = Format::json;
  std::uint32_t qos = 1;
  bool retain = false;
  std::optional<std::uint32_t> rows_per_message;
  Bytes max_message;
  std::uint32_t in_flight = 0;
  Duration write_timeout{};
  Duration expiry{};
  std::string content_type;
  std::map<std::string, std::string> user_properties;
  std::optional<Notice> birth;
  std::optional<Notice> will;
  std::optional<Sparkplug> sparkplug;

  // As configured, or the format's own.
  std::uint32_t message_rows_max() const {
    constexpr std::uint32_t kImuRows = 64;
    return rows_per_message.value_or(format == Format::imu ? kImuRows : 1);
  }

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t(mqtt::with_connection<Options>({
        option("topic", &Options::topic,
               "Where rows are published: text with {measurement}, {label:NAME} and {field:NAME}.")
            .def("weir/{measurement}"),
        option("format", &Options::format, "What is in a message.")
            .choices({"json", "influx", "reading", "imu", "sparkplug"})
            .def("json"),
        option("qos", &Options::qos, "The quality of service that rows are published with.")
            .def("1")
            .max("2"),
        option("retain", &Options::retain,
               "The broker keeps the last message of each topic for later subscribers.")
            .def("false"),
        option("rows_per_message", &Options::rows_per_message,
               "As many rows of one topic go into one message; none: 64 with imu, 1 otherwise.")
            .min("1")
            .max("100000"),
        option("max_message", &Options::max_message,
               "The largest payload; a row that is larger is rejected.")
            .def("1MiB")
            .min("1KiB")
            .max("255MiB"),
        option("in_flight", &Options::in_flight,
               "As many messages may be unacknowledged; less where the broker says so.")
            .def("100")
            .min("1")
            .max("10000"),
        option("write_timeout", &Options::write_timeout,
               "How long the broker may acknowledge nothing.")
            .def("30s")
            .min("1s")
            .max("1h"),
        option("expiry", &Options::expiry,
               "How long the broker may hold messages for subscribers; 0: for ever. MQTT 5.")
            .def("0")
            .max("3650d"),
        option("content_type", &Options::content_type, "Is said of messages. MQTT 5."),
        option("user_properties", &Options::user_properties, "Go with messages. MQTT 5."),
        option("birth", &Options::birth, "Is published when the broker is connected to."),
        option("will", &Options::will,
               "Is published when the agent stops, and by the broker when the agent is gone."),
        option("sparkplug", &Options::sparkplug, "Who the agent is, with the format sparkplug."),
    }));
    return t;
  }
};

}  // namespace weir::mqtt_sink
