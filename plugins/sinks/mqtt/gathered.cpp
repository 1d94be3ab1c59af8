#include "gathered.hpp"

#include "topic.hpp"

namespace weir::mqtt_sink {

bool Gathered::add(std::string_view topic, std::string_view payload, std::uint32_t items,
                   Origin row, Delivery& delivery) {
  if (topic.size() > kTopicBytesMax) {
    delivery.reject(row, "its topic is longer than 65535 bytes");
    return true;
  }
  const std::size_t max = delivery.payload_bytes_max(topic.size());
  const std::size_t frame = items > 1 ? shape_.open.size() + shape_.close.size() : 0;
  if (payload.size() + frame > max) {
    delivery.reject(row, "its message of " + std::to_string(payload.size()) +
                             " bytes is larger than max_message or than the broker takes");
    return true;
  }
  const std::size_t at = place_of(topic);
  if (at == open_.size()) open_.emplace_back();
  Open* const open = &open_[at];
  const std::size_t gathered = open->payload.size() + shape_.between.size() + payload.size();
  const bool is_full = open->rows.size() == rows_max_ || gathered + shape_.close.size() > max;
  if (is_full && !open->rows.empty() && !send(*open, delivery)) return false;
  if (open->rows.empty()) {
    open->topic.assign(topic.data(), topic.size() + 1);
    open->payload.append(shape_.open);
  } else {
    open->payload.append(shape_.between);
  }
  open->payload.append(payload);
  open->items += items;
  open->rows.push_back(row);
  return rows_max_ > 1 || send(*open, delivery);
}

// Where the message of a topic is, or will be.
std::size_t Gathered::place_of(std::string_view topic) {
  if (rows_max_ == 1) return 0;
  key_.assign(topic.data(), topic.size());
  return by_topic_.try_emplace(key_, open_.size()).first->second;
}

bool Gathered::send(Open& open, Delivery& delivery) {
  std::string_view payload = open.payload;
  if (open.items > 1) {
    open.payload.append(shape_.close);
    payload = open.payload;
  } else {
    payload.remove_prefix(shape_.open.size());
  }
  const std::string_view topic(open.topic.data(), open.topic.size() - 1);
  const bool good = delivery.send(topic, payload, open.rows);
  open.payload.clear();
  open.items = 0;
  open.rows.clear();
  return good;
}

bool Gathered::send_rest(Delivery& delivery) {
  for (Open& open : open_) {
    if (!open.rows.empty() && !send(open, delivery)) return false;
  }
  return true;
}

void Gathered::clear() {
  if (rows_max_ > 1) {
    open_.clear();
    by_topic_.clear();
  } else if (!open_.empty()) {
    open_.front().payload.clear();
    open_.front().items = 0;
    open_.front().rows.clear();
  }
}

}  // namespace weir::mqtt_sink
