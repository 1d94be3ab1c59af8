// The dead-letter file of one sink: DATA_DIR/deadletters/ID.jsonl.
//
// The agent appends to it, and anyone may take it away to look at it or to send it again, also
// while the agent runs: both hold a lock on the file while they do, and the agent begins a new one
// when the old is gone. Bounded: what does not fit any more is counted and not kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "weir/abi.h"
#include "weir/posix.hpp"

namespace weir::deadletter {

std::string file_path(const std::string& data_dir, const std::string& sink);

// The sink's thread; the counters, any.
class Writer {
 public:
  Writer(std::string path, std::uint64_t bytes_max);

  void add(const weir_batch& batch, std::uint32_t first, std::uint32_t rows, std::string_view from,
           std::string_view reason, std::int64_t now);
  // Puts what was added on the disk. What cannot be is counted as not kept; then why, or "".
  std::string commit();

  std::uint64_t bytes_max() const { return bytes_max_; }
  std::atomic<std::uint64_t> rows_kept{0};
  std::atomic<std::uint64_t> rows_not_kept{0};
  std::atomic<std::uint64_t> bytes{0};  // of the file, when it was last written

 private:
  std::string append(std::uint64_t& rows_written);

  const std::string path_;
  const std::uint64_t bytes_max_;
  std::map<std::string, std::string> schemas_;  // lines, by number, of all that were ever used
  std::set<std::string> used_;                  // by lines_
  std::set<std::string> written_;               // in the file of that inode
  std::uint64_t inode_ = 0;
  std::string lines_;
  std::uint64_t rows_ = 0;  // in lines_
};

// Renames the file to `to` once nobody writes to it; a file `to` that is there, left by one who was
// interrupted, is taken first. Nobody else can take it while `held` lives. 0, or errno: ENOENT
// where there is neither, EWOULDBLOCK where someone has taken it.
int take(const std::string& path, const std::string& to, Fd& held);

// Puts whole lines at the end of a file, on the disk. "", or what failed and where.
std::string append_lines(const std::string& path, std::string_view lines);

}  // namespace weir::deadletter
