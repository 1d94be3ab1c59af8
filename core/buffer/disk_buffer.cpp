// Opening, counting, and what producer and consumer share; see append.cpp and consume.cpp.
#include "core/buffer/disk_buffer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "weir/posix.hpp"

namespace weir::buffer {

namespace {

constexpr std::uint64_t kSegmentBytesMin = 4u << 10;
constexpr std::uint64_t kSegmentBytesMax = 16u << 20;

Options bounded(Options options) {
  options.bytes_max = std::max(options.bytes_max, Options::kBytesMin);
  if (options.segment_bytes == 0) {
    options.segment_bytes = std::clamp(options.bytes_max / 16, kSegmentBytesMin, kSegmentBytesMax);
  }
  return options;
}

}  // namespace

DiskBuffer::DiskBuffer(std::unique_ptr<Directory> directory, const Options& options)
    : directory_(std::move(directory)),
      options_(bounded(options)),
      quarantine_(*directory_, options.quarantine_bytes_max),
      ack_file_(*directory_) {}

std::unique_ptr<DiskBuffer> DiskBuffer::open(std::unique_ptr<Directory> directory, Options options,
                                             OpenReport& report, std::string& error) {
  std::string holder = "another process";
  if (const int code = directory->lock(holder); code < 0) {
    error = code == -EWOULDBLOCK
                ? "the disk buffer " + directory->path() + " is in use by " + holder +
                      "; one agent at a time can have it: stop that one or use another data_dir"
                : "cannot lock the disk buffer " + directory->path() + ": " + errno_text(-code) +
                      "; the agent must be able to write there";
    return nullptr;
  }
  std::unique_ptr<DiskBuffer> buffer(new DiskBuffer(std::move(directory), options));
  DiskBuffer& b = *buffer;
  int code = 0;
  b.first_needed_ = b.ack_file_.load(code);
  const auto unreadable = [&](int why) {
    error = "cannot read the disk buffer " + b.directory_->path() + ": " + errno_text(-why) +
            "; rows are kept there, so the agent does not go on without them";
    return nullptr;
  };
  if (may_pass(code)) return unreadable(code);
  if (code < 0) {
    report.note("the acknowledged position cannot be read (" + errno_text(-code) +
                "): rows may be delivered again");
  }
  const bool sync = options.sync != SyncPolicy::kNever;
  Recovered found;
  code = recover(*b.directory_, b.first_needed_, sync, b.quarantine_, found, report);
  if (code < 0) return unreadable(code);
  b.ack_file_.reserve();
  if (sync && b.ack_file_.sync() < 0) ++b.counts_.sync_failures;
  b.segments_ = std::move(found.segments);
  b.number_next_ = found.number_next;
  b.rows_next_ = found.rows_next;
  b.names_unsynced_ = !found.names_synced;
  for (const auto& [base, segment] : b.segments_) b.bytes_ += segment.bytes;
  return buffer;
}

void DiskBuffer::doom(Segments::iterator segment) {
  doomed_.push_back({segment->first, segment->second.bytes});
  segments_.erase(segment);
}

// A file that cannot be deleted is tried again with the next one, and counts until then.
void DiskBuffer::delete_doomed() {
  std::vector<Doomed> doomed;
  {
    const std::lock_guard lock(mutex_);
    doomed.swap(doomed_);
  }
  if (doomed.empty()) return;
  std::uint64_t bytes = 0;
  std::erase_if(doomed, [&](const Doomed& d) {
    const int error = directory_->unlink(segment_name(d.base));
    if (error < 0 && error != -ENOENT) return false;
    bytes += d.bytes;
    return true;
  });
  const std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  doomed_.insert(doomed_.end(), doomed.begin(), doomed.end());
}

void DiskBuffer::mark_dirty(Clock::time_point now) {
  if (!dirty_since_) dirty_since_ = now;
}

std::optional<Clock::time_point> DiskBuffer::sync_deadline() const {
  const std::lock_guard lock(mutex_);
  if (options_.sync == SyncPolicy::kNever || !dirty_since_) return std::nullopt;
  return *dirty_since_ + options_.sync_interval;
}

RowsByOrigin DiskBuffer::rows_held() const {
  RowsByOrigin rows;
  const std::lock_guard lock(mutex_);
  for (const auto& [base, segment] : segments_) add(rows, segment.held);
  return rows;
}

DiskBuffer::Counts DiskBuffer::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  for (const auto& [base, segment] : segments_) counts.rows_held += total(segment.held);
  counts.bytes_on_disk = bytes_;
  counts.segments = segments_.size();
  counts.frames_in_flight = in_flight_.size();
  return counts;
}

}  // namespace weir::buffer
