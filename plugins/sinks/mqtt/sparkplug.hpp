// The sink as an edge node of Sparkplug B: births before data, one sequence number for all of the
// node's messages, and a birth of everything again when a host asks for it (NCMD Node
// Control/Rebirth), when the connection is made again, and when the node itself gets a metric more.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "encoder.hpp"
#include "options.hpp"
#include "shared/mosquitto/client.hpp"
#include "sparkplug_metrics.hpp"
#include "weir/payload/sparkplug_node.hpp"

namespace weir::mqtt_sink {

class SparkplugEncoder : public Encoder {
 public:
  // `host`: the edge node's id where none is configured.
  SparkplugEncoder(const Options& options, const std::string& host);

  void encode(std::span<const weir_batch* const> batches, Delivery& delivery) override;

  // [connection's thread] Before each attempt to connect; of this connection afterwards.
  mqtt::Will next_will();
  void connected(mqtt::Client& client, const mqtt::Broker& broker);
  void commanded(const mqtt::Message& message);
  // Of any message; "" or that the broker refused a birth, and why. It comes again with the next
  // data of its device: what has been sent behind it, nobody can decode.
  std::string acknowledged(int number, int reason);
  // Anybody may ask for births, and as often as they like: they are published once a second at
  // most, and when those before are acknowledged.
  void bear_if_wanted();
  // Any thread.
  mqtt::Will will();

 private:
  // Metrics of a device that will be a message.
  struct Open {
    std::uint32_t device = 0;
    std::vector<payload::SparkplugMetric> metrics;  // views of batches, and of `texts`
    std::deque<std::string> texts;
    std::vector<Origin> rows;
  };
  bool add(const weir_batch& batch, std::uint32_t row, Delivery& delivery);
  bool send(Open& open, Delivery& delivery);
  void register_series(std::span<const weir_batch* const> batches);
  static payload::SparkplugMetric metric_at(const weir_batch& batch, std::uint32_t field,
                                            std::uint32_t row, std::uint32_t alias,
                                            std::deque<std::string>& texts);
  void bear_all();
  void bear(std::uint32_t device);
  std::string topic(const char* message, std::uint32_t device) const;
  bool publish(const std::string& to, std::uint32_t device);

  const std::string group_, node_id_;
  const std::uint32_t rows_max_;
  const int qos_wanted_;

  std::mutex mutex_;  // guards what follows; never held while waiting for the broker
  payload::SparkplugNode node_;
  SparkplugMetrics metrics_;
  mqtt::Client* client_ = nullptr;
  int qos_ = 0;
  // By number, the devices whose births are not acknowledged. A broker acknowledges in order: a
  // birth before the data that was sent behind it with the same QoS.
  std::unordered_map<int, std::uint32_t> births_;
  std::chrono::steady_clock::time_point next_rebirth_{};
  bool has_attempted_ = false;
  format::Buffer bytes_;

  std::atomic<bool> is_rebirth_wanted_{false};

  // The sink's thread alone.
  std::vector<Open> open_;
  std::unordered_map<std::uint32_t, std::size_t> of_device_;
};

}  // namespace weir::mqtt_sink
