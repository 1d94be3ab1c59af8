#include "delivery.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <unordered_set>
#include <utility>

#include "shared/mosquitto/reasons.hpp"

namespace weir::mqtt_sink {

namespace {

constexpr std::size_t kUnacknowledged = 1000;          // messages of QoS 0 in libmosquitto's memory
constexpr Duration kSettle = std::chrono::seconds(1);  // of write_deadline, for what is on its way
constexpr std::uint32_t kWakeEach = 32;                // messages
constexpr std::size_t kFrameBytes = 16;                // header, lengths and number of a PUBLISH

}  // namespace

Delivery::Delivery(Sink sink, const Options& options) : sink_(sink), options_(options) {
  frame_bytes_ = kFrameBytes;
  if (options.protocol != mqtt::Protocol::v5) return;
  if (options.expiry.count() > 0) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.expiry).count();
    properties_.add_u32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, static_cast<std::uint32_t>(seconds));
    frame_bytes_ += 5;
  }
  if (!options.content_type.empty()) {
    if (!properties_.add_text(MQTT_PROP_CONTENT_TYPE, options.content_type)) {
      throw OptionError("content_type", "is not UTF-8, or longer than 65535 bytes");
    }
    frame_bytes_ += 3 + options.content_type.size();
  }
  for (const auto& [name, value] : options.user_properties) {
    if (!properties_.add_pair(MQTT_PROP_USER_PROPERTY, name, value)) {
      throw OptionError("user_properties", name + " is not UTF-8, or longer than 65535 bytes");
    }
    frame_bytes_ += 5 + name.size() + value.size();
  }
}

Status Delivery::begin(mqtt::Client& client) {
  client_ = &client;
  std::unique_lock lock(mutex_);
  window_.clear();
  origins_.clear();
  sent_.clear();
  rejected_.clear();
  failure_.clear();
  is_undone_ = false;
  const Duration budget = sink_.time_left(Duration::max());
  stop_at_ = budget == Duration::max()
                 ? Clock::time_point::max()
                 : Clock::now() + budget - std::min<Duration>(budget / 4, kSettle);
  changed_.wait_for(lock, sink_.time_left(options_.connect_timeout),
                    [&] { return connected_ || !trouble_.empty(); });
  if (!connected_) {
    return Status::retry(!trouble_.empty() ? trouble_
                                           : client.place().text() + ": not connected yet");
  }
  broken_ = false;
  qos_ = static_cast<int>(options_.qos);
  if (qos_ > 0 && broker_.qos_max == 0) {
    return Status::retry(client.place().text() +
                         ": the broker takes QoS 0 only, which it does not acknowledge; set qos: "
                         "0, or use another broker");
  }
  if (qos_ > broker_.qos_max) {
    qos_ = broker_.qos_max;
    if (!std::exchange(told_lower_qos_, true)) {
      sink_.info("the broker takes QoS " + std::to_string(qos_) + " at most: rows go with that");
    }
  }
  if (options_.retain && !broker_.retain) {
    return Status::retry(client.place().text() +
                         ": the broker retains no messages; set retain: false");
  }
  packet_bytes_max_ = broker_.packet_bytes_max;
  const bool is_told = options_.protocol == mqtt::Protocol::v5 || qos_ < 2;
  const std::uint16_t receive_max = is_told ? broker_.receive_max : kUntoldReceiveMax;
  limit_ = qos_ == 0 ? kUnacknowledged : std::min<std::size_t>(options_.in_flight, receive_max);
  return Status::ok();
}

bool Delivery::has_room() {
  if (Clock::now() > stop_at_) {
    fail(client_->place().text() +
         ": write_deadline is over before all rows are published; what "
         "is not comes again");
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    if (broken_ || !failure_.empty()) return false;
    if (window_.has_room(limit_)) return true;
  }
  // Half of it at once: threads need not take turns for each message.
  return wait_until_at_most(limit_ / 2);
}

bool Delivery::publish(std::string_view topic, std::string_view payload,
                       std::span<const Origin> rows) {
  const mqtt::Message message{topic.data(), payload, qos_, options_.retain, properties_.get()};
  int error = MOSQ_ERR_SUCCESS;
  {
    // The acknowledgement may come before `publish` has returned: it waits for this lock.
    const std::lock_guard lock(mutex_);
    if (broken_) return false;
    origins_.insert(origins_.end(), rows.begin(), rows.end());
    sent_.push_back({origins_.size(), std::hash<std::string_view>{}(topic), Answer::none});
    int number = 0;
    error = client_->publish(message, &number);
    if (error == MOSQ_ERR_SUCCESS) {
      window_.sent(number, static_cast<std::uint32_t>(sent_.size() - 1));
    } else {
      origins_.resize(origins_.size() - rows.size());
      sent_.pop_back();
    }
  }
  if (error == MOSQ_ERR_SUCCESS) {
    if (++unwoken_ >= kWakeEach) {
      unwoken_ = 0;
      client_->wake();
    }
    return true;
  }
  switch (error) {
    case MOSQ_ERR_INVAL:
    case MOSQ_ERR_MALFORMED_UTF8:
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET:
      for (const Origin& row : rows) reject(row, mqtt::error_text(error));
      return true;
    case MOSQ_ERR_NOMEM: throw std::bad_alloc();
    default: fail(client_->place().text() + ": " + mqtt::error_text(error)); return false;
  }
}

