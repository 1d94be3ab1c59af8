// The producer's half of the disk buffer: append, sync, and making room.
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/buffer/disk_buffer.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {

std::string DiskBuffer::failure(const char* what, const std::string& name, int error) const {
  return std::string("cannot ") + what + ' ' + directory_->path() + '/' + name + ": " +
         errno_text(-error);
}

// The group, for the segment that is active or for a new one.
void DiskBuffer::encode(std::span<const Chain> chains) {
  encoder_.undo();
  if (active_end_ == 0) {
    active_base_ = number_next_;
    encoder_.begin_segment(active_base_);
  }
  for (const Chain& chain : chains) encoder_.add(chain);
}

bool DiskBuffer::has_room() const {
  const std::uint64_t header = active_end_ == 0 ? sizeof(SegmentHeader) : 0;
  const std::lock_guard lock(mutex_);
  return bytes_ + encoder_.bytes() + header <= options_.bytes_max;
}

bool DiskBuffer::active_is_done() const {
  const std::lock_guard lock(mutex_);
  const auto active = segments_.find(active_base_);
  return active_end_ != 0 && active != segments_.end() && active->second.held.empty();
}

DiskBuffer::Appended DiskBuffer::append(std::span<const Chain> chains, Clock::time_point now,
                                        std::string& error) {
  encode(chains);
  if (encoder_.frames() == 0) return Appended::kOk;
  if (encoder_.too_large() || encoder_.bytes() + sizeof(SegmentHeader) > options_.bytes_max) {
    encoder_.undo();
    error = "rows of one moment that need more than " +
            std::to_string(std::min(options_.bytes_max, kFrameBytesMax)) +
            " bytes do not fit into the disk buffer " + directory_->path() +
            "; raise buffer.max_size";
    return Appended::kTooLarge;
  }
  if (active_end_ != 0 && active_end_ + encoder_.bytes() > options_.segment_bytes) {
    seal_active();
    encode(chains);
  }
  if (!has_room() && active_is_done()) {  // what is acknowledged of it is in the way
    seal_active();
    encode(chains);
  }
  if (!has_room()) {
    encoder_.undo();
    return Appended::kFull;
  }
  if (!write_group(error)) {
    cut_back();
    encoder_.undo();
    return Appended::kFailed;
  }
  publish(chains, now);
  return Appended::kOk;
}

// Takes back what an append left behind that failed, and ends the segment: what is cut off may be
// there again after a loss of power, and must not stand behind frames that define other series
// under its numbers. Recovery reads no further than to the number of the next segment.
void DiskBuffer::cut_back() {
  if (active_ == nullptr) return;
  const bool cut = active_end_ != 0 && active_->truncate(active_end_) == 0;
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(std::max<std::int64_t>(cut ? 0 : active_->size(), 0));
  if (active_end_ != 0) {
    if (bytes > active_end_) {
      const std::lock_guard lock(mutex_);
      segments_.at(active_base_).bytes = bytes;
      bytes_ += bytes - active_end_;
    }
    return seal_active();
  }
  active_.reset();
  ++number_next_;  // the next segment has a name of its own
  {
    const std::lock_guard lock(mutex_);
    doomed_.push_back({active_base_, bytes});
    bytes_ += bytes;
  }
  delete_doomed();
  // The next process does not know of it, and may give its numbers again: it must not come back.
  if (directory_->sync() < 0) names_unsynced_ = true;  // then with the next sync
}

bool DiskBuffer::write_all(std::span<const iovec> pieces, std::string& error) {
  std::array<iovec, File::kPiecesMax> some;
  std::uint64_t at = active_end_;
  std::size_t written = 0;  // of the first piece
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), some.size());
    std::copy_n(pieces.begin(), count, some.begin());
    some[0].iov_base = static_cast<char*>(some[0].iov_base) + written;
    some[0].iov_len -= written;
    const ssize_t n = active_->write_at(at, {some.data(), count});
    if (n <= 0) {
      error =
          failure("write to", segment_name(active_base_), n < 0 ? static_cast<int>(n) : -ENOSPC);
      return false;
    }
    at += static_cast<std::uint64_t>(n);
    written += static_cast<std::size_t>(n);
    while (!pieces.empty() && written >= pieces.front().iov_len) {
      written -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
  }
  return true;
}

