// From a message's payload to rows, one decoder a subscription.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "options.hpp"
#include "point.hpp"
#include "rows.hpp"

namespace weir::mqtt_source {

struct Incoming {
  std::string_view topic, payload;
  Time arrival = 0;
  std::span<const Point::Label> labels;  // of the topic
};

class Decoder {
 public:
  static constexpr std::size_t kRowsMax = 100'000;  // of one message

  virtual ~Decoder() = default;
  // Adds the message's rows. "" or what is wrong; rows that are right are added all the same. One
  // thread.
  virtual std::string decode(const Incoming& in, Rows& rows) = 0;
};

std::unique_ptr<Decoder> make_decoder(const Subscription& subscription);
std::unique_ptr<Decoder> make_json_decoder(const Subscription& subscription);
std::unique_ptr<Decoder> make_sparkplug_decoder();

// Collects what goes wrong in one message: the first is told.
class Trouble {
 public:
  void add(std::string what) {
    if (first_.empty()) first_ = std::move(what);
  }
  std::string text() const { return first_; }

 private:
  std::string first_;
};

}  // namespace weir::mqtt_source
