// The binary IMU packet: byte for byte as the format says, and back; every damage is noticed.
#include "weir/payload/imu_packet.hpp"

#include <gtest/gtest.h>

#include <string>

#include "random.hpp"

namespace weir::payload {
namespace {

using namespace std::string_view_literals;

ImuPacket random_packet(Random& random, std::size_t samples) {
  ImuPacket packet{static_cast<std::uint32_t>(random.bits()), random.bits(), {}};
  for (std::size_t i = 0; i < samples; ++i) {
    ImuSample& s = packet.samples.emplace_back();
    for (auto* axes : {&s.acc, &s.gyro, &s.mag}) {
      for (auto& v : *axes) v = random.i16();
    }
    s.temperature = random.i16();
  }
  return packet;
}

std::string encoded(const ImuPacket& packet) {
  format::Buffer out;
  EXPECT_TRUE(encode_imu_packet(packet.base_sample, packet.timestamp_us, packet.samples, out));
  return std::string(out.view());
}

TEST(Crc16, HasTheCheckValueOfItsCatalogue) {
  EXPECT_EQ(crc16_arc("123456789"), 0xBB3D);
  EXPECT_EQ(crc16_arc(""), 0);
}

TEST(ImuPacket, LiesOutItsBytesAsTheFormatSays) {
  ImuPacket packet{0x04030201, 0x1817161514131211, {}};
  packet.samples.push_back(
      {{0x0102, -2, 0x0506}, {0x0708, 0x090A, 0x0B0C}, {0x0D0E, -3, 0x1112}, 0x1314});
  const std::string_view head =
      "\x7C\x1E\x22\x00"
      "\x01\x02\x03\x04"
      "\x11\x12\x13\x14\x15\x16\x17\x18"
      "\x01\x00"
      "\x01\x02\xFF\xFE\x05\x06"
      "\x07\x08\x09\x0A\x0B\x0C"
      "\x0E\x0D\xFD\xFF\x12\x11"
      "\x13\x14"sv;
  const std::string bytes = encoded(packet);
  ASSERT_EQ(bytes.size(), head.size() + 2);
  EXPECT_EQ(bytes.substr(0, head.size()), head);
  // Computed bit by bit here, independently of the table.
  std::uint32_t crc = 0;
  for (const char c : head) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001u : crc >> 1;
  }
  EXPECT_EQ(static_cast<unsigned char>(bytes[head.size()]), crc & 0xFF);
  EXPECT_EQ(static_cast<unsigned char>(bytes[head.size() + 1]), crc >> 8);
}

TEST(ImuPacket, SixtyFourSamplesMake1300Bytes) {
  Random random;
  EXPECT_EQ(encoded(random_packet(random, kImuSamplesPerPacket)).size(), 1300u);
}

TEST(ImuPacket, ComesBackAsItWas) {
  Random random;
  for (int i = 0; i < 200; ++i) {
    const ImuPacket packet = random_packet(random, random.below(200));
    const std::string bytes = encoded(packet) + std::string(random.below(3), 'x');
    ImuPacket back;
    std::size_t used = 0;
    const Decoded decoded = decode_imu_packet(bytes, back, &used);
    ASSERT_TRUE(decoded) << decoded.text();
    EXPECT_EQ(back, packet);
    EXPECT_EQ(used, imu_packet_bytes(packet.samples.size()));
  }
}

TEST(ImuPacket, HoldsWhatItsLengthCanSayAndNoMore) {
  Random random;
  ImuPacket packet = random_packet(random, kImuSamplesMax);
  ImuPacket back;
  std::size_t used = 0;
  ASSERT_TRUE(decode_imu_packet(encoded(packet), back, &used));
  EXPECT_EQ(back, packet);
  packet.samples.emplace_back();
  format::Buffer out;
  EXPECT_FALSE(encode_imu_packet(0, 0, packet.samples, out));
  EXPECT_TRUE(out.empty());
}

TEST(ImuPacket, EveryFlippedBitAndEveryCutIsNoticed) {
  Random random;
  const ImuPacket packet = random_packet(random, 5);
  const std::string bytes = encoded(packet);
  ImuPacket back;
  std::size_t used = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(decode_imu_packet(damaged, back, &used)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_imu_packet(bytes.substr(0, size), back, &used)) << size << " bytes";
  }
}

TEST(ImuPacket, SaysWhatIsWrongAndWhere) {
  ImuPacket back;
  std::size_t used = 0;
  EXPECT_EQ(decode_imu_packet(std::string(30, 'x'), back, &used).text(),
            "at byte 0: an IMU packet begins with 0x7C 0x1E");
  EXPECT_EQ(decode_imu_packet("\x7C\x1E\xFF\xFF" + std::string(30, '\0'), back, &used).text(),
            "at byte 34: the packet ends before its payload's length");
}

}  // namespace
}  // namespace weir::payload
