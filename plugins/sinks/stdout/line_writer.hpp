// Writes text to a descriptor that may be a file, a terminal or a pipe, whatever its flags.
//
// Waits while a pipe is full, but in poll and never inside write, so that an agent that stops is
// not held up by a reader that does not read. Changes no flag of the descriptor: stdout is shared
// with whoever else has it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weir::stdout_sink {

class LineWriter {
 public:
  enum class Outcome {
    done,    // all was written
    closed,  // nobody reads any more
    later    // not now: the rest stays with the caller
  };

  explicit LineWriter(int fd);

  // Writes from the front of `rest` and removes what was written. Gives up with `later` when
  // `stopping()` and nothing could be written for a second.
  Outcome write(std::string_view& rest, const std::function<bool()>& stopping);
  // Why the last call did not come to `done`.
  const std::string& why() const { return why_; }

 private:
  Outcome fail(int error);
  bool wait_for_room(const std::function<bool()>& stopping);

  int fd_;
  bool regular_ = false;
  std::string why_;
};

}  // namespace weir::stdout_sink
