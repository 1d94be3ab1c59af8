// Rows as items of messages: one each, or, gathered by topic, as many as may go into one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delivery.hpp"

namespace weir::mqtt_sink {

// How items become a payload: `open` and `close` stand around several, not around one.
struct Shape {
  std::string_view open, between, close;
};

// One thread.
class Gathered {
 public:
  Gathered(Shape shape, std::uint32_t rows_max) : shape_(shape), rows_max_(rows_max) {}

  // A row as `items` items in `payload`, which are separated already. `topic` ends in NUL. False:
  // the delivery has failed.
  bool add(std::string_view topic, std::string_view payload, std::uint32_t items, Origin row,
           Delivery& delivery);
  // What is gathered, in the order in which the messages were begun. False as above.
  bool send_rest(Delivery& delivery);
  void clear();

 private:
  struct Open {
    std::string topic;    // with NUL
    std::string payload;  // begins with shape.open; as large as need be: there may be many
    std::uint32_t items = 0;
    std::vector<Origin> rows;
  };
  std::size_t place_of(std::string_view topic);
  bool send(Open& open, Delivery& delivery);

  const Shape shape_;
  const std::uint32_t rows_max_;
  std::vector<Open> open_;
  std::unordered_map<std::string, std::size_t> by_topic_;
  std::string key_;
};

}  // namespace weir::mqtt_sink
