// A connection that is made to see whether the broker takes it, and ended.
#pragma once

#include <string>

#include "shared/mosquitto/connection_options.hpp"
#include "weir/host.hpp"

namespace weir::mqtt_sink {

// "" or why the broker does not let us in. Publishes nothing, leaves no will and no session.
std::string ask_broker(Host host, const mqtt::ConnectionOptions& options, Duration limit);

}  // namespace weir::mqtt_sink