std::size_t Delivery::payload_bytes_max(std::size_t topic_bytes) const {
  const std::size_t frame = frame_bytes_ + topic_bytes;
  const std::size_t packet = std::max(packet_bytes_max_, frame);
  return std::min<std::size_t>(options_.max_message.count, packet - frame);
}

bool Delivery::wait_until_at_most(std::size_t in_flight) {
  unwoken_ = 0;
  client_->wake();
  std::unique_lock lock(mutex_);
  wanted_ = in_flight;
  is_waiting_ = true;
  bool moves = true;
  while (!is_wait_over() && moves) {
    const std::uint64_t before = progress_;
    const Duration patience = sink_.time_left(options_.write_timeout);
    changed_.wait_for(lock, patience, [this] { return is_wait_over(); });
    moves = is_wait_over() || (progress_ != before && patience.count() > 0);
  }
  is_waiting_ = false;
  if (moves) return !broken_ && failure_.empty();
  const std::string why = "the broker acknowledged nothing within write_timeout or write_deadline";
  trouble_ = client_->place().text() + ": " + why;
  if (failure_.empty()) failure_ = trouble_;
  connected_ = false;
  broken_ = true;
  lock.unlock();
  client_->drop(why);  // with what is on its way: it comes again
  return false;
}

Status Delivery::finish() {
  wait_until_at_most(0);
  const std::lock_guard lock(mutex_);
  sink_.figure("in_flight_limit", static_cast<double>(limit_));
  if (broken_ || !failure_.empty()) {
    if (!is_undone_) remember();
    return Status::retry(failure_.empty() ? trouble_ : failure_);
  }
  forget();
  for (const Rejected& r : rejected_) sink_.reject(*r.row.batch, r.row.row, r.reason.c_str());
  return Status::ok();
}

// Of each topic what precedes its first message that the broker did not take. What follows that one
// is published again behind it: a subscriber, and what the broker retains, end with the newest.
// What is rejected holds nothing up, since it never gets there.
void Delivery::remember() {
  std::unordered_set<std::size_t> held_up;  // hashes; two topics of one hash only come again
  std::size_t begin = 0;
  for (const Sent& message : sent_) {
    const std::size_t first = std::exchange(begin, message.end);
    if (message.answer == Answer::none) held_up.insert(message.topic);
    if (message.answer != Answer::taken || held_up.contains(message.topic)) continue;
    for (std::size_t i = first; i < message.end; ++i) {
      const auto [found, is_new] = done_.try_emplace(origins_[i].batch, origins_[i].batch->rows);
      if (is_new) sink_.retain(*origins_[i].batch);
      found->second[origins_[i].row] = true;
    }
  }
}

void Delivery::forget() {
  for (const auto& [batch, rows] : done_) sink_.release(*batch);
  done_.clear();
}

void Delivery::reject(Origin row, std::string reason) {
  const std::lock_guard lock(mutex_);
  rejected_.push_back({row, std::move(reason)});
}

void Delivery::fail(std::string why) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = std::move(why);
}

void Delivery::connected(const mqtt::Broker& broker) {
  const std::lock_guard lock(mutex_);
  broker_ = broker;
  connected_ = true;
  trouble_.clear();
  changed_.notify_all();
}

void Delivery::lost(const std::string& why) {
  const std::lock_guard lock(mutex_);
  connected_ = false;
  broken_ = true;
  trouble_ = why;
  if (failure_.empty()) failure_ = why;
  changed_.notify_all();
}

void Delivery::acknowledged(int number, int reason) {
  const std::lock_guard lock(mutex_);
  if (broken_) return;
  const auto message = window_.acknowledged(number);
  if (!message) return;  // a message that is not of rows
  ++progress_;
  switch (mqtt::fate_of(reason)) {
    case mqtt::Fate::delivered:
      if (qos_ > 0) sent_[*message].answer = Answer::taken;
      break;
    case mqtt::Fate::reject:
      sent_[*message].answer = Answer::rejected;
      reject_message(*message, "the broker refused it: " + mqtt::reason_text(reason));
      break;
    case mqtt::Fate::retry:
      if (failure_.empty()) {
        failure_ = client_->place().text() +
                   ": the broker did not take a message: " + mqtt::reason_text(reason);
      }
      break;
  }
  if (is_waiting_ && is_wait_over()) changed_.notify_all();
}

void Delivery::undo(const std::string& why) {
  const std::lock_guard lock(mutex_);
  is_undone_ = true;
  if (failure_.empty()) failure_ = why;
}

void Delivery::reject_message(std::uint32_t message, const std::string& reason) {
  const std::size_t begin = message == 0 ? 0 : sent_[message - 1].end;
  for (std::size_t i = begin; i < sent_[message].end; ++i)
    rejected_.push_back({origins_[i], reason});
}

}  // namespace weir::mqtt_sink
