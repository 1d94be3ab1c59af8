// The threads of consumers in general, and those of processors.
#include "core/pipeline/worker.hpp"

#include <pthread.h>

#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

void Worker::end() {
  if (!thread_.joinable()) return;
  abandon();
  thread_.join();
}

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), id().substr(0, 15).c_str());
    run();
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  });
}

void Worker::advance(Mode mode) {
  {
    const std::lock_guard lock(mutex_);
    if (mode_.load() < mode) mode_.store(mode, std::memory_order_seq_cst);
    changed_.notify_all();
  }
  inbox_.nudge();
}

bool Worker::stay() {
  const std::lock_guard lock(mutex_);
  if (left_ || finished_) return false;
  Mode leaving = Mode::kLeave;
  mode_.compare_exchange_strong(leaving, Mode::kRun, std::memory_order_seq_cst);
  return true;
}

bool Worker::leaves() {
  if (mode() != Mode::kLeave) return false;
  const std::lock_guard lock(mutex_);
  left_ = mode() == Mode::kLeave;
  return left_;
}

void Worker::succeed(Worker& before, const Queues*) {
  calls.store(before.calls);
  retries.store(before.retries);
  errors.store(before.errors);
  busy_ns.store(before.busy_ns);
}

bool Worker::join_until(SteadyClock::time_point deadline) {
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [this] { return finished_; })) return false;
  }
  thread_.join();
  return true;
}

void Worker::pause(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  const Mode before = mode_.load();
  // Who is asked to leave during the call before does not wait, either.
  changed_.wait_for(lock, duration,
                    [&] { return mode_.load() != before || mode_.load() == Mode::kLeave; });
}

void ProcessorWorker::succeed(Worker& before, const Queues* queues) {
  Worker::succeed(before, queues);
  inherited_.swap(static_cast<ProcessorWorker&>(before).inherited_);
  if (queues == nullptr) return;
  for (Item& item : inherited_) queues->now.adopt(item, queues->before);
}

void ProcessorWorker::leave_rest() {
  for (const Item& item : inherited_) {
    lose(item, DropReason::kShutdown, item.chain->chain_rows);
    queue_.finish(item);
  }
  inherited_.clear();
}

// What was inherited is older than what is in the queue.
bool ProcessorWorker::next(Item& item) {
  if (inherited_.empty()) return queue_.pop(item);
  item = inherited_.front();
  inherited_.pop_front();
  return true;
}

void ProcessorWorker::run() {
  while (mode() != Mode::kAbandon) {
    if (leaves()) return;
    Item item;
    if (next(item)) {
      process(item);
    } else if (mode() == Mode::kDrain) {
      return;
    } else {
      queue_.sleep_until(SteadyClock::time_point::max());
    }
  }
  leave_rest();
}

void ProcessorWorker::process(const Item& item) {
  {
    Host::Staging staging(host_, item.chain->receipt);
    for (Batch* b = item.chain; b != nullptr; b = b->next) {
      CallError error;
      const auto begin = SteadyClock::now();
      host_.call_begins(begin, limit_);
      const weir_status status =
          contained_call(error, [&] { return type_.process(instance_, &b->abi, &error); });
      host_.call_ended();
      busy_ns.fetch_add(static_cast<std::uint64_t>((SteadyClock::now() - begin).count()),
                        std::memory_order_relaxed);
      calls.fetch_add(1, std::memory_order_relaxed);
      if (status != WEIR_OK) host_.trouble().set(error.text);
      failing.store(status != WEIR_OK, std::memory_order_relaxed);
      if (status == WEIR_OK) {
        item.route->rows_delivered.fetch_add(b->abi.rows, std::memory_order_relaxed);
      } else {
        errors.fetch_add(1, std::memory_order_relaxed);
        item.route->dropped(DropReason::kConsumerFailed, b->abi.rows);
        log(WEIR_LOG_ERROR, id(),
            "cannot process rows of '" + std::string(b->abi.measurement->name) + "', they are " +
                "dropped: " + error.text);
      }
    }
  }
  queue_.finish(item);
}

}  // namespace weir::core
