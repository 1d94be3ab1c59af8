// Options of the source mqtt.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/mosquitto/connection_options.hpp"
#include "weir/options.hpp"

namespace weir::mqtt_source {

enum class PayloadFormat { json, reading, influx, sparkplug, imu, imu_json };
enum class Precision { ns, us, ms, s };

struct Subscription {
  std::string topic;
  std::uint8_t qos = 1;
  PayloadFormat format = PayloadFormat::json;
  std::string measurement;
  std::string time;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> fields;
  Precision precision = Precision::ns;

  static const OptionTable<Subscription>& table() {
    static const OptionTable<Subscription> t{
        option("topic", &Subscription::topic,
               "What to subscribe: sensors/{site}/+/#; the name of a level becomes a label.")
            .required(),
        option("qos", &Subscription::qos,
               "The highest quality of service: 1 and 2 are acknowledged when rows are delivered.")
            .def("1")
            .max("2"),
        option("format", &Subscription::format, "What the payloads are.")
            .choices({"json", "reading", "influx", "sparkplug", "imu", "imu_json"})
            .def("json"),
        option(
            "measurement", &Subscription::measurement,
            "The name of the rows, where the payload does not say it; none: that of the format."),
        option("time", &Subscription::time,
               "json: the member that is the row's time, as a.b; none: when the message came."),
        option("labels", &Subscription::labels,
               "json: labels, each with the member that is its value, as a.b."),
        option("fields", &Subscription::fields,
               "json: fields, each with the member that is its value; none: all members."),
        option("precision", &Subscription::precision, "influx: the unit of times.")
            .choices({"ns", "us", "ms", "s"})
            .def("ns"),
    };
    return t;
  }
};

struct Options : mqtt::ConnectionOptions {
  std::vector<Subscription> subscriptions;
  Duration session_expiry{};
  std::uint16_t max_in_flight = 0;
  Bytes max_payload;
  Bytes max_held;
  bool rebirth = true;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t(mqtt::with_connection<Options>({
        option("subscriptions", &Options::subscriptions,
               "What to subscribe, and what is in it; of several that fit, the first decodes.")
            .required(),
        option("session_expiry", &Options::session_expiry,
               "How long the broker keeps messages while the agent is away; 0: not at all.")
            .def("7d")
            .max("1000d"),
        option("max_in_flight", &Options::max_in_flight,
               "The most messages that are received and not yet delivered.")
            .def("1000")
            .min("1")
            .max("65535"),
        option("max_payload", &Options::max_payload, "Larger payloads are dropped and counted.")
            .def("1MiB")
            .min("1KiB")
            .max("64MiB"),
        option("max_held", &Options::max_held,
               "The most bytes of messages that are received and not yet delivered.")
            .def("16MiB")
            .min("64KiB")
            .max("1GiB"),
        option("rebirth", &Options::rebirth,
               "sparkplug: asks edge nodes for their births, by NCMD, where a name is not known.")
            .def("true"),
    }));
    return t;
  }
};

}  // namespace weir::mqtt_source
