// Reading, with the errors sorted into those that a fresh descriptor may cure and the others.
#include "file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace node_probe {

Reader::Reader() : data_(new char[kBytesAtFirst]), capacity_(kBytesAtFirst) {}

bool Reader::grow() {
  if (capacity_ >= kBytesMax) return false;
  std::unique_ptr<char[]> larger(new char[capacity_ * 2]);
  std::memcpy(larger.get(), data_.get(), capacity_);
  data_ = std::move(larger);
  capacity_ *= 2;
  return true;
}

void Reader::shrink() {
  if (capacity_ <= kBytesKept) return;
  data_.reset(new char[kBytesAtFirst]);
  capacity_ = kBytesAtFirst;
}

File::File(File&& other) noexcept
    : reader_(other.reader_),
      path_(std::move(other.path_)),
      kind_(other.kind_),
      line_bytes_max_(other.line_bytes_max_),
      kept_(std::exchange(other.kept_, false)),
      is_procfs_(other.is_procfs_),
      fd_(std::exchange(other.fd_, -1)),
      error_(other.error_),
      skip_(other.skip_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(reader_, other.reader_);
  std::swap(path_, other.path_);
  std::swap(kind_, other.kind_);
  std::swap(line_bytes_max_, other.line_bytes_max_);
  std::swap(kept_, other.kept_);
  std::swap(is_procfs_, other.is_procfs_);
  std::swap(fd_, other.fd_);
  std::swap(error_, other.error_);
  std::swap(skip_, other.skip_);
  return *this;
}

bool File::missing() const { return error_ == ENOENT || error_ == ENOTDIR; }

bool File::open() {
  // O_NONBLOCK: a FIFO in a fixture must not stop the agent; it is refused by pread.
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd_ < 0) {
    error_ = errno;
    return false;
  }
  kept_ = reader_->open_files_ < Reader::kOpenFilesMax;
  if (kept_) ++reader_->open_files_;
  is_procfs_.reset();
  return true;
}

void File::close() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
  if (kept_) --reader_->open_files_;
  kept_ = false;
}

std::optional<std::string_view> File::read() {
  if (skip_ > 0) {
    --skip_;
    return std::nullopt;
  }
  const bool was_open = fd_ >= 0;
  if (!was_open && !open()) {
    if (missing()) skip_ = kRetry - 1;
    return std::nullopt;
  }
  auto content = read_open();
  if (!content) {
    // These mean that the attribute has no value at this time: the descriptor is good.
    const bool has_no_value =
        error_ == EINVAL || error_ == EOPNOTSUPP || error_ == ENODATA || error_ == EAGAIN;
    if (!has_no_value) close();
    // Whatever was behind a kept descriptor may have come back under the same name.
    if (was_open && fd_ < 0 && error_ != EFBIG && open() && !(content = read_open())) close();
  }
  if (!kept_) close();
  return content;
}

std::optional<std::string_view> File::read_open() {
  std::size_t size = 0;
  for (;;) {
    const ssize_t n =
        ::pread(fd_, reader_->data() + size, reader_->capacity() - size, static_cast<off_t>(size));
    if (n < 0) {
      if (errno == EINTR) continue;
      error_ = errno;
      return std::nullopt;
    }
    const auto piece = static_cast<std::size_t>(n);
    size += piece;
    const bool is_last = kind_ == kAttribute || piece + line_bytes_max_ <= kPageBytesMin;
    if (n == 0 || (is_last && size < reader_->capacity())) break;
    if (size == reader_->capacity() && !reader_->grow()) {
      error_ = EFBIG;
      return std::nullopt;
    }
  }
  error_ = 0;
  return std::string_view(reader_->data(), size);
}

bool File::may_have_changed() {
  if (fd_ < 0 || error_ != 0) return true;
  // Only procfs is trusted: it raises an error condition on a mount table from the moment it has
  // changed until it is polled. A regular file (a fixture) says nothing.
  if (!is_procfs_) {
    struct statfs where {};
    is_procfs_ = ::fstatfs(fd_, &where) == 0 && where.f_type == PROC_SUPER_MAGIC;
  }
  if (!*is_procfs_) return true;
  pollfd state{fd_, POLLPRI, 0};
  return ::poll(&state, 1, 0) != 0;
}

namespace {
// "cpu12" -> 12 after the prefix "cpu"; the largest number when there is none.
std::uint64_t number_after(std::string_view name, std::size_t prefix) {
  std::uint64_t number = 0;
  return parse_number(name.substr(prefix), number) ? number : UINT64_MAX;
}
}  // namespace

bool list_directory(const std::string& path, std::string_view prefix, std::size_t limit,
                    std::vector<std::string>& names) {
  names.clear();
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return false;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || !name.starts_with(prefix)) continue;
    if (names.size() == limit) break;
    names.emplace_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    const std::uint64_t x = number_after(a, prefix.size());
    const std::uint64_t y = number_after(b, prefix.size());
    return x != y ? x < y : a < b;
  });
  return true;
}

std::optional<std::string> read_small(Reader& reader, const std::string& path) {
  File file(reader, path, File::kAttribute);
  const auto content = file.read();
  if (!content) return std::nullopt;
  return std::string(trim(*content));
}

}  // namespace node_probe
