// Fuzzes the decoder of IMU packets in JSON: what it accepts survives another round.
#include <cstdint>
#include <cstdlib>

#include "weir/payload/imu_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::payload;
  std::string id;
  ImuPacket packet;
  if (!decode_imu_json({reinterpret_cast<const char*>(data), size}, id, packet)) return 0;
  weir::format::Buffer out;
  encode_imu_json(id, packet.base_sample, packet.timestamp_us, packet.samples, out);
  std::string id_again;
  ImuPacket again;
  if (!decode_imu_json(out.view(), id_again, again)) std::abort();
  if (id_again != id || again != packet) std::abort();
  return 0;
}
