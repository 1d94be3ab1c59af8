#include "sparkplug.hpp"

#include <mosquitto.h>

#include <algorithm>
#include <chrono>

#include "shared/mosquitto/reasons.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_sink {

namespace {

constexpr std::size_t kCommandMetricsMax = 1000;
constexpr auto kRebirthPause = std::chrono::seconds(1);

std::uint64_t now_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

// The first bdSeq is hardly that of this node's last process, whose will may still be on its way.
SparkplugEncoder::SparkplugEncoder(const Options& options, const std::string& host)
    : group_(options.sparkplug.value_or(Sparkplug{"weir", "", ""}).group),
      node_id_(options.sparkplug && !options.sparkplug->node.empty() ? options.sparkplug->node
                                                                     : host),
      rows_max_(options.message_rows_max()),
      qos_wanted_(static_cast<int>(options.qos)),
      node_(static_cast<std::uint8_t>(now_ms() / 1000)),
      metrics_(options.sparkplug ? options.sparkplug->device_label : "device_id") {}

void SparkplugEncoder::encode(std::span<const weir_batch* const> batches, Delivery& delivery) {
  open_.clear();
  of_device_.clear();
  register_series(batches);
  for (const weir_batch* batch : batches) {
    for (std::uint32_t row = 0; row < batch->rows; ++row) {
      if (!add(*batch, row, delivery)) return;
    }
  }
  for (Open& open : open_) {
    if (!open.rows.empty() && !send(open, delivery)) return;
  }
}

// All of a delivery before the first message of it: a device is born once, and not for each series.
void SparkplugEncoder::register_series(std::span<const weir_batch* const> batches) {
  const std::lock_guard lock(mutex_);
  std::deque<std::string> texts;
  for (const weir_batch* batch : batches) {
    for (std::uint32_t row = 0; row < batch->rows; ++row) {
      const std::size_t before = metrics_.metric_count();
      const auto* series = metrics_.of(*batch->series[row]);
      if (series == nullptr || metrics_.metric_count() == before) continue;
      for (std::uint32_t i = 0; i < batch->measurement->field_count; ++i) {
        const std::uint32_t alias = series->metrics[i];
        if (alias == SparkplugMetrics::kNone) continue;
        metrics_.keep(alias, metric_at(*batch, i, row, alias, texts));
      }
    }
  }
}

payload::SparkplugMetric SparkplugEncoder::metric_at(const weir_batch& batch, std::uint32_t field,
                                                     std::uint32_t row, std::uint32_t alias,
                                                     std::deque<std::string>& texts) {
  payload::SparkplugMetric metric = payload::sparkplug_metric(batch, field, row);
  metric.alias = alias;
  if (auto* text = std::get_if<std::string_view>(&metric.value)) {
    std::string copy;
    *text = well_formed(*text, copy);
    if (!copy.empty()) *text = texts.emplace_back(std::move(copy));
  }
  return metric;
}

bool SparkplugEncoder::add(const weir_batch& batch, std::uint32_t row, Delivery& delivery) {
  const Origin origin{&batch, row};
  if (delivery.is_done(origin)) return true;
  std::unique_lock lock(mutex_);
  const auto* series = metrics_.of(*batch.series[row]);
  if (series == nullptr) {
    delivery.reject(origin, "there are more metrics than a Sparkplug edge node of ours keeps: " +
                                std::to_string(kMetricsMax) + "; spread them over several sinks");
    return true;
  }
  const auto [found, is_new] = of_device_.try_emplace(series->device, open_.size());
  if (is_new) open_.emplace_back().device = series->device;
  Open& open = open_[found->second];
  const std::size_t before = open.metrics.size();
  for (std::uint32_t i = 0; i < batch.measurement->field_count; ++i) {
    const std::uint32_t alias = series->metrics[i];
    if (alias == SparkplugMetrics::kNone || !has_value(batch.columns[i], row)) continue;
    open.metrics.push_back(metric_at(batch, i, row, alias, open.texts));
  }
  lock.unlock();
  if (open.metrics.size() == before) {
    delivery.reject(origin, "it has no value that Sparkplug B has a metric for");
    return true;
  }
  open.rows.push_back(origin);
  return open.rows.size() < rows_max_ || send(open, delivery);
}

bool SparkplugEncoder::send(Open& open, Delivery& delivery) {
  if (!delivery.has_room()) return false;
  const std::lock_guard lock(mutex_);
  if (client_ == nullptr) return false;
  SparkplugMetrics::Device& device = metrics_.device(open.device);
  if (metrics_.device(SparkplugMetrics::kNode).is_due()) bear_all();
  if (device.is_due()) bear(open.device);
  const bool is_node = open.device == SparkplugMetrics::kNode;
  const std::string to = topic(is_node ? "NDATA" : "DDATA", open.device);
  const payload::SparkplugNode before = node_;
  bytes_.clear();
  node_.message(now_ms(), open.metrics, bytes_);
  const bool fits = bytes_.size() <= delivery.payload_bytes_max(to.size());
  bool good = true;
  if (device.problem.empty() && fits) {
    good = delivery.publish(to, bytes_.view(), open.rows);
    if (!good) node_ = before;  // no message, no sequence number: it may be of a new connection
    for (const payload::SparkplugMetric& metric : open.metrics) {
      metrics_.keep(static_cast<std::uint32_t>(*metric.alias), metric);
    }
  } else {
    node_ = before;
    const std::string reason = fits ? device.problem
                                    : "its message is larger than max_message or than the broker "
                                      "takes";
    for (const Origin& row : open.rows) delivery.reject(row, reason);
  }
  open.metrics.clear();
  open.texts.clear();
  open.rows.clear();
  return good;
}

void SparkplugEncoder::bear_all() {
  is_rebirth_wanted_ = false;
  next_rebirth_ = std::chrono::steady_clock::now() + kRebirthPause;
  SparkplugMetrics::Device& node = metrics_.device(SparkplugMetrics::kNode);
  bytes_.clear();
  node_.birth(now_ms(), metrics_.birth(SparkplugMetrics::kNode), bytes_);
  node.is_born = true;
  node.born = node.metrics.size();
  publish(topic("NBIRTH", SparkplugMetrics::kNode), SparkplugMetrics::kNode);
  for (std::uint32_t i = 1; i < metrics_.device_count(); ++i) bear(i);
  client_->wake();
}

void SparkplugEncoder::bear(std::uint32_t index) {
  SparkplugMetrics::Device& device = metrics_.device(index);
  const payload::SparkplugNode before = node_;
  bytes_.clear();
  node_.message(now_ms(), metrics_.birth(index), bytes_);
  device.is_born = true;
  device.born = device.metrics.size();
  if (!publish(topic("DBIRTH", index), index)) node_ = before;
}

// What fails because there is no connection fails again when it is made again.
bool SparkplugEncoder::publish(const std::string& to, std::uint32_t index) {
  int number = 0;
  const int error = client_->publish({to.c_str(), bytes_.view(), qos_}, &number);
  if (error == MOSQ_ERR_SUCCESS) births_[number] = index;
  SparkplugMetrics::Device& device = metrics_.device(index);
  const bool is_refused = error != MOSQ_ERR_SUCCESS && error != MOSQ_ERR_NO_CONN;
  device.problem = is_refused ? "its birth cannot be published: " + mqtt::error_text(error) : "";
  return error == MOSQ_ERR_SUCCESS;
}

std::string SparkplugEncoder::topic(const char* message, std::uint32_t device) const {
  return payload::sparkplug_topic(group_, message, node_id_, metrics_.device(device).id);
}

mqtt::Will SparkplugEncoder::next_will() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_attempted_, true)) node_.reconnect();
  }
  return will();
}

