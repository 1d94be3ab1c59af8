// weir/payload/imu_json.hpp - an IMU packet as JSON, as stream processors read it; the message's
// key is the sensor's id:
//
//   {"sensor_id":"imu-1","header_timestamp_us":1,"base_sample_number":0,"num_samples_in_packet":1,
//    "samples":[{"sample_index":0,"acc":{"x":1,"y":2,"z":3},"gyro":{...},"mag":{...},
//    "temp_raw":0,"header_timestamp_us":1}]}
//
// Values are counts; header_timestamp_us is in each sample the packet's, as the system that reads
// it defines. A sample's own time is that plus sample_index / 200 Hz.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/format_jsonl.hpp"
#include "weir/format_number.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir/payload/json_reader.hpp"

namespace weir::payload {

inline constexpr std::size_t kSensorIdBytesMax = 1024;

inline void encode_imu_json(std::string_view sensor_id, std::uint32_t base_sample,
                            std::uint64_t timestamp_us, std::span<const ImuSample> samples,
                            format::Buffer& out) {
  using format::put, format::put_i64, format::put_u64;
  const auto axes = [](char* p, std::string_view name, const std::array<std::int16_t, 3>& v) {
    p = put_i64(put(put(p, name), "{\"x\":"), v[0]);
    p = put_i64(put(p, ",\"y\":"), v[1]);
    p = put_i64(put(p, ",\"z\":"), v[2]);
    return put(p, "}");
  };
  char* p = out.reserve(sensor_id.size() * format::kEscapeRatioMax + 256);
  p = format::Jsonl::quoted(put(p, "{\"sensor_id\":"), sensor_id);
  p = put_u64(put(p, ",\"header_timestamp_us\":"), timestamp_us);
  p = put_u64(put(p, ",\"base_sample_number\":"), base_sample);
  p = put_u64(put(p, ",\"num_samples_in_packet\":"), samples.size());
  out.set_end(put(p, ",\"samples\":["));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const ImuSample& s = samples[i];
    p = out.reserve(512);
    p = put_u64(put(p, i == 0 ? "{\"sample_index\":" : ",{\"sample_index\":"), i);
    p = axes(p, ",\"acc\":", s.acc);
    p = axes(p, ",\"gyro\":", s.gyro);
    p = axes(p, ",\"mag\":", s.mag);
    p = put_i64(put(p, ",\"temp_raw\":"), s.temperature);
    p = put_u64(put(p, ",\"header_timestamp_us\":"), timestamp_us);
    out.set_end(put(p, "}"));
  }
  out.append("]}");
}

namespace detail {

inline bool read_axes(JsonReader& in, std::array<std::int16_t, 3>& out) {
  unsigned seen = 0;
  if (!in.enter_object()) return false;
  for (std::string key; in.next_key(key);) {
    const bool axis = key.size() == 1 && key[0] >= 'x' && key[0] <= 'z';
    if (!axis) {
      if (!in.skip()) return false;
      continue;
    }
    const auto i = static_cast<std::size_t>(key[0] - 'x');
    seen |= 1u << i;
    if (!in.integer(out[i])) return false;
  }
  return seen == 7 || in.fail("a vector needs x, y and z");
}

inline bool read_imu_sample(JsonReader& in, std::size_t index, ImuSample& out) {
  unsigned seen = 0;
  if (!in.enter_object()) return false;
  for (std::string key; in.next_key(key);) {
    bool good = true;
    if (key == "acc") {
      seen |= 1;
      good = read_axes(in, out.acc);
    } else if (key == "gyro") {
      seen |= 2;
      good = read_axes(in, out.gyro);
    } else if (key == "mag") {
      seen |= 4;
      good = read_axes(in, out.mag);
    } else if (key == "temp_raw") {
      seen |= 8;
      good = in.integer(out.temperature);
    } else if (key == "sample_index") {
      std::uint64_t told = 0;
      good = in.integer(told) && (told == index || in.fail("sample_index is not its place"));
    } else {
      good = in.skip();
    }
    if (!good) return false;
  }
  return seen == 15 || in.fail("a sample needs acc, gyro, mag and temp_raw");
}

}  // namespace detail

// At most kImuSamplesMax samples.
inline Decoded decode_imu_json(std::string_view bytes, std::string& sensor_id, ImuPacket& out) {
  JsonReader in(bytes);
  std::uint64_t told = 0;
  unsigned seen = 0;
  out.samples.clear();
  in.enter_object();
  bool good = true;
  for (std::string key; good && in.next_key(key);) {
    if (key == "sensor_id") {
      seen |= 1;
      good = in.string(sensor_id, kSensorIdBytesMax);
    } else if (key == "header_timestamp_us") {
      seen |= 2;
      good = in.integer(out.timestamp_us);
    } else if (key == "base_sample_number") {
      seen |= 4;
      good = in.integer(out.base_sample);
    } else if (key == "num_samples_in_packet") {
      seen |= 8;
      good = in.integer(told);
    } else if (key == "samples") {
      seen |= 16;
      out.samples.clear();
      in.enter_array();
      while (good && in.next_item()) {
        if (out.samples.size() == kImuSamplesMax) {
          good = in.fail("more samples than a packet holds");
        } else {
          const std::size_t index = out.samples.size();
          good = detail::read_imu_sample(in, index, out.samples.emplace_back());
        }
      }
    } else {
      good = in.skip();
    }
  }
  in.end();
  if (in.result() && seen != 31) in.fail("a member of the packet is missing");
  if (in.result() && told != out.samples.size()) {
    in.fail("num_samples_in_packet is not the number of samples");
  }
  return in.result();
}

}  // namespace weir::payload
