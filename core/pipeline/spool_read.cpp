// The sink's side of a spool: frames become chains again.
#include <algorithm>

#include "core/pipeline/spool.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

constexpr std::chrono::milliseconds kFailurePause{250};

}  // namespace

// Reads the next frame into frame_. False when there is none now.
bool Spool::next(std::string& error) {
  const auto found = disk_->next(frame_, error);
  dropped(disk_->take_damaged(), DropReason::kDamaged);
  return found == buffer::DiskBuffer::Next::kFrame;
}

bool Spool::pop(Item& item) {
  if (Waker::Clock::now() < retry_at_) return false;
  for (;;) {
    std::string error;
    if (!stuck_ && !next(error)) {
      if (error.empty()) return false;
      log(WEIR_LOG_ERROR, id_, "cannot read rows from the disk, will try again: " + error);
      retry_at_ = Waker::Clock::now() + kFailurePause;
      return false;
    }
    Route& route = route_of(frame_.origin);
    bool lasting = false;
    if (Batch* chain = replay_.chain(frame_, error, &lasting)) {
      stuck_ = false;
      frames_.push_back(1);
      item = {chain, &route};
      return true;
    }
    stuck_ = !lasting;
    if (stuck_) {
      log(WEIR_LOG_ERROR, id_, "cannot use rows from the disk, will try again: " + error);
      retry_at_ = Waker::Clock::now() + kFailurePause;
      return false;
    }
    log(WEIR_LOG_ERROR, id_,
        std::to_string(frame_.rows) +
            " rows from the disk are of no use, they are dropped: " + error);
    dropped({{frame_.origin, frame_.rows}}, DropReason::kDamaged);
    // It is acknowledged with the item before it, or at once.
    if (frames_.empty()) {
      acknowledge(1);
    } else {
      ++frames_.back();
    }
  }
}

void Spool::acknowledge(std::size_t frames) {
  if (disk_->acknowledge(frames, Waker::Clock::now())) return;
  log(WEIR_LOG_WARN, id_,
      "cannot note on the disk what was delivered: after a restart some rows would come again");
}

void Spool::sleep_until(Waker::Clock::time_point deadline) {
  if (Waker::Clock::now() < retry_at_) deadline = std::min(deadline, retry_at_);
  waker_.sleep_until(deadline, [this] {
    const bool nudged = nudged_.exchange(false, std::memory_order_seq_cst);
    return appended_.exchange(false, std::memory_order_seq_cst) || nudged;
  });
}

void Spool::nudge() {
  nudged_.store(true, std::memory_order_seq_cst);
  waker_.wake();
}

std::uint64_t Spool::let_go(const Item& item) {
  const auto rows = static_cast<std::int64_t>(item.chain->chain_rows);
  release(item.chain);
  acknowledge(frames_.front());
  frames_.pop_front();
  item.route->rows_held.fetch_sub(rows, std::memory_order_release);
  return 0;
}

// They stay on the disk. Of a chain that was delivered in part, the next process delivers all.
void Spool::leave(const Item& item, std::uint64_t rows_left) {
  item.route->rows_held.fetch_sub(static_cast<std::int64_t>(item.chain->chain_rows - rows_left),
                                  std::memory_order_release);
  release(item.chain);
}

}  // namespace weir::core
