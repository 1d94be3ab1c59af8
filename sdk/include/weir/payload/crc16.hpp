// weir/payload/crc16.hpp - CRC-16/ARC: polynomial 0x8005, reflected, from 0, check value 0xBB3D
// for "123456789" (the catalogue of parametrised CRC algorithms knows it as CRC-16/ARC,
// CRC-16/IBM).
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::payload {

namespace detail {
struct Crc16Table {
  std::uint16_t of_byte[256];
  constexpr Crc16Table() : of_byte() {
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001u : crc >> 1;
      of_byte[i] = static_cast<std::uint16_t>(crc);
    }
  }
};
inline constexpr Crc16Table kCrc16Table;
}  // namespace detail

constexpr std::uint16_t crc16_arc(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char c : bytes) {
    crc = crc >> 8 ^ detail::kCrc16Table.of_byte[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return static_cast<std::uint16_t>(crc);
}

static_assert(crc16_arc("123456789") == 0xBB3D);

}  // namespace weir::payload
