// The plugin mqtt: what its file exports.
#include "mqtt.hpp"

WEIR_PLUGIN("mqtt", "0.1.0",
            weir::sink<weir::mqtt_sink::Mqtt>("mqtt", "Publishes rows to an MQTT broker."))
