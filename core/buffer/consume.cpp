// The consumer's half of the disk buffer: next and acknowledge.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/buffer/disk_buffer.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {

namespace {
// So often a segment is read in vain before the rest of it is given up.
constexpr unsigned kReadTriesMax = 5;
}  // namespace

DiskBuffer::Next DiskBuffer::next(Frame& frame, std::string& error) {
  for (;;) {
    std::uint64_t end = 0;
    bool found = false;
    {
      const std::lock_guard lock(mutex_);
      found = find_segment(end);
      if (found) segments_.at(read_base_).busy = true;
    }
    if (!found) {
      delete_doomed();
      return Next::kEmpty;
    }
    const Step outcome = step(end, frame, error);
    const std::lock_guard lock(mutex_);
    const auto segment = segments_.find(read_base_);
    if (segment == segments_.end()) continue;  // all of it was acknowledged already
    segment->second.busy = false;
    if (outcome == Step::kFailed) return Next::kFailed;
    if (outcome == Step::kAgain) continue;
    ++segment->second.in_flight;
    in_flight_.push_back({frame.number, read_base_, frame.origin, frame.rows});
    return Next::kFrame;
  }
}

// Where to read on, and up to where; false when all that there is was read.
bool DiskBuffer::find_segment(std::uint64_t& end) {
  for (;;) {
    const auto segment = segments_.lower_bound(read_base_);
    if (segment == segments_.end()) return false;
    if (segment->first != read_base_) {  // the first one, or what was in between is gone
      reader_.reset();
      failures_ = 0;
      read_base_ = segment->first;
    }
    end = segment->second.end;
    const bool given_up = failures_ >= kReadTriesMax && segment->second.sealed;
    if (!given_up && (reader_ == nullptr || reader_->position() < end)) return true;
    if (!segment->second.sealed) return false;
    if (given_up) quarantine_.take(read_base_);
    reader_.reset();
    failures_ = 0;
    ++read_base_;
    finish_segment(segment);
  }
}

// The consumer has read all of it: what it held and did not give out is damaged.
void DiskBuffer::finish_segment(Segments::iterator segment) {
  RowsByOrigin in_flight;
  for (const InFlight& f : in_flight_) {
    if (f.segment == segment->first) in_flight[f.origin] += f.rows;
  }
  RowsByOrigin lost = segment->second.held;
  for (const auto& [origin, rows] : in_flight) subtract(lost, origin, rows);
  add(damaged_, lost);
  segment->second.held = std::move(in_flight);
  if (segment->second.held.empty()) doom(segment);
}

DiskBuffer::Step DiskBuffer::step(std::uint64_t end, Frame& frame, std::string& error) {
  if (reader_ == nullptr) {
    int code = 0;
    std::unique_ptr<File> file =
        directory_->open(segment_name(read_base_), Directory::Mode::kRead, code);
    if (file == nullptr) return fail(code, error);
    reader_ = std::make_unique<SegmentReader>(std::move(file), read_base_);
    definitions_.clear();
  }
  switch (reader_->next(end, SegmentReader::Depth::kPayloads)) {
    case SegmentReader::Found::kEnd: return Step::kAgain;
    case SegmentReader::Found::kFailed: return fail(reader_->error(), error);
    case SegmentReader::Found::kTorn:
    case SegmentReader::Found::kDamage: lose(); return Step::kAgain;
    case SegmentReader::Found::kFrame: break;
  }
  failures_ = 0;
  const FrameHeader& header = reader_->header();
  const std::string why =
      decode(reader_->payload(), reader_->end(), header.rows, definitions_, frame.batches);
  if (!why.empty()) {
    lose();
    return Step::kAgain;
  }
  // Read for its definitions only: it was acknowledged by an earlier process.
  if (header.number < first_needed_) return Step::kAgain;
  frame.number = header.number;
  frame.origin = header.origin;
  frame.rows = header.rows;
  frame.segment = read_base_;
  frame.definitions = &definitions_;
  return Step::kFrame;
}

DiskBuffer::Step DiskBuffer::fail(int code, std::string& error) {
  error = failure("read", segment_name(read_base_), code);
  // Others, such as too many open files, say nothing about this one.
  if (code == -EIO || code == -ENODATA || code == -ENOENT) ++failures_;
  return Step::kFailed;
}

// What the reader stands behind cannot be delivered.
void DiskBuffer::lose() {
  quarantine_.copy(reader_->file(), read_base_, reader_->begin(), reader_->end());
  const std::lock_guard lock(mutex_);
  ++counts_.ranges_damaged;
  counts_.bytes_damaged += reader_->end() - reader_->begin();
  // Where the header is lost too, the rows are missed at the end of the segment.
  const auto segment = segments_.find(read_base_);
  if (!reader_->header_known() || segment == segments_.end()) return;
  const FrameHeader& header = reader_->header();
  const std::vector<std::uint64_t>& uncounted = segment->second.uncounted;
  if (header.number < first_needed_ ||
      std::find(uncounted.begin(), uncounted.end(), header.number) != uncounted.end()) {
    return;
  }
  subtract(segment->second.held, header.origin, header.rows);
  if (header.rows != 0) damaged_[header.origin] += header.rows;
}

bool DiskBuffer::acknowledge(std::size_t frames, Clock::time_point now) {
  frames = std::min(frames, in_flight_.size());
  if (frames == 0) return true;
  {
    const std::lock_guard lock(mutex_);
    for (; frames != 0; --frames) {
      const InFlight done = in_flight_.front();
      in_flight_.pop_front();
      first_needed_ = done.number + 1;
      const auto segment = segments_.find(done.segment);
      if (segment == segments_.end()) continue;
      --segment->second.in_flight;
      subtract(segment->second.held, done.origin, done.rows);
      if (segment->second.held.empty() && segment->second.sealed) doom(segment);
    }
    mark_dirty(now);
  }
  const bool written = ack_file_.write(first_needed_) == 0;
  delete_doomed();
  if (!written) {
    const std::lock_guard lock(mutex_);
    ++counts_.ack_failures;
  }
  return written;
}

RowsByOrigin DiskBuffer::take_damaged() {
  const std::lock_guard lock(mutex_);
  return std::exchange(damaged_, {});
}

}  // namespace weir::buffer
