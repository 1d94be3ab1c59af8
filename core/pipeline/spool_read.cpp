// The sink's side of a spool: frames become chains again.
#include <algorithm>

#include "core/pipeline/spool.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

// Reads the next frame into frame_.
buffer::DiskBuffer::Next Spool::next(std::string& error) {
  const auto found = disk_->next(frame_, error);
  buffer::RowsByOrigin damaged = disk_->take_damaged();
  if (!damaged.empty()) {
    keep_twins_from(damaged, found == buffer::DiskBuffer::Next::kFrame ? frame_.number : 0);
    if (const std::uint64_t rows = buffer::total(damaged); rows != 0) {
      log(WEIR_LOG_ERROR, id_,
          std::to_string(rows) +
              " rows on the disk cannot be read: they are damaged, or what defines them is");
    }
    dropped(damaged, DropReason::kDamaged);
  }
  return found;
}

Spool::Read Spool::wait_for_disk(const std::string& what) {
  log(WEIR_LOG_ERROR, id_, what);
  retry_at_ = Waker::Clock::now() + kFailurePause;
  return Read::kFailed;
}

bool Spool::pop(Item& item) {
  if (Waker::Clock::now() < retry_at_) return false;
  if (use_ == Use::kAlways) return pop_disk(item) == Read::kItem;
  std::uint64_t appends = 0;
  {
    const std::lock_guard lock(turn_);
    if (!spilled_) return pop_memory(item);
    if (twinning_) return false;
    appends = appends_;
  }
  for (;;) {
    const Read read = pop_disk(item);
    if (read != Read::kEmpty) return read == Read::kItem;
    const std::lock_guard lock(turn_);
    if (appending_) return false;  // it wakes this thread when it is done
    if (std::exchange(appends, appends_) != appends_) continue;
    spilled_ = false;
    return pop_memory(item);
  }
}

// The next chain from the disk.
Spool::Read Spool::pop_disk(Item& item) {
  if (const Read met = meet_twins(); met == Read::kFailed) return met;
  for (;;) {
    std::string error;
    if (!stuck_) {
      const auto found = next(error);
      if (found == buffer::DiskBuffer::Next::kEmpty) return Read::kEmpty;
      if (found == buffer::DiskBuffer::Next::kFailed) {
        return wait_for_disk("cannot read rows from the disk, will try again: " + error);
      }
      const std::lock_guard lock(turn_);
      if (may_be_twin(frame_.number)) {
        stuck_ = true;
        return Read::kEmpty;
      }
    }
    Route& route = route_of(frame_.origin);
    bool lasting = false;
    if (Batch* chain = replay_.chain(frame_, error, &lasting)) {
      stuck_ = false;
      item = {chain, &route};
      const std::lock_guard lock(turn_);
      out_.push_back({item, 1, false, true, false});
      return Read::kItem;
    }
    stuck_ = !lasting;
    if (stuck_) {
      return wait_for_disk("cannot use rows from the disk, will try again: " + error);
    }
    log(WEIR_LOG_ERROR, id_,
        std::to_string(frame_.rows) +
            " rows from the disk are of no use, they are dropped: " + error);
    dropped({{frame_.origin, frame_.rows}}, DropReason::kDamaged);
    // It is acknowledged with the item before it, or at once.
    std::unique_lock lock(turn_);
    if (out_.empty()) {
      lock.unlock();
      acknowledge(1);
    } else {
      ++out_.back().frames;
    }
  }
}

void Spool::acknowledge(std::size_t frames) {
  const bool was_synced = syncs_ && !disk_->sync_deadline();
  const bool noted = disk_->acknowledge(frames, Waker::Clock::now());
  if (was_synced) wake_appender();  // it has a deadline again
  if (noted) return;
  log(WEIR_LOG_WARN, id_,
      "cannot note on the disk what was delivered: after a restart some rows would come again");
}

void Spool::sleep_until(Waker::Clock::time_point deadline) {
  const bool must_pause = Waker::Clock::now() < retry_at_;
  if (must_pause) deadline = std::min(deadline, retry_at_);
  if (use_ == Use::kOverflow && !must_pause) {
    std::unique_lock lock(turn_);
    if (!appending_) {
      lock.unlock();
      return queue_.sleep_until(deadline);
    }
  }
  waker_.sleep_until(deadline, [this] {
    const bool nudged = nudged_.exchange(false, std::memory_order_seq_cst);
    return appended_.exchange(false, std::memory_order_seq_cst) || nudged;
  });
}

void Spool::nudge() {
  nudged_.store(true, std::memory_order_seq_cst);
  waker_.wake();
  if (use_ == Use::kOverflow) queue_.nudge();
}

Spool::Out Spool::take_oldest() {
  const std::lock_guard lock(turn_);
  const Out out = out_.front();
  out_.pop_front();
  ++out_first_;
  return out;
}

std::uint64_t Spool::let_go(const Item& item) {
  const Out out = take_oldest();
  if (out.in_memory) {
    bytes_out_ -= item.chain->chain_bytes;
    if (out.frames != 0) acknowledge(out.frames);
    return queue_.let_go(item);
  }
  const auto rows = static_cast<std::int64_t>(item.chain->chain_rows);
  release(item.chain);
  acknowledge(out.frames);
  item.route->rows_held.fetch_sub(rows, std::memory_order_release);
  return 0;
}

// They stay on the disk. Of a chain that was delivered in part, the next process delivers all.
void Spool::leave(const Item& item, std::uint64_t rows_left) {
  const Out out = take_oldest();
  if (!out.on_disk) return queue_.leave(item, rows_left);
  item.route->rows_held.fetch_sub(static_cast<std::int64_t>(item.chain->chain_rows - rows_left),
                                  std::memory_order_release);
  if (out.in_memory) return queue_.hand_on(item);
  release(item.chain);
}

}  // namespace weir::core
