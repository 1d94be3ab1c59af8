#include "core/deadletter/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "core/deadletter/letter.hpp"
#include "weir/posix.hpp"

namespace weir::deadletter {

namespace {

constexpr int kAppend = O_RDWR | O_APPEND | O_CREAT;

// Opens the file that now has that name, locked. 0 or errno; EWOULDBLOCK: someone has it.
int try_open_locked(const std::string& path, int flags, Fd& fd, struct stat& status) {
  for (;;) {
    fd = Fd(open(path.c_str(), flags | O_CLOEXEC, 0640));
    if (!fd || flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || fstat(fd.get(), &status) != 0) {
      return errno;
    }
    struct stat named {};
    if (stat(path.c_str(), &named) == 0 && named.st_ino == status.st_ino) return 0;
  }
}

// Waits for the name, not for the file: one who takes it away holds it for as long as a replay.
int open_locked(const std::string& path, int flags, Fd& fd, struct stat& status) {
  for (;;) {
    const int error = try_open_locked(path, flags, fd, status);
    if (error != EWOULDBLOCK) return error;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int write_all(int fd, std::string_view text) {
  SignalHeldBack no_signal(SIGXFSZ);  // a limit on file sizes is one more way to be full
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EFBIG) no_signal.raised();
    if (n <= 0) return n < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return fdatasync(fd) == 0 ? 0 : errno;
}

// Appends at the end of what `status` tells of, all or nothing.
int append_all(int fd, const struct stat& status, std::string_view text) {
  const int error = write_all(fd, text);
  // What stands there in part is of no use to anyone.
  if (error != 0) static_cast<void>(!ftruncate(fd, status.st_size));
  return error;
}

// What a file needs at its end before lines are appended: whoever was killed while it wrote left
// part of a line, which is to be the one bad line. 0 or errno.
int end_last_line(int fd, const struct stat& status, std::string& text) {
  char last = '\n';
  if (status.st_size != 0 && pread(fd, &last, 1, status.st_size - 1) < 0) return errno;
  if (last != '\n') text += '\n';
  return 0;
}

}  // namespace

std::string file_path(const std::string& data_dir, const std::string& sink) {
  return data_dir + "/deadletters/" + sink + ".jsonl";
}

Writer::Writer(std::string path, std::uint64_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {
  struct stat status {};
  if (stat(path_.c_str(), &status) == 0) bytes = static_cast<std::uint64_t>(status.st_size);
}

void Writer::add(const weir_batch& batch, std::uint32_t first, std::uint32_t rows,
                 std::string_view from, std::string_view reason, std::int64_t now) {
  if (first >= batch.rows) return;
  rows = std::min(rows, batch.rows - first);
  std::string number;
  std::string schema = schema_line(*batch.measurement, number);
  schemas_.try_emplace(number, std::move(schema));
  used_.insert(number);
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (lines_.size() >= bytes_max_) {
      rows_not_kept.fetch_add(rows - i, std::memory_order_relaxed);
      return;
    }
    lines_ += row_line(batch, first + i, number, from, reason, now) + '\n';
    ++rows_;
  }
}

std::string Writer::commit() {
  if (rows_ == 0) return "";
  std::uint64_t written = 0;
  const std::string why = append(written);
  rows_kept.fetch_add(written, std::memory_order_relaxed);
  rows_not_kept.fetch_add(rows_ - written, std::memory_order_relaxed);
  lines_.clear();
  lines_.shrink_to_fit();
  used_.clear();
  rows_ = 0;
  return why;
}

std::string Writer::append(std::uint64_t& rows_written) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  Fd fd;
  struct stat status {};
  if (const int error = open_locked(path_, kAppend, fd, status)) {
    return path_ + ": " + errno_text(error);
  }
  std::string text;
  if (const int error = end_last_line(fd.get(), status, text)) {
    return path_ + ": " + errno_text(error);
  }
  if (std::exchange(inode_, status.st_ino) != status.st_ino || status.st_size == 0) {
    written_.clear();
  }
  for (const std::string& number : used_) {
    if (!written_.contains(number)) text += schemas_.at(number) + '\n';
  }
  const std::size_t head = text.size();
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t room = bytes_max_ - std::min(bytes_max_, size + head);
  text += lines_;
  if (room < lines_.size()) {
    const std::size_t end = room == 0 ? std::string::npos : lines_.rfind('\n', room - 1);
    text.resize(head + (end == std::string::npos ? 0 : end + 1));
  }
  rows_written = static_cast<std::uint64_t>(
      std::count(text.begin() + static_cast<std::ptrdiff_t>(head), text.end(), '\n'));
  if (rows_written == 0) return path_ + " is full; send its rows again, or remove it";
  if (const int error = append_all(fd.get(), status, text)) {
    rows_written = 0;
    return path_ + ": " + errno_text(error);
  }
  written_.insert(used_.begin(), used_.end());
  bytes.store(size + text.size(), std::memory_order_relaxed);
  return rows_written == rows_ ? ""
                               : path_ + " has no room for all; send its rows again, or remove it";
}

int take(const std::string& path, const std::string& to, Fd& held) {
  for (;;) {
    struct stat status {};
    int error = try_open_locked(to, O_RDONLY, held, status);
    if (error == ENOENT) {
      error = open_locked(path, O_RDONLY, held, status);
      // Not over a file that is there: another may be as far as this.
      if (error == 0 &&
          renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        error = errno;
      }
    }
    if (error != EEXIST) return error;
  }
}

std::string append_lines(const std::string& path, std::string_view lines) {
  Fd fd;
  struct stat status {};
  std::string text;
  int error = open_locked(path, kAppend, fd, status);
  if (error == 0) error = end_last_line(fd.get(), status, text);
  if (error == 0) error = append_all(fd.get(), status, text.append(lines));
  return error == 0 ? "" : path + ": " + errno_text(error);
}

}  // namespace weir::deadletter
