// The disk as the overflow of memory: when rows go to it, and how the sink's thread comes back.
#include <algorithm>

#include "core/pipeline/spool.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

using Steady = std::chrono::steady_clock;
using Appended = buffer::DiskBuffer::Appended;
using Next = buffer::DiskBuffer::Next;

}  // namespace

// ---- the appending thread's

void Spool::run_overflow() {
  for (bool ending = false; !ending;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, disk_->sync_deadline().value_or(Steady::time_point::max()),
                          [this] { return ending_ || pressed_; });
      pressed_ = false;
      ending = ending_;
    }
    queue_.rearm();
    refused_ = false;
    if (ending || (queue_.pressed() && has_more())) spill();
    sync_when_due();
    if (ending || !refused_) continue;
    // Nobody else asks again: producers may wait for room, and the sink for its server.
    pause(kFailurePause);
    const std::lock_guard lock(mutex_);
    pressed_ = true;
  }
}

// Whether memory has what the sink has not.
bool Spool::has_more() {
  const std::lock_guard lock(turn_);
  return !returned_.empty() || !queue_.empty();
}

// Behind the last frame whose rows the sink has too, and which it has not read past.
std::uint64_t Spool::twins_end() {
  const std::lock_guard lock(turn_);
  return twins_.empty() ? 0 : twins_.back().frame + 1;
}

// Everything that is in memory, oldest first.
void Spool::spill() {
  {
    const std::lock_guard lock(turn_);
    appending_ = spilled_ = twinning_ = true;
    twin_begin_ = disk_->number_next();
  }
  append_twins();
  {
    const std::lock_guard lock(turn_);
    twinning_ = false;
  }
  while (!refused_ && gather()) append_group();
  {
    const std::lock_guard lock(turn_);
    appending_ = false;
    ++appends_;
  }
  nudge();
}

// What the sink has from memory is older than what follows. It keeps it; on the disk it is for a
// later process. Where there is no room for it, it stays in memory only.
void Spool::append_twins() {
  std::vector<std::uint64_t> outs;  // numbers
  group_.clear();
  {
    const std::lock_guard lock(turn_);
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (out_[i].on_disk || out_[i].refused) continue;
      retain(out_[i].item.chain, 1);  // the sink may be done with it meanwhile
      group_.push_back(out_[i].item);
      outs.push_back(out_first_ + i);
    }
  }
  if (group_.empty()) return;
  lay_out_group();
  std::uint64_t frame = 0;
  std::string error;
  Appended result{};
  do {
    frame = disk_->number_next();
    result = disk_->append(chains_, Steady::now(), error);
    // While the agent runs, memory is the better place.
    refused_ = result == Appended::kFailed && !is_ending();
  } while (result == Appended::kFailed && !refused_ && pause(kFailurePause));
  {
    const std::lock_guard lock(turn_);
    for (std::size_t i = 0; i < outs.size(); ++i) {
      Out* out = outs[i] >= out_first_ ? &out_[outs[i] - out_first_] : nullptr;
      if (result == Appended::kOk) {
        twins_.push_back({frame + i, outs[i], chains_[i].origin, group_[i].chain->chain_rows});
        if (out != nullptr) out->on_disk = true;
      } else if (out != nullptr && !refused_) {
        out->refused = true;
      }
    }
  }
  for (const Item& item : group_) release(item.chain);
}

// The disk refuses them; memory has them again, in their place.
void Spool::give_back(std::size_t first, std::size_t count) {
  refused_ = true;
  const std::lock_guard lock(turn_);
  const auto begin = group_.begin() + static_cast<std::ptrdiff_t>(first);
  returned_.insert(returned_.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
}

// ---- the sink's thread's

// Where everything on the disk was read. With turn_.
bool Spool::pop_memory(Item& item) {
  if (has_its_share()) return false;  // what is out must fit twice: the rest is for what comes
  if (!returned_.empty()) {
    item = returned_.front();
    returned_.pop_front();
  } else if (!queue_.pop(item)) {
    return false;
  }
  bytes_out_ += item.chain->chain_bytes;
  out_.push_back({item, 0, true, false, false});
  return true;
}

// Reads past the frames whose rows the sink has, so that they are acknowledged with those.
Spool::Read Spool::meet_twins() {
  for (;;) {
    Twin twin{};
    {
      const std::lock_guard lock(turn_);
      if (twins_.empty()) return Read::kItem;
      twin = twins_.front();
    }
    std::string error;
    const Next found = stuck_ ? Next::kFrame : next(error);
    if (found == Next::kFailed) {
      return wait_for_disk("cannot read rows from the disk, will try again: " + error);
    }
    stuck_ = found == Next::kFrame && frame_.number != twin.frame;
    {
      const std::lock_guard lock(turn_);
      twins_.pop_front();
    }
    if (found == Next::kFrame && !stuck_) acknowledge_with(twin.out);
    // Otherwise it was damaged, and a later frame is the next; the sink has its rows all the same.
  }
}

// Whether the sink has the rows of a frame that was read already, or it is not known yet: twins may
// have been appended since this thread looked. With turn_.
bool Spool::may_be_twin(std::uint64_t frame) const {
  return (twinning_ && frame >= twin_begin_) || (!twins_.empty() && frame >= twins_.front().frame);
}

// All that is left is on the disk.
bool Spool::outlives() const {
  const std::lock_guard lock(turn_);
  return std::all_of(out_.begin(), out_.end(), [](const Out& out) { return out.on_disk; });
}

// Rows of damaged frames are not lost where the sink has them. `frame` was read, 0: there is none.
void Spool::keep_twins_from(buffer::RowsByOrigin& damaged, std::uint64_t frame) {
  const std::lock_guard lock(turn_);
  for (const Twin& twin : twins_) {
    if (frame != 0 && twin.frame >= frame) break;
    const auto found = damaged.find(twin.origin);
    if (found != damaged.end()) found->second -= std::min(found->second, twin.rows);
  }
}

// One frame more.
void Spool::acknowledge_with(std::uint64_t out) {
  std::unique_lock lock(turn_);
  if (out >= out_first_) {
    ++out_[out - out_first_].frames;
    return;
  }
  lock.unlock();
  acknowledge(1);
}

}  // namespace weir::core
