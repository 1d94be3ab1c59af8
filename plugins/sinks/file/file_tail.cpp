#include "file_tail.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace weir::file_sink {

namespace {

constexpr std::int64_t kBlockBytes = 64 << 10;

// Reads [from, from + size) or fails; a file that was cut meanwhile fails with EIO.
bool read_block(int fd, char* to, std::int64_t size, std::int64_t from) {
  while (size > 0) {
    const ssize_t n = pread(fd, to, static_cast<std::size_t>(size), from);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    to += n;
    from += n;
    size -= n;
  }
  return true;
}

std::int64_t last_line_end(int fd, std::int64_t size, std::vector<char>& block) {
  while (size > 0) {
    const std::int64_t part = std::min(size, kBlockBytes);
    if (!read_block(fd, block.data(), part, size - part)) return -1;
    const void* end = memrchr(block.data(), '\n', static_cast<std::size_t>(part));
    if (end != nullptr) return size - part + (static_cast<const char*>(end) - block.data()) + 1;
    size -= part;
  }
  return 0;
}

std::int64_t last_line_end_outside_quotes(int fd, std::int64_t size, std::vector<char>& block) {
  std::int64_t whole = 0;
  bool inside = false;
  for (std::int64_t at = 0; at < size;) {
    const std::int64_t part = std::min(size - at, kBlockBytes);
    if (!read_block(fd, block.data(), part, at)) return -1;
    for (std::int64_t i = 0; i < part; ++i) {
      const char c = block[static_cast<std::size_t>(i)];
      if (c == '"') inside = !inside;
      if (c == '\n' && !inside) whole = at + i + 1;
    }
    at += part;
  }
  return whole;
}

}  // namespace

std::int64_t whole_lines_bytes(int fd, std::int64_t size, bool quoted) {
  std::vector<char> block(kBlockBytes);
  return quoted ? last_line_end_outside_quotes(fd, size, block) : last_line_end(fd, size, block);
}

}  // namespace weir::file_sink
