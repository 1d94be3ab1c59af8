// Rows as text: an object of JSON, a line of InfluxDB's line protocol, or the readings of a device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "encoder.hpp"
#include "options.hpp"
#include "topic.hpp"

namespace weir::mqtt_sink {

// `device`: the device id of readings whose series have no label device_id.
std::unique_ptr<Encoder> make_text_encoder(const Options& options, std::string device);

}  // namespace weir::mqtt_sink