bool DiskBuffer::sync_file(std::string& error) {
  if (active_ == nullptr || rows_unsynced_ == 0) return true;
  const int code = active_->sync();
  const std::uint64_t rows = std::exchange(rows_unsynced_, 0);
  if (code == 0) return true;
  error = failure("sync", segment_name(active_base_), code);
  const std::lock_guard lock(mutex_);
  ++counts_.sync_failures;
  counts_.rows_at_risk += rows;
  return false;
}

// Segments that were created are found after a loss of power only from here on.
bool DiskBuffer::sync_names(std::string& error) {
  if (!names_unsynced_) return true;
  if (const int code = directory_->sync(); code < 0) {
    error = failure("sync", "", code);
    return false;
  }
  names_unsynced_ = false;
  return true;
}

bool DiskBuffer::write_group(std::string& error) {
  if (active_ == nullptr) {
    int code = 0;
    const std::string name = segment_name(active_base_);
    active_ = directory_->open(name, Directory::Mode::kCreate, code);
    if (active_ == nullptr) {
      error = failure("create", name, code);
      return false;
    }
    names_unsynced_ = true;
  }
  if (!write_all(encoder_.seal(active_end_, number_next_, rows_next_), error)) return false;
  if (options_.sync != SyncPolicy::kAlways) return true;
  if (const int code = active_->sync(); code < 0) {
    error = failure("sync", segment_name(active_base_), code);
    return false;
  }
  return sync_names(error);
}

void DiskBuffer::publish(std::span<const Chain> chains, Clock::time_point now) {
  const std::uint64_t bytes = encoder_.bytes() + (active_end_ == 0 ? sizeof(SegmentHeader) : 0);
  active_end_ += bytes;
  number_next_ += encoder_.frames();
  rows_next_ += encoder_.rows();
  if (options_.sync != SyncPolicy::kAlways) rows_unsynced_ += encoder_.rows();
  encoder_.keep();
  const std::lock_guard lock(mutex_);
  Segment& segment = segments_[active_base_];
  segment.sealed = false;
  segment.bytes = segment.end = active_end_;
  for (const Chain& chain : chains) {
    std::uint64_t rows = 0;
    for (const weir_batch* batch : chain.batches) rows += batch->rows;
    if (rows != 0) segment.held[chain.origin] += rows;
  }
  bytes_ += bytes;
  if (rows_unsynced_ != 0) mark_dirty(now);
}

// Nothing more goes into the active segment; the next append begins another one.
void DiskBuffer::seal_active() {
  std::string counted;
  if (options_.sync != SyncPolicy::kNever) sync_file(counted);
  rows_unsynced_ = 0;
  active_.reset();
  active_end_ = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto active = segments_.find(active_base_);
    if (active == segments_.end()) return;
    active->second.sealed = true;
    if (active->second.held.empty()) doom(active);
  }
  delete_doomed();
}

bool DiskBuffer::sync(Clock::time_point now, std::string& error) {
  {
    // What is acknowledged from here on may need another one.
    const std::lock_guard lock(mutex_);
    dirty_since_.reset();
  }
  bool good = sync_file(error);
  // A later sync of that file would succeed, without what this one failed to write.
  if (!good) seal_active();
  good = sync_names(error) && good;
  if (const int code = ack_file_.sync(); code < 0) {
    error = failure("sync", AckFile::kName, code);
    good = false;
  }
  if (good) return true;
  const std::lock_guard lock(mutex_);
  mark_dirty(now);
  return false;
}

RowsByOrigin DiskBuffer::drop_oldest(std::uint64_t first) {
  delete_doomed();
  bool only_active = false;
  RowsByOrigin rows;
  for (int round = 0; round < 2 && rows.empty(); ++round) {
    if (only_active) seal_active();
    const std::lock_guard lock(mutex_);
    if (!doomed_.empty()) return {};  // files cannot be deleted: no room would come of it
    const auto from = segments_.lower_bound(first);
    const auto droppable = std::find_if(from, segments_.end(), [](const auto& s) {
      return s.second.in_flight == 0 && !s.second.busy && !s.second.held.empty();
    });
    if (droppable == segments_.end()) return {};
    only_active = !droppable->second.sealed;
    if (only_active) continue;
    rows = droppable->second.held;
    doom(droppable);
  }
  delete_doomed();
  // Rows that were counted as dropped must not come back with the power, under no policy: the
  // numbers of their frames may be given again.
  directory_->sync();
  return rows;
}

}  // namespace weir::buffer
