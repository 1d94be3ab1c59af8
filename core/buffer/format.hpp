// The bytes of a disk buffer: headers, and the checksums that bind them to their place. What each
// field means is written down in docs/disk-buffer.md; payload.hpp has the inside of a frame.
//
// Little endian, everything a multiple of 8 bytes and aligned to 8, so that columns can be used
// where they were read. A frame's header is checked together with the segment it is in and the
// offset it stands at: bytes that look like a frame elsewhere, inside of a string value for
// instance, are none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weir::buffer {

static_assert(std::endian::native == std::endian::little, "columns are stored as they lie");

inline constexpr std::uint32_t kFormatVersion = 1;
// Numbers of frames stay below: nothing that is read makes one overflow.
inline constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kFrameBytesMax = std::uint64_t{1} << 30;

constexpr std::uint64_t round8(std::uint64_t n) { return (n + 7) & ~std::uint64_t{7}; }

struct SegmentHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t base;  // number of the first frame; the file is named by it
  std::uint32_t reserved2;
  std::uint32_t crc;  // of everything before
};
static_assert(sizeof(SegmentHeader) == 32);

struct FrameHeader {
  std::uint32_t magic;
  std::uint32_t crc;  // of segment, offset, and everything behind this
  std::uint32_t payload_bytes;
  std::uint32_t payload_crc;
  std::uint32_t rows;
  std::uint32_t reserved;
  std::uint64_t origin;       // the producer, as the owner names it
  std::uint64_t number;       // of the frame, counted over the life of the buffer
  std::uint64_t rows_before;  // in all frames before, so that a gap tells how many are missing

  std::uint64_t bytes() const { return sizeof *this + payload_bytes; }
};
static_assert(sizeof(FrameHeader) == 48);

SegmentHeader make_segment_header(std::uint64_t base);
enum class HeaderState { kGood, kDamaged, kOtherVersion };
HeaderState check(const SegmentHeader& header, std::uint64_t base);

// Fills magic and crc.
void seal(FrameHeader& header, std::uint64_t base, std::uint64_t offset);
// Whether a frame may begin with this word: a cheap test before the whole one.
bool may_be_frame(std::uint64_t word);
// Whether it is a header that `seal` made for this place.
bool valid(const FrameHeader& header, std::uint64_t base, std::uint64_t offset);

// "00000000000000ff.segment" and back; false for other names.
std::string segment_name(std::uint64_t base);
bool parse_segment_name(std::string_view name, std::uint64_t& base);

// Rows by who produced them: frames carry the number that the owner gave.
using RowsByOrigin = std::map<std::uint64_t, std::uint64_t>;
std::uint64_t total(const RowsByOrigin& rows);
void add(RowsByOrigin& to, const RowsByOrigin& rows);
// Takes rows away that are there.
void subtract(RowsByOrigin& from, std::uint64_t origin, std::uint64_t rows);

}  // namespace weir::buffer
