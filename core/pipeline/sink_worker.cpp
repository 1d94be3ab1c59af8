// Delivery: batches are gathered, written, repeated with a growing pause, and accounted for.
#include <algorithm>
#include <cmath>

#include "core/pipeline/wall_clock.hpp"
#include "core/pipeline/worker.hpp"
#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

SinkWorker::SinkWorker(Host& host, Inbox& inbox, const weir_component_type& type, void* instance,
                       const WritePolicy& policy, deadletter::Writer* letters)
    : Worker(host, inbox),
      type_(type),
      instance_(instance),
      policy_(policy),
      letters_(letters),
      circuit_(policy.retry),
      random_(static_cast<std::minstd_rand::result_type>(
          SteadyClock::now().time_since_epoch().count())) {}

void SinkWorker::succeed(Worker& before, const Queues* queues) {
  Worker::succeed(before, queues);
  auto& other = static_cast<SinkWorker&>(before);  // in front of one inbox there are only sinks
  if (queues != nullptr && &inbox_ != static_cast<Inbox*>(&queues->now)) {
    return other.pass_on(queues->before);
  }
  pending_.swap(other.pending_);
  pending_rows_ = std::exchange(other.pending_rows_, 0);
  pending_bytes_ = std::exchange(other.pending_bytes_, 0);
  oldest_ = other.oldest_;
  if (queues == nullptr) return;
  for (Pending& p : pending_) queues->now.adopt(p.item, queues->before);
}

// To the front of the next queue, and so to the disk behind it. A chain that was delivered in part
// comes again as a whole.
void SinkWorker::pass_on(ConsumerQueue& queue) {
  for (Pending& p : pending_) {
    for (const Batch* b = p.item.chain; b != p.cursor; b = b->next) {
      p.item.route->rows_recovered.fetch_add(b->abi.rows, std::memory_order_relaxed);
    }
    queue.forward(p.item);
  }
  pending_.clear();
}

void SinkWorker::run() {
  while (mode() != Mode::kAbandon) {
    if (leaves()) return;
    if (batches_.empty()) {
      gather();
      if (due()) choose();
    }
    if (!batches_.empty()) {
      if (!write()) {
        // What a disk keeps need not be waited for.
        if (mode() == Mode::kDrain && inbox_.outlives()) break;
        pause(pause_);
      }
    } else if (pending_.empty() && mode() == Mode::kDrain) {
      return;
    } else {
      inbox_.sleep_until(pending_.empty() ? SteadyClock::time_point::max()
                                          : oldest_ + policy_.limits.delay_max);
    }
  }
  leave_pending();
}

// Takes what is in the queue, up to the limits of a write.
void SinkWorker::gather() {
  Item item;
  while (pending_rows_ < policy_.limits.rows_max && pending_bytes_ < policy_.limits.bytes_max &&
         inbox_.pop(item)) {
    if (pending_.empty()) oldest_ = SteadyClock::now();
    pending_.push_back({item, item.chain});
    pending_rows_ += item.chain->chain_rows;
    pending_bytes_ += item.chain->chain_bytes;
  }
}

bool SinkWorker::due() const {
  if (pending_.empty()) return false;
  // Also when a memory budget smaller than the batch is used up: no more will come.
  return pending_rows_ >= policy_.limits.rows_max || pending_bytes_ >= policy_.limits.bytes_max ||
         mode() != Mode::kRun || hurried() || policy_.limits.delay_max.count() == 0 ||
         inbox_.pressed() || SteadyClock::now() >= oldest_ + policy_.limits.delay_max;
}

// Fills batches_ from the front of pending_. A collection is not divided over two writes unless
// it alone is over the limits.
void SinkWorker::choose() {
  std::uint64_t rows = 0, bytes = 0;
  for (const Pending& p : pending_) {
    std::uint64_t item_rows = 0, item_bytes = 0;
    for (const Batch* b = p.cursor; b != nullptr; b = b->next) {
      item_rows += b->abi.rows;
      item_bytes += b->bytes;
    }
    const auto fits = [&](std::uint64_t more_rows, std::uint64_t more_bytes) {
      return batches_.empty() || (rows + more_rows <= policy_.limits.rows_max &&
                                  bytes + more_bytes <= policy_.limits.bytes_max);
    };
    if (!fits(item_rows, item_bytes)) return;
    for (const Batch* b = p.cursor; b != nullptr; b = b->next) {
      if (!fits(b->abi.rows, b->bytes)) return;
      batches_.push_back(&b->abi);
      rows += b->abi.rows;
      bytes += b->bytes;
    }
  }
}

