// What a file needs besides being written: the oldest rotated files are removed as a new one
// comes; a thread of its own compresses the others and syncs written ones at an interval.
//
// `keep` therefore holds at every instant, however slowly files are compressed, and a writer that
// is faster than the compressor waits for it: the disk holds a known number of files. Rotated files
// are found in the directory, so what a crash or a stop left undone is done after the next start.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "file_names.hpp"
#include "weir/host.hpp"
#include "weir/options.hpp"
#include "weir/posix.hpp"

namespace weir::file_sink {

class Janitor {
 public:
  struct Duties {
    bool gzip = false;
    std::uint32_t keep = 0;    // rotated files; 0: all
    Duration sync_interval{};  // 0: no syncing
  };
  // Files of one name that wait while another is compressed.
  static constexpr std::size_t kWaitingMax = 3;

  Janitor(Host host, Duties duties) : host_(host), duties_(duties) {}
  ~Janitor() { stop(); }
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

  // The thread begins with the first of `tidy` and `written`. Any thread.
  // Removes rotated files of this name beyond `keep`, and has the others compressed. `rotated`: one
  // has just been added. Should too many wait, the call returns when there is one less, or when the
  // agent stops: what waits never grows, and what an earlier run has left is not waited for.
  void tidy(const FileNames& names, bool rotated);
  // The file has been written to and is to be synced within the interval. `round` belongs to the
  // file: the call is cheap while the file is waiting already.
  void written(int fd, std::uint64_t& round);
  // Gives up what is being compressed, syncs what waits, and returns when the thread has ended.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Plain {
    std::string current;  // the name that it was rotated away from
    std::string path;
  };

  void begin_thread();
  void run();
  std::vector<std::string> prune(const FileNames& names);
  void compress_next(std::unique_lock<std::mutex>& lock);
  void sync_when_due();
  void sync_all(const std::vector<Fd>& files);

  Host host_;
  const Duties duties_;
  std::mutex mutex_;
  std::condition_variable wake_;        // the thread has something to do
  std::condition_variable compressed_;  // the thread has taken the next file
  std::deque<Plain> waiting_;           // to be compressed, oldest first of each name
  std::string compressing_;             // the path that is being compressed; else empty
  std::atomic<bool> give_up_ = false;   // ... and need not be, as it is removed or the agent stops
  std::vector<Fd> unsynced_;
  std::uint64_t round_ = 1;      // which filling of `unsynced_` this is
  Clock::time_point next_sync_;  // the thread's
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace weir::file_sink
