// From a message's payload to rows, one decoder a subscription.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "edge_nodes.hpp"
#include "options.hpp"
#include "point.hpp"
#include "rows.hpp"

namespace weir::mqtt_source {

struct Incoming {
  std::string_view topic, payload;
  Time arrival = 0;
  std::span<const Point::Label> labels;  // of the topic
  bool is_again = false;  // it may have come before, and what is known be of behind it
};

class Decoder {
 public:
  static constexpr std::size_t kRowsMax = 100'000;  // of one message

  virtual ~Decoder() = default;
  // Adds the message's rows. "" or what is wrong; rows that are right are added all the same. One
  // thread.
  std::string decode(const Incoming& in, Rows& rows) {
    rows.begin_message();
    return read(in, rows);
  }

 private:
  virtual std::string read(const Incoming& in, Rows& rows) = 0;
};

std::unique_ptr<Decoder> make_decoder(
    const Subscription& subscription,
    std::shared_ptr<Sparkplug> shared = std::make_shared<Sparkplug>());
std::unique_ptr<Decoder> make_json_decoder(const Subscription& subscription);
std::unique_ptr<Decoder> make_sparkplug_decoder(std::shared_ptr<Sparkplug> shared);

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
