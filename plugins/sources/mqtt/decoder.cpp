// Readings, lines of InfluxDB, and IMU packets in both forms.
#include "decoder.hpp"

#include <cmath>
#include <limits>

#include "weir/payload/imu_json.hpp"
#include "weir/payload/influx_line.hpp"
#include "weir/payload/reading_json.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_source {

namespace {

std::string or_default(const std::string& name, const char* otherwise) {
  return name.empty() ? otherwise : name;
}

// A reading's name and unit are labels: they come from the device, and a series each is bounded
// where a column each would not be.
class ReadingDecoder : public Decoder {
 public:
  explicit ReadingDecoder(const Subscription& s)
      : measurement_(or_default(s.measurement, "reading")) {}

  std::string read(const Incoming& in, Rows& rows) override {
    const payload::Decoded decoded = payload::decode_readings(in.payload, kRowsMax, readings_);
    if (!decoded) return decoded.text();
    Trouble trouble;
    for (const payload::Reading& r : readings_) {
      if (std::isnan(r.value)) continue;  // null: not measured
      point_.measurement = measurement_;
      point_.labels.assign(in.labels.begin(), in.labels.end());
      point_.label("device_id", r.device_id);
      point_.label("name", r.name);
      point_.label("unit", r.unit);
      point_.label("owner_id", r.owner_id);
      point_.fields.assign(1, {"value", "", r.value});
      point_.at(r.time);
      trouble.add(rows.add(point_));
    }
    return trouble.text();
  }

 private:
  const std::string measurement_;
  std::vector<payload::Reading> readings_;
  Point point_;
};

class InfluxDecoder : public Decoder {
 public:
  explicit InfluxDecoder(const Subscription& s)
      : unit_(s.precision == Precision::ns   ? 1
              : s.precision == Precision::us ? 1'000
              : s.precision == Precision::ms ? 1'000'000
                                             : 1'000'000'000) {}

  std::string read(const Incoming& in, Rows& rows) override {
    Trouble trouble;
    std::string_view rest = in.payload;
    payload::Decoded result;
    for (std::size_t line = 1; payload::next_influx_line(rest, line_, result); ++line) {
      if (line > kRowsMax) {
        trouble.add("more than 100,000 lines in one message; send fewer at once");
        break;
      }
      const std::string why = result ? add(in, rows) : result.text();
      if (!why.empty()) trouble.add("line " + std::to_string(line) + ": " + why);
    }
    return trouble.text();
  }

 private:
  std::string add(const Incoming& in, Rows& rows) {
    point_.measurement = line_.measurement;
    point_.labels.assign(in.labels.begin(), in.labels.end());
    for (const auto& tag : line_.tags) point_.label(tag.key, tag.value);
    point_.fields.clear();
    for (const auto& field : line_.fields) point_.fields.push_back({field.key, "", field.value});
    point_.arrived(in.arrival);
    if (line_.time) {
      const std::int64_t max = std::numeric_limits<std::int64_t>::max() / unit_;
      if (*line_.time > max || *line_.time < -max)
        return "the time is out of range; check precision";
      point_.at(*line_.time * unit_);
    }
    return rows.add(point_);
  }

  const std::int64_t unit_;
  payload::InfluxPoint line_;
  Point point_;
};

// The rows that the source iot_simulator makes of an IMU, with the sensor's own time.
class ImuDecoder : public Decoder {
 public:
  ImuDecoder(const Subscription& s, bool is_json)
      : measurement_(or_default(s.measurement, "imu")), is_json_(is_json) {}

  std::string read(const Incoming& in, Rows& rows) override {
    Trouble trouble;
    if (is_json_) {
      const payload::Decoded decoded = payload::decode_imu_json(in.payload, sensor_id_, packet_);
      if (!decoded) return decoded.text();
      add(in, rows, trouble);
      return trouble.text();
    }
    std::string_view rest = in.payload;
    std::size_t samples = 0;
    do {
      std::size_t used = 0;
      const payload::Decoded decoded = payload::decode_imu_packet(rest, packet_, &used);
      if (!decoded) {
        trouble.add(decoded.text());
        break;
      }
      samples += packet_.samples.size();
      if (samples > kRowsMax) {
        trouble.add("more than 100,000 samples in one message; send fewer at once");
        break;
      }
      add(in, rows, trouble);
      rest.remove_prefix(used);
    } while (!rest.empty());
    return trouble.text();
  }

 private:
  void add(const Incoming& in, Rows& rows, Trouble& trouble) {
    constexpr std::uint64_t kUsMax = std::numeric_limits<std::int64_t>::max() / 1000;
    constexpr std::uint64_t kUsPerSample = 1'000'000 / payload::kImuRateHz;
    if (packet_.timestamp_us > kUsMax - packet_.samples.size() * kUsPerSample) {
      return trouble.add("the packet's time is out of range");
    }
    for (std::size_t i = 0; i < packet_.samples.size(); ++i) {
      const payload::ImuSample& s = packet_.samples[i];
      point_.measurement = measurement_;
      point_.labels.assign(in.labels.begin(), in.labels.end());
      if (is_json_) point_.label("sensor_id", sensor_id_);
      point_.fields.clear();
      axes({"acc_x", "acc_y", "acc_z"}, "metres_per_second_squared", s.acc,
           payload::ImuUnits::kAcc);
      axes({"gyro_x", "gyro_y", "gyro_z"}, "radians_per_second", s.gyro, payload::ImuUnits::kGyro);
      axes({"mag_x", "mag_y", "mag_z"}, "tesla", s.mag, payload::ImuUnits::kMag);
      point_.fields.push_back({"temperature", "celsius",
                               payload::ImuScale::kTemperatureZeroC +
                                   s.temperature * payload::ImuScale::kTemperatureC});
      const auto sequence = static_cast<std::uint32_t>(packet_.base_sample + i);
      point_.fields.push_back({"sequence", "", std::uint64_t{sequence}});
      point_.at(static_cast<Time>((packet_.timestamp_us + i * kUsPerSample) * 1000));
      trouble.add(rows.add(point_));
    }
  }
  void axes(const std::array<const char*, 3>& names, const char* unit,
            const std::array<std::int16_t, 3>& counts, double per_count) {
    for (std::size_t i = 0; i < 3; ++i) {
      point_.fields.push_back({names[i], unit, counts[i] * per_count});
    }
  }

  const std::string measurement_;
  const bool is_json_;
  std::string sensor_id_;
  payload::ImuPacket packet_;
  Point point_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Subscription& s, std::shared_ptr<Sparkplug> shared) {
  switch (s.format) {
    case PayloadFormat::json: return make_json_decoder(s);
    case PayloadFormat::reading: return std::make_unique<ReadingDecoder>(s);
    case PayloadFormat::influx: return std::make_unique<InfluxDecoder>(s);
    case PayloadFormat::sparkplug: return make_sparkplug_decoder(std::move(shared));
    case PayloadFormat::imu: return std::make_unique<ImuDecoder>(s, false);
    case PayloadFormat::imu_json: return std::make_unique<ImuDecoder>(s, true);
  }
  return nullptr;
}

}  // namespace weir::mqtt_source
