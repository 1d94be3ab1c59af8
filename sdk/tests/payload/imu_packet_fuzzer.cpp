// Fuzzes the decoder of the binary IMU packet: what it accepts, the encoder writes again as it was.
#include <cstdint>
#include <cstdlib>

#include "weir/payload/imu_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weir::payload::ImuPacket packet;
  std::size_t used = 0;
  if (!weir::payload::decode_imu_packet(bytes, packet, &used)) return 0;
  weir::format::Buffer out;
  weir::payload::encode_imu_packet(packet.base_sample, packet.timestamp_us, packet.samples, out);
  if (out.view() != bytes.substr(0, used)) std::abort();
  return 0;
}
