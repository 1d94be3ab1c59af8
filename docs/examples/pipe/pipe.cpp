// See pipe.hpp, and "A source that pushes" in docs/plugin-tutorial.md.
#include "pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace {

constexpr std::size_t kLineBytesMax = 1000;
constexpr int kFullPauseMs = 10;

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                              "xyz0123456789_.-") == std::string_view::npos;
}

// "<name> <number>"
bool parse(std::string_view line, std::string_view& name, double& value) {
  name = line.substr(0, line.find(' '));
  if (!is_name(name) || name.size() == line.size()) return false;
  const char* const end = line.data() + line.size();
  const auto result = std::from_chars(line.data() + name.size() + 1, end, value);
  return result.ec == std::errc{} && result.ptr == end;
}

weir::Time now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

}  // namespace

Pipe::Pipe(weir::Source agent, const Options& options)
    : agent_(agent),
      options_(options),
      measurement_(agent.measurement(weir::Schema("pipe", "What programs write into a pipe.")
                                         .label("name")
                                         .gauge("value", "", "The number behind the name."))) {}

void Pipe::start() {
  // Read and write: with one writer always there, the pipe has no end when the others leave.
  pipe_ = weir::Fd(::open(options_.path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!pipe_ || ::fstat(pipe_.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    throw std::runtime_error("cannot read '" + options_.path +
                             "': " + (pipe_ ? "not a named pipe" : weir::errno_text(errno)) +
                             "; make it with mkfifo, readable and writable for the agent");
  }
  stop_event_ = weir::Fd(::eventfd(0, EFD_CLOEXEC));
  if (!stop_event_) throw std::runtime_error("eventfd: " + weir::errno_text(errno));
  thread_ = std::thread([this] { run(); });
}

void Pipe::stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(stop_event_.get(), 1);
  thread_.join();
}

void Pipe::run() {
  try {
    while (wait_for_bytes()) read();
  } catch (const std::exception& e) {  // nobody else would catch it
    agent_.error(std::string("stops reading: ") + e.what());
  }
}

// False: it is time to stop.
bool Pipe::wait_for_bytes() {
  std::array<pollfd, 2> events = {{{pipe_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}}};
  ::poll(events.data(), events.size(), -1);
  return events[1].revents == 0;
}

void Pipe::read() {
  std::array<char, 4096> bytes;
  const ssize_t size = ::read(pipe_.get(), bytes.data(), bytes.size());
  if (size <= 0) return;
  text_.append(bytes.data(), static_cast<std::size_t>(size));
  const auto lines = std::count(text_.begin(), text_.end(), '\n');
  weir::Batch batch = agent_.batch(measurement_, static_cast<std::uint32_t>(lines) + 1);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    add_line(std::string_view(text_).substr(begin, end - begin), batch);
  }
  text_.erase(0, begin);
  if (text_.size() > kLineBytesMax) {
    text_.clear();
    too_long_ = true;
  }
  deliver(std::move(batch));
}

void Pipe::add_line(std::string_view line, weir::Batch& batch) {
  std::string_view name;
  double value = 0;
  if (std::exchange(too_long_, false)) return complain("a line has more than 1000 bytes");
  if (!parse(line, name, value)) return complain("a line is not '<name> <number>'");
  const weir_series* named = series(name);
  if (named == nullptr) return complain("there are more names than max_names");
  complaint_.clear();
  // A series has at most one row at a time, however fast lines come.
  last_ = std::max(last_ + 1, now());
  batch.set(0, batch.add(named, last_), value);
}

void Pipe::complain(const std::string& what) {
  if (what != complaint_) agent_.warn(what + "; it is dropped, and so are others like it");
  complaint_ = what;
}

const weir_series* Pipe::series(std::string_view name) {
  if (const auto found = series_.find(name); found != series_.end()) return found->second;
  if (series_.size() == options_.max_names) return nullptr;
  return series_.emplace(name, agent_.series(measurement_, {name})).first->second;
}

void Pipe::deliver(weir::Batch batch) {
  // Full: nothing is read until there is room, so the pipe fills and its writers wait.
  while (!agent_.try_emit(batch)) {
    pollfd stop{stop_event_.get(), POLLIN, 0};
    if (::poll(&stop, 1, kFullPauseMs) > 0) {
      // What was read is not lost at the end: the agent waits for room as long as it may take.
      return agent_.emit(std::move(batch));
    }
  }
}

WEIR_PLUGIN("pipe", "1.0.0",
            weir::source<Pipe>("pipe", "Reads numbers from a named pipe.", WEIR_PUSH))
