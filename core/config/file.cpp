// See file.hpp.
#include "core/config/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/config/text.hpp"
#include "core/config/units.hpp"

namespace weir::config {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no regular file";
}

std::string rounded_size(std::size_t bytes) {
  if (bytes >= std::size_t{10} << 20) return std::to_string(bytes >> 20) + "MiB";
  if (bytes >= std::size_t{10} << 10) return std::to_string(bytes >> 10) + "KiB";
  return std::to_string(bytes) + "B";
}

}  // namespace

std::string read_file(const std::string& path, std::size_t bytes_max, const char* what,
                      std::string& bytes) {
  // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    return errno == ENXIO ? "is a socket or pipe, expected a regular file"
                          : std::string("cannot be opened: ") + std::strerror(errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return std::string("cannot be examined: ") + std::strerror(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return std::string("is ") + kind_of(status.st_mode) + ", expected a regular file";
  }
  const std::string limit = std::string("; a ") + what + " is at most " +
                            format_size(static_cast<std::int64_t>(bytes_max));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > bytes_max) return "has " + rounded_size(size) + limit;

  // The size may be 0 (/proc) or change meanwhile: read until the end or past the limit.
  bytes.clear();
  bytes.reserve(size + 1);
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::string("cannot be read: ") + std::strerror(errno);
    if (n == 0) return "";
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (bytes.size() > bytes_max) return "has more than " + rounded_size(bytes_max) + limit;
  }
}

std::string check_text(std::string& text, Position& at) {
  at = {1, 1};
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return "the file is UTF-16, expected UTF-8";
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(std::string_view(text).substr(i, 4));
    static constexpr char kHex[] = "0123456789abcdef";
    const std::string hex = std::string("0x") + kHex[byte >> 4] + kHex[byte & 15];
    if (length == 0) return "the byte " + hex + " is not UTF-8, expected UTF-8 text";
    if (byte == 0) return "a NUL byte, expected text; this seems to be a binary file";
    const bool crlf = byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if ((byte < 0x20 && byte != '\n' && byte != '\t' && !crlf) || byte == 0x7f) {
      return "the control character " + hex + ", expected text";
    }
    if (byte == '\n') {
      at = {at.line + 1, 1};
    } else {
      ++at.column;
    }
    i += length;
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  return "";
}

}  // namespace weir::config
