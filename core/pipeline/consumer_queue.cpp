// Admission, the three policies, and waiting for room.
#include "core/pipeline/consumer_queue.hpp"

#include <algorithm>
#include <thread>

namespace weir::core {

namespace {

// For who was told of pressure to make room, before rows are dropped.
constexpr std::chrono::seconds kPatience{2};

}  // namespace

ConsumerQueue::ConsumerQueue(std::uint64_t bytes_max, WhenFull when_full)
    : bytes_max_(bytes_max),
      when_full_(when_full),
      ring_(static_cast<std::size_t>(std::min(bytes_max / kCellBytes + 2, kCellsMax))),
      cell_bytes_(bytes_max / (ring_.capacity() - 1) + 1) {}

ConsumerQueue::~ConsumerQueue() { drop_rest(); }

bool ConsumerQueue::reserve(std::uint64_t bytes) {
  std::uint64_t held = bytes_held_.load(std::memory_order_seq_cst);
  do {
    // A chain that alone exceeds the limit is let into an empty queue: it could never be
    // delivered otherwise, and its memory is there already.
    if (held != 0 && held + bytes > bytes_max_) return false;
    // Compare and swap, not add and take back: a sum that is too high for a moment would make
    // another producer wait for room that is there.
  } while (!bytes_held_.compare_exchange_weak(held, held + bytes, std::memory_order_seq_cst));
  return true;
}

void ConsumerQueue::on_pressure(std::function<void()> told) {
  pressure_ = std::move(told);
  makes_room_ = true;
  rearm();
  tells_.store(true, std::memory_order_release);
  tell_pressure();  // of what came before
}

void ConsumerQueue::tell_pressure() {
  if (tells_.load(std::memory_order_acquire) && pressed() &&
      pressure_armed_.exchange(false, std::memory_order_seq_cst)) {
    pressure_();
  }
}

void ConsumerQueue::unreserve(std::uint64_t bytes) {
  const std::uint64_t left = bytes_held_.fetch_sub(bytes, std::memory_order_seq_cst) - bytes;
  if (tells_.load(std::memory_order_relaxed) && !pressed())
    makes_room_.store(true, std::memory_order_relaxed);
  // Producers are woken when there is room for many chains, not for each: waking costs more than
  // a push. Who needs more than that quarter is woken again by every later call.
  if (left <= bytes_max_ - bytes_max_ / 4 && waiting_.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard lock(room_mutex_);
    room_.notify_all();
  }
}

void ConsumerQueue::admit(Batch* chain, Route& route) {
  // Held before visible: the consumer may finish it before this returns.
  route.rows_held.fetch_add(static_cast<std::int64_t>(chain->chain_rows),
                            std::memory_order_relaxed);
  if (ring_.push({chain, &route})) {
    waker_.wake();
    if (closed_.load(std::memory_order_seq_cst)) return forward_all();
    return tell_pressure();
  }
  // A cell is still being emptied by the thread that popped it, while its room was given back.
  route.rows_held.fetch_sub(static_cast<std::int64_t>(chain->chain_rows),
                            std::memory_order_relaxed);
  const std::uint64_t bytes = charge(*chain);
  drop(chain, route, DropReason::kQueueFullNewest);
  unreserve(bytes);
}

void ConsumerQueue::drop(Batch* chain, Route& route, DropReason reason) {
  const Item item{chain, &route};
  lose(item, reason, chain->chain_rows);
  done_with(item);
  release(chain);
}

// Drops the oldest chain in the ring; false when there is none.
bool ConsumerQueue::make_room() {
  Item oldest;
  if (!pop(oldest)) return false;
  lose(oldest, DropReason::kQueueFullOldest, oldest.chain->chain_rows);
  finish(oldest);
  return true;
}

void ConsumerQueue::push_reserved(Batch* chain, Route& route) {
  route.rows_offered.fetch_add(chain->chain_rows, std::memory_order_relaxed);
  admit(chain, route);
}

void ConsumerQueue::push(Batch* chain, Route& route, Wait wait, const std::atomic<bool>* gives_up) {
  if (Route* next = route.successor.load(std::memory_order_acquire)) {
    if (Receipt* receipt = chain->receipt) pass_on(*receipt, route, *next);
    return next->queue.push(chain, *next, wait, gives_up);
  }
  const std::uint64_t bytes = charge(*chain);
  if (reserve(bytes)) return push_reserved(chain, route);
  const bool blocks = when_full_ == WhenFull::kBlock;
  if (wait == Wait::kForRoom && (blocks || makes_room_.load(std::memory_order_relaxed))) {
    // While it waits it is the producer's: whoever adds the rows up finds no difference.
    if (wait_for_room(bytes, gives_up)) return push_reserved(chain, route);
    if (closed_.load(std::memory_order_seq_cst) && route.successor != nullptr) {
      return push(chain, route, wait, gives_up);
    }
    if (blocks) return refuse(chain, route, DropReason::kShutdown);
  }
  while (when_full_ == WhenFull::kDropOldest && make_room()) {
    if (reserve(bytes)) return push_reserved(chain, route);
  }
  refuse(chain, route, DropReason::kQueueFullNewest);
}

// Offered, and dropped.
void ConsumerQueue::refuse(Batch* chain, Route& route, DropReason reason) {
  route.rows_offered.fetch_add(chain->chain_rows, std::memory_order_relaxed);
  drop(chain, route, reason);
}

// False when there is none, and nobody waits any longer.
bool ConsumerQueue::wait_for_room(std::uint64_t bytes, const std::atomic<bool>* gives_up) {
  bool room = false;
  const auto decided = [&] {
    return (room = reserve(bytes)) || giving_up_.load(std::memory_order_seq_cst) ||
           (gives_up != nullptr && gives_up->load(std::memory_order_seq_cst));
  };
  std::unique_lock lock(room_mutex_);
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  if (when_full_ == WhenFull::kBlock) {
    room_.wait(lock, decided);
  } else {
    room_.wait_for(lock, kPatience, decided);
    makes_room_.store(room, std::memory_order_relaxed);
  }
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  return room;
}

std::uint64_t ConsumerQueue::let_go(const Item& item) {
  // After what came of it was counted, here and further down, and told: Pipeline::settle relies on
  // it.
  done_with(item);
  item.route->rows_held.fetch_sub(static_cast<std::int64_t>(item.chain->chain_rows),
                                  std::memory_order_release);
  const std::uint64_t bytes = charge(*item.chain);
  release(item.chain);
  return bytes;
}

void ConsumerQueue::leave(const Item& item, std::uint64_t rows_left) {
  lose(item, DropReason::kShutdown, rows_left);
  finish(item);
}

void ConsumerQueue::hand_on(const Item& item) {
  const std::uint64_t bytes = charge(*item.chain);
  done_with(item);
  release(item.chain);
  unreserve(bytes);
}

void ConsumerQueue::give_up() {
  giving_up_.store(true, std::memory_order_seq_cst);
  wake_producers();
}

void ConsumerQueue::wake_producers() {
  const std::lock_guard lock(room_mutex_);
  room_.notify_all();
}

// Whoever does not see it in time has its rows in the ring by now, or takes them out itself.
void ConsumerQueue::close() {
  closed_.store(true, std::memory_order_seq_cst);
  give_up();
  forward_all();
}

// One at a time: whoever returns from here has none of its own in somebody else's hands, nor behind
// an item that somebody is about to put there.
void ConsumerQueue::forward_all() {
  const std::lock_guard lock(forward_mutex_);
  const std::uint64_t pushes = ring_.pushes();
  for (;;) {
    for (Item item; pop(item);) forward(item);
    if (ring_.pops() >= pushes) return;
    std::this_thread::yield();
  }
}

void ConsumerQueue::forward(Item& item) {
  if (Route* next = item.route->successor.load(std::memory_order_acquire)) {
    next->queue.adopt(item, *this);
    return next->queue.force(item);
  }
  lose(item, DropReason::kShutdown, item.chain->chain_rows);
  finish(item);
}

void ConsumerQueue::ring_to_front() {
  const std::lock_guard lock(front_mutex_);
  has_front_.store(true, std::memory_order_seq_cst);
  for (Item item; ring_.pop(item);) front_.push_back(item);
  if (front_.empty()) has_front_.store(false, std::memory_order_seq_cst);
}

void ConsumerQueue::adopt(Item& item, ConsumerQueue& from) {
  bytes_held_.fetch_add(charge(*item.chain), std::memory_order_seq_cst);
  from.unreserve(from.charge(*item.chain));
  hand_over(item, *item.route->successor.load(std::memory_order_acquire));
}

bool ConsumerQueue::pop(Item& item) {
  if (has_front_.load(std::memory_order_acquire) && pop_front(item)) return true;
  if (!ring_.pop(item)) return false;
  if (!has_front_.load(std::memory_order_seq_cst)) return true;
  // What has come to the front since may be older than this one.
  {
    const std::lock_guard lock(front_mutex_);
    front_.push_back(item);
    has_front_.store(true, std::memory_order_seq_cst);
  }
  return pop_front(item);
}

bool ConsumerQueue::pop_front(Item& item) {
  const std::lock_guard lock(front_mutex_);
  if (front_.empty()) return false;
  item = front_.front();
  front_.pop_front();
  if (front_.empty()) has_front_.store(false, std::memory_order_seq_cst);
  return true;
}

// In front of the ring, once it is held and charged.
void ConsumerQueue::force(const Item& item) {
  {
    const std::lock_guard lock(front_mutex_);
    front_.push_back(item);
    has_front_.store(true, std::memory_order_seq_cst);
  }
  waker_.wake();
  if (closed_.load(std::memory_order_seq_cst)) return forward_all();
  tell_pressure();
}

void ConsumerQueue::drop_rest() {
  Item item;
  while (pop(item)) {
    lose(item, DropReason::kShutdown, item.chain->chain_rows);
    finish(item);
  }
}

}  // namespace weir::core
