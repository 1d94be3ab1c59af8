// Rows of inertial measurement units as binary packets (weir/payload/imu_packet.hpp).
//
// A packet holds samples of one series that follow each other by their field `sequence`. It begins
// at a gap and at each multiple of rows_per_message, as the devices' own packets do, so that
// deliveries which end between two of those give the same packets; one that ends elsewhere cuts a
// packet in two.
#pragma once

#include <memory>

#include "encoder.hpp"
#include "options.hpp"

namespace weir::mqtt_sink {

std::unique_ptr<Encoder> make_imu_encoder(const Options& options);

}  // namespace weir::mqtt_sink
