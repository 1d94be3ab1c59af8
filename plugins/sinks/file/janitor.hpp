// What a file needs besides being written, done by a thread of its own so that deliveries go on:
// rotated files are compressed and the oldest removed; written ones are synced at an interval.
//
// Rotated files are found in the directory and not remembered, so what a crash left undone is
// done after the next start, and however fast files rotate, nothing queues up in memory.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
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

  Janitor(Host host, Duties duties) : host_(host), duties_(duties) {}
  ~Janitor() { stop(); }
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

  // The thread begins with the first of `tidy` and `written`. Any thread.
  // Rotated files of this name are compressed and removed as they should be.
  void tidy(const FileNames& names);
  // The file has been written to and is to be synced within the interval. `round` belongs to the
  // file: the call is cheap while the file is waiting already.
  void written(int fd, std::uint64_t& round);
  // Ends what is being compressed, syncs what waits, and returns when the thread has ended.
  void stop();

 private:
  void begin_thread();
  void run();
  void tidy_now(const FileNames& names);
  void sync_all(const std::vector<Fd>& files);

  Host host_;
  const Duties duties_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<FileNames> untidy_;
  std::vector<Fd> unsynced_;
  std::uint64_t round_ = 1;  // which filling of `unsynced_` this is
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace weir::file_sink
