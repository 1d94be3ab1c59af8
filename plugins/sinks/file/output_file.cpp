#include "output_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "file_open.hpp"
#include "file_tail.hpp"

namespace weir::file_sink {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kRotationPause = 60 * kSecond;  // after a rename that failed

std::int64_t now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}

}  // namespace

OutputFile::OutputFile(Host host, std::string path, format::Format format, std::string header,
                       Limits limits)
    : host_(host),
      names_(resolved(path)),
      path_(std::move(path)),
      format_(format),
      header_(std::move(header)),
      limits_(limits) {}

Problem OutputFile::prepare() {
  if (must_cut_) {
    if (Problem problem = cut_back()) return problem;
  }
  if (fd_) look_at_file();
  if (fd_) rotate_when_due();
  if (!fd_) {
    if (Problem problem = open()) return problem;
  }
  good_size_ = size_;
  return {};
}

Problem OutputFile::append(std::string_view text) {
  SignalHeldBack file_size_limit(SIGXFSZ);
  while (!text.empty()) {
    const ssize_t n = ::write(fd_.get(), text.data(), text.size());
    if (n >= 0) {
      size_ += n;
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      if (errno == EFBIG) file_size_limit.raised();
      return failed("cannot write", errno);
    }
  }
  return {};
}

void OutputFile::roll_back() {
  if (!fd_ || size_ == good_size_) return;
  must_cut_ = true;
  if (const Problem problem = cut_back()) host_.warn(problem.text + "; tried again later");
}

Problem OutputFile::cut_back() {
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0) return failed("cannot look at", errno);
  // Somebody else may have emptied the file (copytruncate): never make it longer.
  if (status.st_size > good_size_ && ftruncate(fd_.get(), good_size_) != 0) {
    return failed("cannot remove an unfinished delivery from", errno);
  }
  size_ = std::min<std::int64_t>(status.st_size, good_size_);
  must_cut_ = false;
  return {};
}

Problem OutputFile::sync() {
  if (fdatasync(fd_.get()) != 0) return failed("cannot sync", errno);
  return {};
}

void OutputFile::close() {
  // A copy of the descriptor may still wait to be synced: it must not hold the lock.
  if (fd_) flock(fd_.get(), LOCK_UN);
  fd_.close();
  must_cut_ = false;
  checked_ = 0;
}

Problem OutputFile::open() {
  names_ = FileNames(resolved(path_));
  Problem problem = open_path(names_.current());
  if (!problem && is_foreign()) {
    if (header_.empty()) {
      close();
      return foreign(names_.current());
    }
    // The measurement has other columns than when this file was begun.
    if (!rename_away()) {
      close();
      return {EEXIST, names_.current() + ": has other columns and cannot be renamed"};
    }
    problem = open_path(names_.current());
  }
  return problem;
}

Problem OutputFile::open_path(const std::string& path) {
  Opened opened = open_locked(path);
  if (opened.problem) return opened.problem;
  close();
  fd_ = std::move(opened.fd);
  size_ = opened.size;
  born_ = opened.born;
  checked_ = now(CLOCK_MONOTONIC_COARSE);
  if (size_ == 0 && limits_.sync_names) sync_directory();
  if (Problem problem = recover()) {
    close();
    return problem;
  }
  good_size_ = size_;
  fresh_ = true;
  return {};
}

// Removes the last line if it has no end: a crash, or the loss of power, has torn it.
Problem OutputFile::recover() {
  if (size_ == 0 || is_foreign()) return {};
  const std::int64_t whole = whole_lines_bytes(fd_.get(), size_, format_ == format::Format::csv);
  if (whole < 0) return failed("cannot read", errno);
  if (whole == size_) return {};
  if (ftruncate(fd_.get(), whole) != 0) return failed("cannot remove a torn last line of", errno);
  host_.warn(names_.current() + ": removed " + std::to_string(size_ - whole) +
             " bytes of a torn last line, which the last writer did not finish");
  size_ = whole;
  return {};
}

bool OutputFile::is_foreign() { return size_ > 0 && !begins_as(fd_.get(), format_, header_); }

Problem OutputFile::failed(const char* what, int error) const {
  return {error, std::string(what) + " " + names_.current() + ": " + errno_text(error) +
                     remedy_for(error)};
}

// logrotate and others move the file away, delete it, or empty it (copytruncate). The name is
// looked up once a second.
void OutputFile::look_at_file() {
  struct stat at_path {
  }, ours{};
  if (fstat(fd_.get(), &ours) != 0) return;
  size_ = ours.st_size;
  const std::int64_t time = now(CLOCK_MONOTONIC_COARSE);
  if (time - checked_ < kSecond) return;
  checked_ = time;
  if (stat(names_.current().c_str(), &at_path) != 0 || at_path.st_ino != ours.st_ino ||
      at_path.st_dev != ours.st_dev) {
    host_.info(names_.current() + ": was moved away or deleted; a new file is begun");
    close();
  }
}

void OutputFile::rotate_when_due() {
  const bool large = limits_.size_max > 0 && size_ >= static_cast<std::int64_t>(limits_.size_max);
  bool due = large;
  if (!due && limits_.age_max > 0 && size_ > 0) {
    due = now(CLOCK_REALTIME_COARSE) - born_ >= limits_.age_max;
  }
  if (!due || now(CLOCK_MONOTONIC_COARSE) < no_rotation_before_) return;
  if (rename_away()) {
    close();
  } else {
    no_rotation_before_ = now(CLOCK_MONOTONIC_COARSE) + kRotationPause;
  }
}

// The lock goes with the file, so nobody else renames this one meanwhile.
bool OutputFile::rename_away() {
  constexpr std::int64_t kMillisecond = 1'000'000;
  std::int64_t stamp = std::max(now(CLOCK_REALTIME), last_stamp_ + kMillisecond);
  std::string to = names_.rotated(stamp);
  while (access(to.c_str(), F_OK) == 0 || access((to + ".gz").c_str(), F_OK) == 0) {
    to = names_.rotated(stamp += kMillisecond);
  }
  last_stamp_ = stamp;
  if (rename(names_.current().c_str(), to.c_str()) != 0) {
    host_.warn(failed("cannot rotate", errno).text + "; goes on without rotation for a minute");
    return false;
  }
  if (limits_.sync_names) sync_directory();
  host_.debug(names_.current() + ": rotated to " + to);
  return rotated_ = true;
}

void OutputFile::sync_directory() const {
  const Fd directory(::open(names_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0) {
    host_.warn("cannot sync the directory " + names_.directory + ": " + errno_text(errno));
  }
}

}  // namespace weir::file_sink
