#include "janitor.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "compress.hpp"

namespace weir::file_sink {

namespace {
constexpr int kNice = 10;  // compressing gives way to whatever else the host does
constexpr std::chrono::milliseconds kLookAround(50);  // for the agent's stop, which wakes nobody
}  // namespace

void Janitor::begin_thread() {
  if (!thread_.joinable() && !stop_) thread_ = std::thread([this] { run(); });
}

void Janitor::tidy(const FileNames& names, bool rotated) {
  std::unique_lock lock(mutex_);
  const std::vector<std::string> files = prune(names);
  if (!duties_.gzip) return;
  const std::string current = names.current();
  const auto is_same = [&](const Plain& p) { return p.current == current; };
  std::erase_if(waiting_, is_same);
  for (const auto& file : files) {
    if (!FileNames::is_compressed(file) && file != compressing_)
      waiting_.push_back({current, file});
  }
  begin_thread();
  wake_.notify_one();
  if (!rotated) return;
  const auto backlog = [&] { return std::count_if(waiting_.begin(), waiting_.end(), is_same); };
  const auto before = backlog();
  while (backlog() > std::ptrdiff_t{kWaitingMax} && backlog() == before && !host_.stopping()) {
    compressed_.wait_for(lock, kLookAround);
  }
}

// Under the lock. The rotated files that are left, oldest first.
std::vector<std::string> Janitor::prune(const FileNames& names) {
  std::vector<std::string> unfinished;
  std::vector<std::string> files = names.list_rotated(&unfinished);
  for (const auto& path : unfinished) {
    if (path != compressing_ + std::string(kUnfinished)) unlink(path.c_str());
  }
  if (duties_.keep == 0) return files;
  auto kept = files.end();
  std::uint32_t count = 0;
  std::string_view newer;  // a file and its compressed twin, which a crash can leave, are one
  while (kept != files.begin()) {
    const std::string_view file = FileNames::plain(*(kept - 1));
    if (file != newer && ++count > duties_.keep) break;
    newer = file;
    --kept;
  }
  for (auto file = files.begin(); file != kept; ++file) {
    if (*file == compressing_) give_up_ = true;
    if (unlink(file->c_str()) != 0 && errno != ENOENT) {
      host_.warn("cannot remove " + *file + ": " + errno_text(errno));
    }
  }
  files.erase(files.begin(), kept);
  return files;
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
    give_up_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Janitor::run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread alone
  const bool syncs = duties_.sync_interval.count() > 0;
  next_sync_ = Clock::now() + duties_.sync_interval;
  const auto has_work = [&] { return stop_.load() || !waiting_.empty(); };
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (syncs) {
      wake_.wait_until(lock, next_sync_, has_work);
    } else {
      wake_.wait(lock, has_work);
    }
    if (!waiting_.empty() && !stop_) compress_next(lock);
    lock.unlock();
    sync_when_due();
    lock.lock();
  }
  std::vector<Fd> files = std::exchange(unsynced_, {});
  lock.unlock();
  sync_all(files);
}

void Janitor::compress_next(std::unique_lock<std::mutex>& lock) {
  const std::string next = std::move(waiting_.front().path);
  waiting_.pop_front();
  compressing_ = next;
  give_up_ = false;
  compressed_.notify_all();
  lock.unlock();
  std::string why = compress_file(next, [this] {
    sync_when_due();
    return !give_up_;
  });
  lock.lock();  // from here on nobody removes the file
  if (give_up_) {
    why.clear();
    unlink((next + std::string(kUnfinished)).c_str());
  } else if (why.empty()) {
    why = replace_by_compressed(next);
  }
  compressing_.clear();
  if (!why.empty()) host_.warn("cannot compress " + why + "; tried again after the next rotation");
}

void Janitor::sync_when_due() {
  if (duties_.sync_interval.count() == 0 || Clock::now() < next_sync_) return;
  std::vector<Fd> files;
  {
    const std::lock_guard lock(mutex_);
    files = std::exchange(unsynced_, {});
    ++round_;
  }
  sync_all(files);
  next_sync_ = Clock::now() + duties_.sync_interval;
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
