// Checksums and names.
#include "core/buffer/format.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/buffer/crc32c.hpp"

namespace weir::buffer {

namespace {

constexpr char kSegmentMagic[8] = {'W', 'E', 'I', 'R', 'B', 'U', 'F', '\n'};
constexpr std::uint32_t kFrameMagic = 0x4D524657;  // "WFRM"
constexpr std::string_view kSegmentSuffix = ".segment";
constexpr std::size_t kDigits = 16;

std::uint32_t crc_of(const SegmentHeader& header) {
  return crc32c(0, &header, offsetof(SegmentHeader, crc));
}

std::uint32_t crc_of(const FrameHeader& header, std::uint64_t base, std::uint64_t offset) {
  constexpr std::size_t kFrom = offsetof(FrameHeader, payload_bytes);
  const std::uint64_t place[2] = {base, offset};
  return crc32c(crc32c(0, place, sizeof place), reinterpret_cast<const char*>(&header) + kFrom,
                sizeof header - kFrom);
}

}  // namespace

SegmentHeader make_segment_header(std::uint64_t base) {
  SegmentHeader header{};
  std::memcpy(header.magic, kSegmentMagic, sizeof kSegmentMagic);
  header.version = kFormatVersion;
  header.base = base;
  header.crc = crc_of(header);
  return header;
}

HeaderState check(const SegmentHeader& header, std::uint64_t base) {
  if (std::memcmp(header.magic, kSegmentMagic, sizeof kSegmentMagic) != 0 ||
      header.crc != crc_of(header)) {
    return HeaderState::kDamaged;
  }
  if (header.version != kFormatVersion) return HeaderState::kOtherVersion;
  return header.base == base ? HeaderState::kGood : HeaderState::kDamaged;
}

void seal(FrameHeader& header, std::uint64_t base, std::uint64_t offset) {
  header.magic = kFrameMagic;
  header.crc = crc_of(header, base, offset);
}

bool may_be_frame(std::uint64_t word) { return static_cast<std::uint32_t>(word) == kFrameMagic; }

bool valid(const FrameHeader& header, std::uint64_t base, std::uint64_t offset) {
  return header.magic == kFrameMagic && header.payload_bytes % 8 == 0 &&
         header.bytes() <= kFrameBytesMax && header.number >= base && header.number < kNumberMax &&
         header.crc == crc_of(header, base, offset);
}

std::string segment_name(std::uint64_t base) {
  char digits[kDigits];
  const char* end = std::to_chars(digits, digits + kDigits, base, 16).ptr;
  const auto size = static_cast<std::size_t>(end - digits);
  return std::string(kDigits - size, '0').append(digits, size).append(kSegmentSuffix);
}

bool parse_segment_name(std::string_view name, std::uint64_t& base) {
  if (name.size() != kDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return false;
  }
  const char* end = name.data() + kDigits;
  const auto [stopped, error] = std::from_chars(name.data(), end, base, 16);
  // Only the name that segment_name makes: no file is another one's twin.
  return error == std::errc{} && stopped == end && base < kNumberMax && segment_name(base) == name;
}

std::uint64_t total(const RowsByOrigin& rows) {
  std::uint64_t sum = 0;
  for (const auto& [origin, count] : rows) sum += count;
  return sum;
}

void add(RowsByOrigin& to, const RowsByOrigin& rows) {
  for (const auto& [origin, count] : rows) to[origin] += count;
}

void subtract(RowsByOrigin& from, std::uint64_t origin, std::uint64_t rows) {
  const auto found = from.find(origin);
  if (found == from.end()) return;
  found->second -= std::min(found->second, rows);
  if (found->second == 0) from.erase(found);
}

}  // namespace weir::buffer
