#include "compress.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <memory>

#include "file_names.hpp"
#include "weir/posix.hpp"

namespace weir::file_sink {

namespace {

constexpr std::size_t kBlockBytes = 64 << 10;
constexpr int kLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // zlib: a gzip header and trailer

bool write_all(int fd, const unsigned char* data, std::size_t size) {
  SignalHeldBack file_size_limit(SIGXFSZ);
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (errno == EFBIG) file_size_limit.raised();
      return false;
    }
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

class Deflate {
 public:
  Deflate()
      : good_(deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
              Z_OK) {}
  ~Deflate() {
    if (good_) deflateEnd(&stream_);
  }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  bool good() const { return good_; }
  // Compresses what was read and writes it; `last`: and ends the stream.
  bool pass(unsigned char* in, std::size_t in_size, bool last, unsigned char* out, int to) {
    stream_.next_in = in;
    stream_.avail_in = static_cast<uInt>(in_size);
    do {
      stream_.next_out = out;
      stream_.avail_out = kBlockBytes;
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      if (!write_all(to, out, kBlockBytes - stream_.avail_out)) return false;
    } while (stream_.avail_out == 0);
    return true;
  }

 private:
  z_stream stream_{};
  bool good_;
};

// 1: done; 0: stopped; -1: failed with errno.
int deflate_all(int from, int to, const std::function<bool()>& go_on) {
  const auto blocks = std::make_unique<unsigned char[]>(2 * kBlockBytes);
  Deflate stream;
  if (!stream.good()) {
    errno = ENOMEM;
    return -1;
  }
  for (;;) {
    if (!go_on()) return 0;
    const ssize_t n = ::read(from, blocks.get(), kBlockBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (!stream.pass(blocks.get(), static_cast<std::size_t>(n), n == 0, blocks.get() + kBlockBytes,
                     to)) {
      return -1;
    }
    if (n == 0) return 1;
  }
}

}  // namespace

std::string compress_file(const std::string& path, const std::function<bool()>& go_on) {
  const std::string unfinished = path + std::string(kUnfinished);
  const Fd from(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!from || fstat(from.get(), &status) != 0) return path + ": " + errno_text(errno);
  const Fd to(
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, status.st_mode & 0777));
  if (!to) return unfinished + ": " + errno_text(errno);

  const int outcome = deflate_all(from.get(), to.get(), go_on);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  futimens(to.get(), times);  // a nicety: the file keeps the time of its last row
  if (outcome == 1 && fsync(to.get()) == 0) return "";
  const int error = errno;
  unlink(unfinished.c_str());
  return outcome == 0 ? "" : unfinished + ": " + errno_text(error);
}

std::string replace_by_compressed(const std::string& path) {
  const std::string unfinished = path + std::string(kUnfinished);
  if (rename(unfinished.c_str(), (path + ".gz").c_str()) == 0) {
    unlink(path.c_str());
    return "";
  }
  const int error = errno;
  unlink(unfinished.c_str());
  return unfinished + ": " + errno_text(error);
}

}  // namespace weir::file_sink
