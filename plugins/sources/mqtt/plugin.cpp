// The plugin mqtt: what its file exports.
#include "mqtt.hpp"

WEIR_PLUGIN("mqtt", "0.1.0",
            weir::source<weir::mqtt_source::Mqtt>(
                "mqtt", "Subscribes at an MQTT broker and makes rows of what comes.", WEIR_PUSH))
