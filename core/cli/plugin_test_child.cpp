// See plugin_test_child.hpp. The verdict comes through a pipe, the step through shared memory,
// which outlives whatever happens to the child.
#include "core/cli/plugin_test_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace weir::cli::plugin_test_detail {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = Verdict::Kind;

constexpr std::size_t kStepBytes = 128;
constexpr std::size_t kVerdictBytesMax = std::size_t{1} << 20;
constexpr std::size_t kSaidBytesMax = 8192;

int g_verdict = -1;      // of a child: where its verdict goes
char* g_step = nullptr;  // kStepBytes, shared by both

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void report(Kind kind, const std::string& text) {
  const std::string message = static_cast<char>(kind) + text.substr(0, kVerdictBytesMax - 1);
  for (std::size_t at = 0; at < message.size();) {
    const ssize_t n = ::write(g_verdict, message.data() + at, message.size() - at);
    if (n < 0 && errno != EINTR) break;
    at += n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  _exit(0);
}

[[noreturn]] void be_child(int verdict, int error, const std::function<std::string()>& check) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // who interrupts the tool wants no plugin to stay behind
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);  // a crash is an answer here
  g_verdict = verdict;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  try {
    report(Kind::kOk, check());
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("an exception that is no std::exception, expected none");
  }
}

// What comes until the end of the pipe. False at the deadline.
bool read_all(int from, Clock::time_point deadline, std::string& text) {
  for (char buffer[4096];;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{from, POLLIN, 0};
    const int n = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    const ssize_t bytes = ::read(from, buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(bytes));
  }
}

std::string said_in(std::FILE* file) {
  std::string text(kSaidBytesMax, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

Verdict verdict_of(const std::string& message, int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = sigabbrev_np(number);
    return {Kind::kFailed,
            std::string(g_step) + ": the process was ended by SIG" + (name ? name : "?") + " (" +
                strsignal(number) + "), expected that it returns",
            ""};
  }
  if (message.empty()) {
    return {Kind::kFailed,
            std::string(g_step) + ": the process was ended with exit code " +
                std::to_string(WEXITSTATUS(status)) + ", expected that it returns",
            ""};
  }
  return {static_cast<Kind>(message[0]), message.substr(1), ""};
}

}  // namespace

void step(const char* what) {
  if (g_step != nullptr) g_step[std::string_view(what).copy(g_step, kStepBytes - 1)] = '\0';
}

void fail(const std::string& what) { report(Kind::kFailed, what); }
void skip(const std::string& why) { report(Kind::kSkipped, why); }

Verdict in_child(std::chrono::seconds limit, const std::function<std::string()>& check) {
  if (g_step == nullptr) {
    void* shared =
        ::mmap(nullptr, kStepBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw_errno("mmap");
    g_step = static_cast<char*>(shared);
  }
  step("before the first call");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> error(std::tmpfile(), &std::fclose);
  if (error == nullptr) throw_errno("a temporary file");
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw_errno("pipe");
  std::fflush(nullptr);  // or both would print what is pending
  const pid_t child = ::fork();
  if (child < 0) throw_errno("fork");
  if (child == 0) be_child(pipe[1], ::fileno(error.get()), check);
  ::close(pipe[1]);
  std::string message;
  const bool in_time = read_all(pipe[0], Clock::now() + limit, message);
  ::close(pipe[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  Verdict verdict = in_time ? verdict_of(message, status)
                            : Verdict{Kind::kFailed,
                                      std::string(g_step) + " did not return within " +
                                          std::to_string(limit.count()) + " s",
                                      ""};
  verdict.said = said_in(error.get());
  return verdict;
}

}  // namespace weir::cli::plugin_test_detail
