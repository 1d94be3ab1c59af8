// weir/payload/imu_packet.hpp - the binary packet of an inertial measurement unit (IMU).
//
//   0x7C 0x1E   u16 LE payload bytes
//   payload     u32 LE number of the first sample, u64 LE its time in us, u16 LE number of samples,
//               then per sample 20 bytes: acceleration 3 x i16 BE, angular rate 3 x i16 BE,
//               magnetic field 3 x i16 LE, temperature i16 BE
//   trailer     CRC-16/ARC, LE, over header and payload
//
// The mixed byte orders are those of the sensors: the packet carries their registers as they are
// read. 64 samples make 1300 bytes. What a count means in SI units is in ImuScale.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "weir/format_text.hpp"
#include "weir/payload/crc16.hpp"
#include "weir/payload/decoded.hpp"

namespace weir::payload {

// One sample in counts of the sensors' converters; x, y, z.
struct ImuSample {
  std::array<std::int16_t, 3> acc{}, gyro{}, mag{};
  std::int16_t temperature = 0;
  friend bool operator==(const ImuSample&, const ImuSample&) = default;
};

struct ImuPacket {
  std::uint32_t base_sample = 0;   // number of the first sample; wraps at 2^32
  std::uint64_t timestamp_us = 0;  // of the first sample, since the Unix epoch
  std::vector<ImuSample> samples;
  friend bool operator==(const ImuPacket&, const ImuPacket&) = default;
};

// One count: LSM6DSV at +-16 g and +-4000 degrees/s, LIS3MDL at +-16 gauss.
struct ImuScale {
  static constexpr double kAccG = 0.488e-3;
  static constexpr double kGyroDps = 0.140;
  static constexpr double kMagGauss = 1.0 / 1711.0;
  static constexpr double kTemperatureC = 1.0 / 256.0;
  static constexpr double kTemperatureZeroC = 25.0;  // at count 0
};

inline constexpr std::uint32_t kImuRateHz = 200;
inline constexpr std::uint32_t kImuSamplesPerPacket = 64;
inline constexpr std::size_t kImuHeaderBytes = 4;
inline constexpr std::size_t kImuPreambleBytes = 14;
inline constexpr std::size_t kImuSampleBytes = 20;
inline constexpr std::size_t kImuTrailerBytes = 2;
// What the 16-bit length can say.
inline constexpr std::size_t kImuSamplesMax = (0xFFFF - kImuPreambleBytes) / kImuSampleBytes;

constexpr std::size_t imu_packet_bytes(std::size_t samples) {
  return kImuHeaderBytes + kImuPreambleBytes + samples * kImuSampleBytes + kImuTrailerBytes;
}
static_assert(imu_packet_bytes(kImuSamplesPerPacket) == 1300);

namespace detail {

template <class T>
char* put_le(char* p, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    *p++ = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
  }
  return p;
}
inline char* put_be16(char* p, std::int16_t value) {
  const auto bits = static_cast<std::uint16_t>(value);
  *p++ = static_cast<char>(bits >> 8);
  *p++ = static_cast<char>(bits & 0xFF);
  return p;
}
template <class T>
T get_le(const char* p) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
  }
  return static_cast<T>(value);
}
inline std::int16_t get_be16(const char* p) {
  return static_cast<std::int16_t>(static_cast<unsigned char>(p[0]) << 8 |
                                   static_cast<unsigned char>(p[1]));
}

}  // namespace detail

// Appends one packet. At most kImuSamplesMax samples: false, and nothing appended, for more.
inline bool encode_imu_packet(std::uint32_t base_sample, std::uint64_t timestamp_us,
                              std::span<const ImuSample> samples, format::Buffer& out) {
  if (samples.size() > kImuSamplesMax) return false;
  const std::size_t payload_bytes = kImuPreambleBytes + samples.size() * kImuSampleBytes;
  char* const begin = out.reserve(imu_packet_bytes(samples.size()));
  char* p = begin;
  *p++ = 0x7C;
  *p++ = 0x1E;
  p = detail::put_le(p, static_cast<std::uint16_t>(payload_bytes));
  p = detail::put_le(p, base_sample);
  p = detail::put_le(p, timestamp_us);
  p = detail::put_le(p, static_cast<std::uint16_t>(samples.size()));
  for (const ImuSample& s : samples) {
    for (const std::int16_t v : s.acc) p = detail::put_be16(p, v);
    for (const std::int16_t v : s.gyro) p = detail::put_be16(p, v);
    for (const std::int16_t v : s.mag) p = detail::put_le(p, static_cast<std::uint16_t>(v));
    p = detail::put_be16(p, s.temperature);
  }
  const std::string_view covered(begin, static_cast<std::size_t>(p - begin));
  out.set_end(detail::put_le(p, crc16_arc(covered)));
  return true;
}

// Decodes the packet at the begin of `bytes`; `*used` is its length, behind which the next may
// follow. A packet's samples take the memory of its bytes, at most kImuSamplesMax.
inline Decoded decode_imu_packet(std::string_view bytes, ImuPacket& out, std::size_t* used) {
  if (bytes.size() < imu_packet_bytes(0)) return {"an IMU packet has at least 20 bytes", 0};
  if (bytes[0] != 0x7C || bytes[1] != 0x1E) return {"an IMU packet begins with 0x7C 0x1E", 0};
  const std::size_t payload_bytes = detail::get_le<std::uint16_t>(bytes.data() + 2);
  const std::size_t covered = kImuHeaderBytes + payload_bytes;
  if (payload_bytes < kImuPreambleBytes) return {"the payload's length is below 14", 2};
  if (bytes.size() < covered + kImuTrailerBytes) {
    return {"the packet ends before its payload's length", bytes.size()};
  }
  const char* p = bytes.data() + kImuHeaderBytes;
  const std::size_t count = detail::get_le<std::uint16_t>(p + 12);
  if (kImuPreambleBytes + count * kImuSampleBytes != payload_bytes) {
    return {"the number of samples does not fit the payload's length", kImuHeaderBytes + 12};
  }
  const auto crc = detail::get_le<std::uint16_t>(bytes.data() + covered);
  if (crc != crc16_arc(bytes.substr(0, covered))) return {"the checksum differs", covered};
  out.base_sample = detail::get_le<std::uint32_t>(p);
  out.timestamp_us = detail::get_le<std::uint64_t>(p + 4);
  out.samples.resize(count);
  p += kImuPreambleBytes;
  for (ImuSample& s : out.samples) {
    for (std::size_t i = 0; i < 3; ++i) s.acc[i] = detail::get_be16(p + 2 * i);
    for (std::size_t i = 0; i < 3; ++i) s.gyro[i] = detail::get_be16(p + 6 + 2 * i);
    for (std::size_t i = 0; i < 3; ++i) {
      s.mag[i] = static_cast<std::int16_t>(detail::get_le<std::uint16_t>(p + 12 + 2 * i));
    }
    s.temperature = detail::get_be16(p + 18);
    p += kImuSampleBytes;
  }
  *used = covered + kImuTrailerBytes;
  return {};
}

}  // namespace weir::payload
