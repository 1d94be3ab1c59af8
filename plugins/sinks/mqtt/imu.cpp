#include "imu.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "topic.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_sink {

namespace {

struct Packet {
  std::string topic;       // with NUL
  std::uint64_t base = 0;  // the packet has the lower half of it
  std::uint64_t time_us = 0;
  std::vector<payload::ImuSample> samples;
  std::vector<Origin> rows;
};

std::optional<std::uint64_t> sequence_of(const weir_batch& batch, std::uint32_t field,
                                         std::uint32_t row) {
  const weir_column& c = batch.columns[field];
  if (!has_value(c, row)) return std::nullopt;
  switch (batch.measurement->fields[field]->type) {
    case WEIR_U64: return c.v.u64[row];
    case WEIR_I64: return static_cast<std::uint64_t>(c.v.i64[row]);
    default: return std::nullopt;
  }
}

class ImuEncoder : public Encoder {
 public:
  explicit ImuEncoder(const Options& options)
      : topics_(parse_topic(options.topic)), rows_max_(options.message_rows_max()) {}

  void encode(std::span<const weir_batch* const> batches, Delivery& delivery) override {
    packets_.clear();
    of_series_.clear();
    for (const weir_batch* batch : batches) {
      if (!encode(*batch, delivery)) return;
    }
    for (Packet& packet : packets_) {
      if (!packet.rows.empty() && !send(packet, delivery)) return;
    }
  }

 private:
  bool encode(const weir_batch& batch, Delivery& delivery) {
    const auto columns = payload::ImuColumns::of(*batch.measurement);
    std::uint32_t sequence = 0;
    const weir_measurement& m = *batch.measurement;
    while (sequence < m.field_count && m.fields[sequence]->name != std::string_view("sequence")) {
      ++sequence;
    }
    for (std::uint32_t row = 0; row < batch.rows; ++row) {
      if (delivery.is_done({&batch, row})) continue;
      if (!columns || sequence == m.field_count) {
        delivery.reject({&batch, row}, std::string(m.name) +
                                           " has not the fields of an IMU: acc_x ... temperature, "
                                           "sequence");
        continue;
      }
      const auto sample = columns->sample(batch, row);
      const auto number = sequence_of(batch, sequence, row);
      if (!sample || !number || batch.times[row] < 0) {
        delivery.reject({&batch, row}, "it lacks a value of an IMU's sample");
        continue;
      }
      if (!add({&batch, row}, *sample, *number, delivery)) return false;
    }
    return true;
  }

  bool add(Origin origin, const payload::ImuSample& sample, std::uint64_t number,
           Delivery& delivery) {
    const weir_series* const series = origin.batch->series[origin.row];
    const auto [found, is_new] = of_series_.try_emplace(series, packets_.size());
    if (is_new) packets_.emplace_back();
    Packet& packet = packets_[found->second];
    const std::size_t size = packet.samples.size();
    const bool begins =
        size == rows_max_ || number != packet.base + size || number % rows_max_ == 0;
    if (size > 0 && begins && !send(packet, delivery)) return false;
    if (packet.samples.empty()) {
      const std::string_view topic = topics_.of(*origin.batch, origin.row);
      if (topic.size() > kTopicBytesMax) {
        delivery.reject(origin, "its topic is longer than 65535 bytes");
        return true;
      }
      packet.topic.assign(topic.data(), topic.size() + 1);
      packet.base = number;
      packet.time_us = static_cast<std::uint64_t>(origin.batch->times[origin.row]) / 1000;
    }
    packet.samples.push_back(sample);
    packet.rows.push_back(origin);
    return true;
  }

  bool send(Packet& packet, Delivery& delivery) {
    const std::string_view topic(packet.topic.data(), packet.topic.size() - 1);
    bytes_.clear();
    payload::encode_imu_packet(static_cast<std::uint32_t>(packet.base), packet.time_us,
                               packet.samples, bytes_);
    bool good = true;
    if (bytes_.size() > delivery.payload_bytes_max(topic.size())) {
      for (const Origin& row : packet.rows) {
        delivery.reject(row, "its packet is larger than max_message or than the broker takes");
      }
    } else {
      good = delivery.send(topic, bytes_.view(), packet.rows);
    }
    packet.samples.clear();
    packet.rows.clear();
    return good;
  }

  Topics topics_;
  const std::uint32_t rows_max_;
  std::vector<Packet> packets_;
  std::unordered_map<const weir_series*, std::size_t> of_series_;
  format::Buffer bytes_;
};

}  // namespace

std::unique_ptr<Encoder> make_imu_encoder(const Options& options) {
  return std::make_unique<ImuEncoder>(options);
}

}  // namespace weir::mqtt_sink