mqtt::Will SparkplugEncoder::will() {
  const std::lock_guard lock(mutex_);
  format::Buffer payload;
  node_.death(payload);
  return {topic("NDEATH", SparkplugMetrics::kNode), std::string(payload.view()), 1, false};
}

void SparkplugEncoder::connected(mqtt::Client& client, const mqtt::Broker& broker) {
  const std::lock_guard lock(mutex_);
  client_ = &client;
  births_.clear();
  qos_ = std::min(qos_wanted_, broker.qos_max);
  client.subscribe({topic("NCMD", SparkplugMetrics::kNode)}, std::min(1, broker.qos_max), nullptr);
  bear_all();
}

void SparkplugEncoder::commanded(const mqtt::Message& message) {
  payload::SparkplugPayload command;
  if (!payload::decode_sparkplug(message.payload, kCommandMetricsMax, command)) return;
  const bool wanted = std::any_of(
      command.metrics.begin(), command.metrics.end(), [](const payload::SparkplugMetric& m) {
        const bool* value = std::get_if<bool>(&m.value);
        return m.name == "Node Control/Rebirth" && value != nullptr && *value;
      });
  if (wanted) is_rebirth_wanted_ = true;  // see on_tick, which follows
}

void SparkplugEncoder::bear_if_wanted() {
  if (!is_rebirth_wanted_) return;
  const std::lock_guard lock(mutex_);
  if (!births_.empty() || std::chrono::steady_clock::now() < next_rebirth_) return;
  bear_all();
}

std::string SparkplugEncoder::acknowledged(int number, int reason) {
  const std::lock_guard lock(mutex_);
  const auto birth = births_.find(number);
  if (birth == births_.end()) return "";
  SparkplugMetrics::Device& device = metrics_.device(birth->second);
  births_.erase(birth);
  if (mqtt::fate_of(reason) == mqtt::Fate::delivered) return "";
  device.is_born = false;
  return "the broker refused the birth of " + (device.id.empty() ? node_id_ : device.id) + ": " +
         mqtt::reason_text(reason);
}

}  // namespace weir::mqtt_sink
