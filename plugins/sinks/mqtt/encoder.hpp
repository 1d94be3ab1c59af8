// What a format makes of a delivery: messages, in order, each with the rows that it says.
#pragma once

#include <span>

#include "delivery.hpp"
#include "weir/abi.h"

namespace weir::mqtt_sink {

class Encoder {
 public:
  virtual ~Encoder() = default;
  // [sink's thread] Sends every row or rejects it; may stop as soon as the delivery has failed.
  virtual void encode(std::span<const weir_batch* const> batches, Delivery& delivery) = 0;
};

}  // namespace weir::mqtt_sink
