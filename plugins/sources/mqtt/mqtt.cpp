#include "mqtt.hpp"

#include <algorithm>

namespace weir::mqtt_source {

// By another name, and a session that ends with the connection: that of a running agent, and what
// the broker keeps for it, stay as they are.
Finding Mqtt::probe(Duration limit) {
  Options options = options_;
  options.client_id = session_.client_id() + "-probe";
  options.session_expiry = {};
  options.connect_timeout = std::min(options.connect_timeout, limit);
  Session session(source_, options);
  const std::string why = session.ask();
  return why.empty() ? Finding::ok(session.peer()) : Finding::failed(why);
}

void Mqtt::check(const Options& options, Problems& problems) {
  options.ConnectionOptions::check(problems);
  if (options.max_held.count < options.max_payload.count) {
    problems.add("max_held", "is smaller than max_payload; expected at least as much");
  }
  if (options.subscriptions.empty()) {
    problems.add("subscriptions", "is empty; expected a list of {topic: ...}");
  }
  for (std::size_t i = 0; i < options.subscriptions.size(); ++i) {
    const Subscription& s = options.subscriptions[i];
    const std::string at = "subscriptions[" + std::to_string(i) + "]";
    if (const std::string why = Topic::problem(s.topic); !why.empty()) {
      problems.add((at + ".topic").c_str(), why);
    }
    const bool is_json = s.format == PayloadFormat::json;
    if (!is_json && !(s.time.empty() && s.labels.empty() && s.fields.empty())) {
      problems.add(at.c_str(), "has time, labels or fields, which are for format json");
    }
    if (s.format != PayloadFormat::influx && s.precision != Precision::ns) {
      problems.add((at + ".precision").c_str(), "is for format influx");
    }
    if (!s.measurement.empty() &&
        (s.format == PayloadFormat::influx || s.format == PayloadFormat::sparkplug)) {
      problems.add((at + ".measurement").c_str(), "is of no use: the payload names its own");
    }
    if (options.session_expiry == Duration{} && s.qos > 0) {
      problems.add((at + ".qos").c_str(),
                   "is above 0, and session_expiry is 0, so that the broker would forget messages "
                   "that were not delivered; change one of them");
    }
  }
}

}  // namespace weir::mqtt_source
