#include "line_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>

#include "weir/posix.hpp"

namespace weir::stdout_sink {

namespace {
constexpr int kPollMs = 100;
constexpr int kStoppingPolls = 10;  // a second without progress
}  // namespace

LineWriter::LineWriter(int fd) : fd_(fd) {
  struct stat status {};
  regular_ = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

LineWriter::Outcome LineWriter::write(std::string_view& rest,
                                      const std::function<bool()>& stopping) {
  SignalHeldBack pipe(SIGPIPE);
  while (!rest.empty()) {
    std::size_t size = rest.size();
    if (!regular_) {
      if (!wait_for_room(stopping)) {
        why_ = "stdout: nobody reads the pipe, and the agent stops";
        return Outcome::later;
      }
      // A pipe that poll calls writable takes this much without blocking.
      size = std::min<std::size_t>(size, PIPE_BUF);
    }
    const ssize_t n = ::write(fd_, rest.data(), size);
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      pipe.raised();
      return fail(errno);
    } else if (errno != EINTR && errno != EAGAIN) {
      return fail(errno);
    }
  }
  return Outcome::done;
}

bool LineWriter::wait_for_room(const std::function<bool()>& stopping) {
  for (int idle = 0; idle < kStoppingPolls;) {
    pollfd waiting{fd_, POLLOUT, 0};
    const int ready = poll(&waiting, 1, kPollMs);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // write tells what is wrong
    if (ready == 0 && stopping()) ++idle;
  }
  return false;
}

LineWriter::Outcome LineWriter::fail(int error) {
  why_ = "stdout: " + errno_text(error);
  if (error == EPIPE || error == EBADF) {
    why_ += ": nobody reads it any more; remove this sink, or keep its reader running";
    return Outcome::closed;
  }
  return Outcome::later;
}

}  // namespace weir::stdout_sink
