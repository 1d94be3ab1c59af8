#include "janitor.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "compress.hpp"

namespace weir::file_sink {

namespace {
constexpr int kNice = 10;  // compressing gives way to whatever else the host does
}

void Janitor::begin_thread() {
  if (!thread_.joinable() && !stop_) thread_ = std::thread([this] { run(); });
}

void Janitor::tidy(const FileNames& names) {
  const std::lock_guard lock(mutex_);
  const bool known = std::any_of(untidy_.begin(), untidy_.end(), [&](const FileNames& waiting) {
    return waiting.current() == names.current();
  });
  if (!known) untidy_.push_back(names);
  begin_thread();
  wake_.notify_one();
}

void Janitor::written(int fd, std::uint64_t& round) {
  const std::lock_guard lock(mutex_);
  if (round == round_) return;
  Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return;  // out of descriptors: asked again with the next delivery
  unsynced_.push_back(std::move(copy));
  round = round_;
  begin_thread();
}

void Janitor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Janitor::run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread alone
  using Clock = std::chrono::steady_clock;
  const bool syncs = duties_.sync_interval.count() > 0;
  Clock::time_point next_sync = Clock::now() + duties_.sync_interval;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto has_work = [&] { return stop_.load() || !untidy_.empty(); };
    if (syncs) {
      wake_.wait_until(lock, next_sync, has_work);
    } else {
      wake_.wait(lock, has_work);
    }
    if (syncs && (stop_ || Clock::now() >= next_sync)) {
      std::vector<Fd> files = std::exchange(unsynced_, {});
      ++round_;
      lock.unlock();
      sync_all(files);
      next_sync = Clock::now() + duties_.sync_interval;
      lock.lock();
    }
    if (!untidy_.empty() && !stop_) {
      const FileNames names = std::move(untidy_.front());
      untidy_.pop_front();
      lock.unlock();
      tidy_now(names);
      lock.lock();
    }
  }
  std::vector<Fd> files = std::exchange(unsynced_, {});
  lock.unlock();
  sync_all(files);
}

void Janitor::tidy_now(const FileNames& names) {
  std::vector<std::string> unfinished;
  std::vector<std::string> files = names.list_rotated(&unfinished);
  for (const auto& path : unfinished) unlink(path.c_str());
  if (duties_.keep > 0 && files.size() > duties_.keep) {
    const auto kept = files.end() - duties_.keep;
    for (auto file = files.begin(); file != kept; ++file) {
      if (unlink(file->c_str()) != 0) {
        host_.warn("cannot remove " + *file + ": " + errno_text(errno));
      }
    }
    files.erase(files.begin(), kept);
  }
  if (!duties_.gzip) return;
  for (const auto& file : files) {
    if (FileNames::is_compressed(file) || stop_) continue;
    const std::string why = compress_file(file, stop_);
    if (!why.empty())
      host_.warn("cannot compress " + why + "; tried again after the next rotation");
  }
}

void Janitor::sync_all(const std::vector<Fd>& files) {
  for (const Fd& file : files) {
    if (fdatasync(file.get()) != 0) {
      host_.error("cannot sync what was written: " + errno_text(errno) +
                  "; rows of the last interval may be lost if the host goes down");
    }
  }
}

}  // namespace weir::file_sink
