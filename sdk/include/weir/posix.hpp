// weir/posix.hpp - the little that plugins who write to files and pipes need of POSIX.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace weir {

// "No space left on device". Any thread.
inline std::string errno_text(int error) {
  const char* text = strerrordesc_np(error);
  return text != nullptr ? text : "error " + std::to_string(error);
}

// Owns a file descriptor. Move-only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close() { *this = Fd(); }
  // The caller's from now on.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// While it lives, a signal that this thread's own write would raise (SIGPIPE, SIGXFSZ) is only an
// errno, and is gone afterwards, whatever the process does with that signal.
class SignalHeldBack {
 public:
  explicit SignalHeldBack(int signal) {
    sigemptyset(&set_);
    sigaddset(&set_, signal);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &set_, &before);
    was_blocked_ = sigismember(&before, signal) == 1;
  }
  SignalHeldBack(const SignalHeldBack&) = delete;
  SignalHeldBack& operator=(const SignalHeldBack&) = delete;
  ~SignalHeldBack() {
    if (was_blocked_) return;
    const int error = errno;
    if (raised_) {
      const timespec now{};
      while (sigtimedwait(&set_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
    errno = error;
  }
  // The write failed with EPIPE or EFBIG: there is a signal to take away.
  void raised() { raised_ = true; }

 private:
  sigset_t set_;
  bool was_blocked_ = false;
  bool raised_ = false;
};

}  // namespace weir