bool SinkWorker::write() {
  CallError error;
  host_.rejections().clear();
  circuit_.begin();
  const auto begin = SteadyClock::now();
  host_.write_begins(begin + policy_.timeout);
  const auto count = static_cast<std::uint32_t>(batches_.size());
  const weir_status status =
      contained_call(error, [&] { return type_.write(instance_, batches_.data(), count, &error); });
  host_.write_ended();
  busy_ns.fetch_add(static_cast<std::uint64_t>((SteadyClock::now() - begin).count()),
                    std::memory_order_relaxed);
  calls.fetch_add(1, std::memory_order_relaxed);
  const bool lost = status == WEIR_OK && rejected_all();
  if (status != WEIR_OK || lost) {
    host_.trouble().set(lost ? host_.rejections().back().reason : error.text);
  }
  failing.store(status != WEIR_OK || lost, std::memory_order_relaxed);

  if (status != WEIR_OK && status != WEIR_REJECT) {
    failed(error.text);
    return false;
  }
  const std::uint32_t failures = circuit_.succeeded();
  if (status == WEIR_REJECT) {
    errors.fetch_add(1, std::memory_order_relaxed);
    log(WEIR_LOG_ERROR, id(), std::string("rows rejected for good: ") + error.text);
  } else if (failures != 0) {
    log(WEIR_LOG_INFO, id(), "writes again after " + std::to_string(failures) + " retries");
  }
  if (status == WEIR_REJECT || !host_.rejections().empty()) keep_rejected(status, error.text);
  settle(status);
  return true;
}

// Whether the write that ended well has kept nothing.
bool SinkWorker::rejected_all() const {
  std::uint64_t rows = 0, rejected = 0;
  for (const Host::Rejection& r : host_.rejections()) rejected += r.rows;
  if (rejected == 0) return false;
  for (const weir_batch* batch : batches_) rows += batch->rows;
  return rejected >= rows;
}

// Told at the first failure, and once more when it turns out to be no hiccup.
void SinkWorker::failed(const char* why) {
  retries.fetch_add(1, std::memory_order_relaxed);
  std::uniform_real_distribution<double> jitter(0.0, 1.0);
  pause_ = circuit_.failed(jitter(random_));
  if (circuit_.has_just_opened()) {
    log(WEIR_LOG_WARN, id(),
        "cannot write, " + std::to_string(circuit_.failures()) +
            " times in a row; the circuit is open, one write is tried now and then: " + why);
  } else if (circuit_.failures() == 1) {
    log(WEIR_LOG_WARN, id(), std::string("cannot write, will try again: ") + why);
  }
}

// Before anything is let go: from then on the dead letter is all that is left of these rows.
void SinkWorker::keep_rejected(weir_status outcome, const char* why) {
  for (const Host::Rejection& r : host_.rejections()) {
    log(WEIR_LOG_ERROR, id(),
        std::to_string(r.rows) + " rows of '" + r.batch->measurement->name +
            "' rejected for good: " + r.reason);
  }
  if (letters_ == nullptr) return;
  const std::int64_t now = wall_now_ns();
  std::size_t i = 0;
  for (const Pending& p : pending_) {
    for (const Batch* b = p.cursor; b != nullptr && i < batches_.size(); b = b->next, ++i) {
      const std::string& from = p.item.route->producer;
      if (outcome == WEIR_REJECT) letters_->add(b->abi, 0, b->abi.rows, from, why, now);
      for (const Host::Rejection& r : host_.rejections()) {
        if (outcome != WEIR_OK || r.batch != &b->abi) continue;
        letters_->add(b->abi, r.first_row, r.rows, from, r.reason, now);
      }
    }
  }
  if (const std::string failed = letters_->commit(); !failed.empty()) {
    log(WEIR_LOG_ERROR, id(), "rejected rows are not kept as dead letters: " + failed);
  }
}

// Accounts for every row of the write, and lets go of what is done with.
void SinkWorker::settle(weir_status outcome) {
  std::uint64_t bytes_done = 0;
  for (const weir_batch* batch : batches_) {
    Pending& front = pending_.front();
    std::uint64_t rejected = outcome == WEIR_REJECT ? batch->rows : 0;
    if (outcome == WEIR_OK) {
      for (const Host::Rejection& r : host_.rejections()) {
        if (r.batch == batch) rejected += r.rows;
      }
      rejected = std::min<std::uint64_t>(rejected, batch->rows);
    }
    Route& route = *front.item.route;
    route.rows_delivered.fetch_add(batch->rows - rejected, std::memory_order_relaxed);
    if (rejected != 0) route.dropped(DropReason::kRejected, rejected);
    front.cursor = front.cursor->next;
    if (front.cursor == nullptr) {
      pending_rows_ -= front.item.chain->chain_rows;
      pending_bytes_ -= front.item.chain->chain_bytes;
      bytes_done += inbox_.let_go(front.item);
      pending_.pop_front();
    }
  }
  inbox_.unreserve(bytes_done);
  batches_.clear();
  host_.rejections().clear();
}

void SinkWorker::leave_pending() {
  for (const Pending& p : pending_) {
    std::uint64_t rows = 0;
    for (const Batch* b = p.cursor; b != nullptr; b = b->next) rows += b->abi.rows;
    inbox_.leave(p.item, rows);
  }
  pending_.clear();
}

}  // namespace weir::core
