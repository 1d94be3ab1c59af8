// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, as in RFC 3720 appendix B.4): the checksum
// of everything in a disk buffer. By the processor's instruction where it has one, by tables
// elsewhere; which one is found out once, at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::buffer {

// The checksum of what `crc` covers followed by these bytes; begin with 0. "123456789" gives
// 0xE3069283. Any thread.
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);

// The same by tables alone, for comparison.
std::uint32_t crc32c_by_tables(std::uint32_t crc, const void* data, std::size_t size);

}  // namespace weir::buffer
