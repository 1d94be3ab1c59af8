// A wall clock that jumps: preloaded into a process (LD_PRELOAD), it adds to CLOCK_REALTIME the
// nanoseconds that stand, as 8 bytes, in the file WEIR_CLOCK_STEP, at every moment anew. The
// monotonic clock is left alone, as by settimeofday.
//
// Of libfaketime only this is needed, and without its locks and its reading of a file by each call.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Constant after the first use; 0 is what the kernel says.
const volatile std::int64_t& step_ns() {
  static const volatile std::int64_t* const mapped = [] {
    static const std::int64_t none = 0;
    const char* path = std::getenv("WEIR_CLOCK_STEP");
    const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return &none;
    void* page = ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    return page == MAP_FAILED ? &none : static_cast<const std::int64_t*>(page);
  }();
  return *mapped;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int clock_gettime(clockid_t id, timespec* at) noexcept {
  const long failed = ::syscall(SYS_clock_gettime, id, at);
  if (failed != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) {
    return static_cast<int>(failed);
  }
  const std::int64_t ns = at->tv_sec * kSecond + at->tv_nsec + step_ns();
  *at = {ns / kSecond, ns % kSecond};
  return 0;
}

int gettimeofday(timeval* at, void*) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *at = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* at) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at != nullptr) *at = now.tv_sec;
  return now.tv_sec;
}
}
#pragma GCC visibility pop
