// The messages that are on their way: which number of a packet is which message of the delivery,
// and whether another may be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace weir::mqtt_sink {

// One thread at a time. Numbers are 1 to 65535 and ascend, with gaps, 1 behind 65535.
class Window {
 public:
  Window() : message_of_(kNumbers, kNone) {}

  void clear() {
    for (const int number : order_) message_of_[static_cast<std::size_t>(number)] = kNone;
    order_.clear();
    in_flight_ = 0;
  }

  // A number comes again after 65535 others: what is late holds up those behind it before that.
  bool has_room(std::size_t limit) const { return in_flight_ < limit && order_.size() < kSpanMax; }

  void sent(int number, std::uint32_t message) {
    message_of_[static_cast<std::size_t>(number)] = message;
    order_.push_back(number);
    ++in_flight_;
  }

  // The message; nothing where the number is of none, or of one that is acknowledged already.
  std::optional<std::uint32_t> acknowledged(int number) {
    if (number < 0 || number >= static_cast<int>(kNumbers)) return std::nullopt;
    std::uint32_t& message = message_of_[static_cast<std::size_t>(number)];
    if (message == kNone) return std::nullopt;
    const std::uint32_t result = message;
    message = kNone;
    --in_flight_;
    while (!order_.empty() && message_of_[static_cast<std::size_t>(order_.front())] == kNone) {
      order_.pop_front();
    }
    return result;
  }

  std::size_t in_flight() const { return in_flight_; }

 private:
  static constexpr std::size_t kNumbers = 65536;
  static constexpr std::size_t kSpanMax = 32768;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<std::uint32_t> message_of_;  // by number
  std::deque<int> order_;                  // from the oldest that is on its way
  std::size_t in_flight_ = 0;
};

}  // namespace weir::mqtt_sink
