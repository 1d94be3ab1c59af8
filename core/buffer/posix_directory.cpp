// A Directory of the real file system.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "core/buffer/directory.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {

namespace {

constexpr int kLockTries = 5;

// Repeats what a signal interrupted; a negative errno for what failed.
template <class Call>
auto uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? static_cast<decltype(result)>(-errno) : result;
}

class PosixFile final : public File {
 public:
  explicit PosixFile(Fd fd) : fd_(std::move(fd)) {}

  ssize_t write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
    SignalHeldBack no_signal(SIGXFSZ);  // a limit on file sizes is one more way to be full
    const ssize_t n = uninterrupted([&] {
      return ::pwritev(fd_.get(), pieces.data(), static_cast<int>(pieces.size()),
                       static_cast<off_t>(offset));
    });
    if (n == -EFBIG) no_signal.raised();
    return n;
  }
  ssize_t read_at(std::uint64_t offset, void* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = uninterrupted([&] {
        return ::pread(fd_.get(), static_cast<char*>(to) + done, size - done,
                       static_cast<off_t>(offset + done));
      });
      if (n < 0) return n;
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
  }
  int truncate(std::uint64_t size) override {
    return uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); });
  }
  int sync() override {
    return uninterrupted([&] { return ::fdatasync(fd_.get()); });
  }
  std::int64_t size() override {
    struct stat s {};
    return ::fstat(fd_.get(), &s) < 0 ? -errno : static_cast<std::int64_t>(s.st_size);
  }

 private:
  Fd fd_;
};

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::unique_ptr<File> open(const std::string& name, Mode mode, int& error) override {
    const int how = mode == Mode::kRead    ? O_RDONLY
                    : mode == Mode::kWrite ? O_RDWR
                                           : O_RDWR | O_CREAT | O_TRUNC;
    const int fd = open_at(name, how);
    error = std::min(fd, 0);
    return fd < 0 ? nullptr : std::make_unique<PosixFile>(Fd(fd));
  }
  int list(std::vector<std::string>& names) override {
    // A descriptor of its own: the position in a directory belongs to the open file.
    const int fd = open_at(".", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    DIR* dir = ::fdopendir(fd);
    if (dir == nullptr) {
      const int error = -errno;
      ::close(fd);
      return error;
    }
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) names.emplace_back(entry->d_name);
    const int error = -errno;
    ::closedir(dir);
    return error;
  }
  int rename(const std::string& from, const std::string& to) override {
    return uninterrupted(
        [&] { return ::renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()); });
  }
  int unlink(const std::string& name) override {
    return uninterrupted([&] { return ::unlinkat(fd_.get(), name.c_str(), 0); });
  }
  int sync() override {
    return uninterrupted([&] { return ::fsync(fd_.get()); });
  }
  int lock(std::string& holder) override {
    Fd file(open_at(kLockName, O_RDWR | O_CREAT));
    int error = file.get();
    if (error < 0) return error;
    // More than once: who only looks whether it is free has it for a moment.
    for (int i = 0; i < kLockTries; ++i) {
      if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      error = uninterrupted([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB); });
      if (error != -EWOULDBLOCK) break;
    }
    if (error == -EWOULDBLOCK) read_holder(file.get(), holder);
    if (error < 0) return error;
    // For the message of whoever comes second; the lock itself does not depend on it.
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) == 0) {
      static_cast<void>(!::pwrite(file.get(), pid.data(), pid.size(), 0));
    }
    lock_ = std::move(file);
    return 0;
  }
  void unlock() override { lock_.close(); }
  bool locked(std::string& holder) override {
    const Fd file(open_at(kLockName, O_RDONLY));
    if (!file || uninterrupted([&] { return ::flock(file.get(), LOCK_SH | LOCK_NB); }) == 0) {
      return false;
    }
    read_holder(file.get(), holder);
    return true;
  }
  std::string path() const override { return path_; }

 private:
  static void read_holder(int fd, std::string& holder) {
    char text[24]{};
    const ssize_t n = ::pread(fd, text, sizeof text - 1, 0);
    const std::size_t digits = std::strspn(text, "0123456789");
    if (n > 0 && digits != 0) holder = "process " + std::string(text, digits);
  }
  int open_at(const std::string& name, int how) {
    return uninterrupted(
        [&] { return ::openat(fd_.get(), name.c_str(), how | O_CLOEXEC | O_NOFOLLOW, 0640); });
  }

  const std::string path_;
  Fd fd_;
  Fd lock_;
};

}  // namespace

std::unique_ptr<Directory> open_directory(const std::string& path, bool create,
                                          std::string& error) {
  if (create) {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code) {
      error = "cannot make the directory " + path + ": " + code.message();
      return nullptr;
    }
  }
  const int fd = uninterrupted([&] { return ::open(path.c_str(), O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) {
    error = "cannot open the directory " + path + ": " + errno_text(-fd);
    return nullptr;
  }
  return std::make_unique<PosixDirectory>(path, Fd(fd));
}

}  // namespace weir::buffer
