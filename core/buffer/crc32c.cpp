// Tables of eight bytes at a time, and the instructions of x86-64 and AArch64.
#include "core/buffer/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir::buffer {

namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: what byte b, followed by k zero bytes, leaves in the register.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t r = b;
    for (int i = 0; i < 8; ++i) r = r >> 1 ^ (0x82F63B78u & (0u - (r & 1u)));
    tables[0][b] = r;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t r = tables[k - 1][b];
      tables[k][b] = r >> 8 ^ tables[0][r & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t word_at(const unsigned char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// These work on the register itself, which begins as all ones and is inverted at the end.
std::uint32_t by_tables(std::uint32_t r, const unsigned char* p, std::size_t size) {
  for (; size >= 8; p += 8, size -= 8) {
    const std::uint64_t x = word_at(p) ^ r;
    r = 0;
    for (std::size_t k = 0; k < 8; ++k) r ^= kTables[7 - k][x >> (8 * k) & 0xff];
  }
  for (; size != 0; ++p, --size) r = r >> 8 ^ kTables[0][(r ^ *p) & 0xff];
  return r;
}

using Update = std::uint32_t (*)(std::uint32_t, const unsigned char*, std::size_t);

#if defined(__x86_64__)
#define WEIR_CRC_TARGET __attribute__((target("sse4.2")))
WEIR_CRC_TARGET std::uint32_t step(std::uint32_t r, std::uint64_t word) {
  return static_cast<std::uint32_t>(_mm_crc32_u64(r, word));
}
WEIR_CRC_TARGET std::uint32_t step(std::uint32_t r, unsigned char byte) {
  return _mm_crc32_u8(r, byte);
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
#define WEIR_CRC_TARGET __attribute__((target("+crc")))
WEIR_CRC_TARGET std::uint32_t step(std::uint32_t r, std::uint64_t word) {
  return __crc32cd(r, word);
}
WEIR_CRC_TARGET std::uint32_t step(std::uint32_t r, unsigned char byte) {
  return __crc32cb(r, byte);
}
bool has_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#if defined(WEIR_CRC_TARGET)
// The instruction takes three cycles and can begin anew in each: three lanes side by side are
// joined afterwards. Register a followed by a lane of zeros is lane_of_zeros(a), since the sum is
// linear over the bits.
constexpr std::size_t kLaneBytes = 256;
using LaneTables = std::array<std::array<std::uint32_t, 256>, 4>;

LaneTables make_lane_tables() {
  LaneTables tables{};
  constexpr std::array<unsigned char, kLaneBytes> kZeros{};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::uint32_t b = 0; b < 256; ++b) {
      tables[k][b] = by_tables(b << (8 * k), kZeros.data(), kLaneBytes);
    }
  }
  return tables;
}

std::uint32_t lane_of_zeros(const LaneTables& tables, std::uint32_t r) {
  return tables[0][r & 0xff] ^ tables[1][r >> 8 & 0xff] ^ tables[2][r >> 16 & 0xff] ^
         tables[3][r >> 24];
}

WEIR_CRC_TARGET std::uint32_t by_instruction(std::uint32_t r, const unsigned char* p,
                                             std::size_t size) {
  static const LaneTables kTablesOfLane = make_lane_tables();
  for (; size >= 3 * kLaneBytes; p += 3 * kLaneBytes, size -= 3 * kLaneBytes) {
    std::uint32_t second = 0, third = 0;
    for (std::size_t i = 0; i < kLaneBytes; i += 8) {
      r = step(r, word_at(p + i));
      second = step(second, word_at(p + kLaneBytes + i));
      third = step(third, word_at(p + 2 * kLaneBytes + i));
    }
    r = lane_of_zeros(kTablesOfLane, lane_of_zeros(kTablesOfLane, r) ^ second) ^ third;
  }
  for (; size >= 8; p += 8, size -= 8) r = step(r, word_at(p));
  for (; size != 0; ++p, --size) r = step(r, *p);
  return r;
}
Update choose() { return has_instruction() ? by_instruction : by_tables; }
#else
Update choose() { return by_tables; }
#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) {
  static const Update update = choose();
  return ~update(~crc, static_cast<const unsigned char*>(data), size);
}

std::uint32_t crc32c_by_tables(std::uint32_t crc, const void* data, std::size_t size) {
  return ~by_tables(~crc, static_cast<const unsigned char*>(data), size);
}

}  // namespace weir::buffer
