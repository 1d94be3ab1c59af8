// How far a long command is: one line that is rewritten on a terminal, a log line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::cli {

// "12.3 M", "950": a count for people, to three digits.
std::string short_count(double count);
// "1:02:03", "0:42".
std::string short_time(std::chrono::seconds time);

class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows it if it is time to. `fraction` of the whole, `rows` so far; `place` and `tail` are
  // shown before and after the figures.
  void show(const std::string& place, double fraction, std::uint64_t rows, const std::string& tail);
  // Takes the line off the terminal.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_;
  const Clock::time_point began_ = Clock::now();
  double fraction_at_start_ = -1;
  Clock::time_point shown_{};
  // What the rate is computed from: about three seconds ago.
  Clock::time_point rate_at_ = began_;
  std::uint64_t rate_rows_ = 0;
  double rate_ = 0;
  bool drawn_ = false;
};

}  // namespace weir::cli
