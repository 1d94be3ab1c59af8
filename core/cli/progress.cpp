// Written to standard error, as the log is.
#include "core/cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/telemetry/log.hpp"

namespace weir::cli {

namespace {
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLogged{10}, kRateSpan{3};

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
}  // namespace

std::string short_count(double count) {
  static constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (count >= 999.5 && unit + 1 < std::size(kUnits)) {
    count /= 1000;
    ++unit;
  }
  char text[32];
  const int decimals = unit == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
  std::snprintf(text, sizeof text, "%.*f%s", decimals, count, kUnits[unit]);
  return text;
}

std::string short_time(std::chrono::seconds time) {
  const auto s = static_cast<long>(time.count());
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  }
  return text;
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(const std::string& place, double fraction, std::uint64_t rows,
                    const std::string& tail) {
  const auto now = Clock::now();
  if (fraction_at_start_ < 0) fraction_at_start_ = fraction;
  if (now - rate_at_ >= kRateSpan || (rate_ == 0 && now - rate_at_ >= kRedraw)) {
    const std::chrono::duration<double> span = now - rate_at_;
    rate_ = static_cast<double>(rows - rate_rows_) / span.count();
    if (span >= kRateSpan) {
      rate_at_ = now;
      rate_rows_ = rows;
    }
  }
  if (shown_ != Clock::time_point{}) {
    if (terminal_ && now - shown_ < kRedraw) return;
    if (!terminal_ && now - shown_ < kLogged) return;
  }
  shown_ = now;

  std::string left = "?";
  const double done = fraction - fraction_at_start_;
  if (done > 0) {
    const std::chrono::duration<double> spent = now - began_;
    left = short_time(std::chrono::duration_cast<std::chrono::seconds>(
        spent * ((1 - fraction) / done) + std::chrono::duration<double>(0.5)));
  }
  char percent[16];
  std::snprintf(percent, sizeof percent, "%.1f %%", fraction * 100);
  std::string line = place + "  " + percent + "  " + short_count(static_cast<double>(rows)) +
                     " rows  " + short_count(rate_) + " rows/s  left " + left + tail;
  if (!terminal_) return core::log_info(line);
  // A line that wraps could not be taken back.
  const std::size_t columns = terminal_columns();
  if (line.size() >= columns) line.resize(columns - 1);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace weir::cli
