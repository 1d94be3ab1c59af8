// The thread that appends.
#include "core/pipeline/spool.hpp"

#include <pthread.h>

#include <algorithm>

#include "core/config/fnv.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using Appended = buffer::DiskBuffer::Appended;

// Of a group: what is synced as one.
constexpr std::size_t kGroupChainsMax = 512;
constexpr std::uint64_t kGroupBytesMax = 8u << 20;
// Between attempts while the buffer is full.
constexpr milliseconds kRoomPause{5};
// For a call of the disk that is under way at the end.
constexpr std::chrono::seconds kGrace{2};

// How the disk buffer knows a producer.
std::uint64_t origin_of(const std::string& producer) {
  Fnv hash;
  hash.text(producer);
  return hash.value();
}

}  // namespace

Spool::Spool(std::string id, Use use, const buffer::Options& options, ConsumerQueue& queue,
             Registry& registry, BatchPools& pools)
    : id_(std::move(id)),
      use_(use),
      bytes_max_(options.bytes_max),
      syncs_(options.sync != buffer::SyncPolicy::kNever),
      queue_(queue),
      stray_(kEarlier, id_, queue),
      replay_(registry, pools.here()) {}

void Spool::wake_appender() {
  if (use_ == Use::kAlways) return queue_.nudge();
  {
    const std::lock_guard lock(mutex_);
    pressed_ = true;
  }
  changed_.notify_all();
}

std::unique_ptr<Spool> Spool::open(const std::string& id, const std::string& folder, Use use,
                                   const buffer::Options& options, ConsumerQueue& queue,
                                   Registry& registry, BatchPools& pools, std::string& error) {
  auto directory = buffer::open_directory(folder, true, error);
  if (directory == nullptr) return nullptr;
  std::unique_ptr<Spool> spool(new Spool(id, use, options, queue, registry, pools));
  buffer::OpenReport report;
  spool->disk_ = buffer::DiskBuffer::open(std::move(directory), options, report, error);
  if (spool->disk_ == nullptr) return nullptr;
  for (const std::string& note : report.notes) log(WEIR_LOG_WARN, id, folder + ": " + note);
  spool->found_ = report.rows_held;
  spool->found_damaged_ = report.rows_damaged_of;
  spool->found_damaged_unknown_ = report.rows_damaged - buffer::total(report.rows_damaged_of);
  if (const std::uint64_t rows = buffer::total(report.rows_held); rows != 0) {
    log(WEIR_LOG_INFO, id, "goes on with " + std::to_string(rows) + " rows from " + folder);
  }
  // It is called from here on, also while there is no thread yet.
  queue.on_pressure([s = spool.get()] { s->wake_appender(); });
  return spool;
}

Spool::~Spool() {
  if (!thread_.joinable()) return;
  giving_up_.store(true);
  end_input();
  thread_.join();
}

void Spool::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("disk " + id_).substr(0, 15).c_str());
    use_ == Use::kAlways ? run() : run_overflow();
    if (disk_->sync_deadline()) sync();
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  });
}

std::unique_ptr<Route> Spool::adopt(const std::vector<Route*>& routes) {
  auto rest = std::make_unique<Route>(kEarlier, id_, queue_);
  for (Route* route : routes) routes_[origin_of(route->producer)] = route;
  for (const auto& [origin, rows] : found_) {
    Route* route = routes_.try_emplace(origin, rest.get()).first->second;
    route->rows_recovered.fetch_add(rows, std::memory_order_relaxed);
    route->rows_held.fetch_add(static_cast<std::int64_t>(rows), std::memory_order_relaxed);
  }
  const auto damaged = [](Route& route, std::uint64_t rows) {
    route.rows_recovered.fetch_add(rows, std::memory_order_relaxed);
    route.dropped(DropReason::kDamaged, rows);
  };
  for (const auto& [origin, rows] : found_damaged_) {
    damaged(*routes_.try_emplace(origin, rest.get()).first->second, rows);
  }
  damaged(*rest, found_damaged_unknown_);
  if (rest->rows_recovered == 0) return nullptr;
  return rest;
}

std::unique_ptr<Route> Spool::adopt(const std::vector<Route*>& routes, const HeldBefore& held,
                                    std::vector<Adopted>& adopted) {
  auto rest = std::make_unique<Route>(kEarlier, id_, queue_);
  for (Route* route : routes) routes_[origin_of(route->producer)] = route;
  std::map<Route*, std::int64_t> found{{rest.get(), 0}};
  for (const auto& [origin, route] : routes_) found[route] = 0;
  bool is_used = false;
  for (const auto& [origin, rows] : found_) {
    Route* route = routes_.try_emplace(origin, rest.get()).first->second;
    found[route] += static_cast<std::int64_t>(rows);
    is_used = is_used || route == rest.get();
  }
  const auto earlier = held.find(kEarlier);
  is_used = is_used || (earlier != held.end() && earlier->second != 0);
  for (const auto& [route, rows] : found) {
    if (route == rest.get() && !is_used) continue;
    const auto before = held.find(route->producer);
    adopted.push_back({route, rows, before == held.end() ? 0 : before->second});
    route->rows_held.fetch_add(rows - adopted.back().held, std::memory_order_relaxed);
  }
  return is_used ? std::move(rest) : nullptr;
}

// Rows are counted once: what is there and was not held (of chains that were delivered in part, all
// comes again) is recovered, and what is not there any more is damaged. Which is known only when
// who was late has moved on to the new queue: until then its rows count as held on the old one.
void Spool::Adopted::settle(std::int64_t held_in_the_end) const {
  route->rows_held.fetch_add(held - held_in_the_end, std::memory_order_relaxed);
  const std::int64_t more = found - held_in_the_end;
  if (more > 0) route->rows_recovered.fetch_add(static_cast<std::uint64_t>(more));
  if (more < 0) route->dropped(DropReason::kDamaged, static_cast<std::uint64_t>(-more));
}

void Spool::add_route(Route& route) {
  const std::lock_guard lock(routes_mutex_);
  routes_[origin_of(route.producer)] = &route;
}

void Spool::remove_route(const Route& route) {
  const std::lock_guard lock(routes_mutex_);
  std::erase_if(routes_, [&](const auto& item) { return item.second == &route; });
}

Route& Spool::route_of(std::uint64_t origin) const {
  const std::lock_guard lock(routes_mutex_);
  const auto found = routes_.find(origin);
  return found == routes_.end() ? stray_ : *found->second;
}

void Spool::dropped(const buffer::RowsByOrigin& rows, DropReason reason) {
  for (const auto& [origin, count] : rows) {
    Route& route = route_of(origin);
    route.dropped(reason, count);
    route.rows_held.fetch_sub(static_cast<std::int64_t>(count), std::memory_order_release);
  }
}

void Spool::end_input() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  queue_.nudge();
}

bool Spool::join_input(Steady::time_point deadline) {
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(mutex_);
    const auto ended = [this] { return finished_; };
    if (!changed_.wait_until(lock, deadline, ended)) {
      giving_up_.store(true);
      changed_.notify_all();
      // It waits for nothing but the disk now.
      if (!changed_.wait_for(lock, kGrace, ended)) {
        thread_.detach();
        return false;
      }
    }
  }
  thread_.join();
  return true;
}

void Spool::run() {
  for (;;) {
    if (gather()) {
      append_group();
      sync_when_due();
      continue;
    }
    if (is_ending()) break;
    sync_when_due();
    queue_.sleep_until(disk_->sync_deadline().value_or(Steady::time_point::max()));
  }
}

// Takes what is in the queue as the next group. False when there is nothing.
bool Spool::gather() {
  group_.clear();
  std::uint64_t bytes = 0;
  const auto pop = [this](Item& item) {
    if (use_ == Use::kAlways) return queue_.pop(item);
    const std::lock_guard lock(turn_);
    if (returned_.empty()) return queue_.pop(item);
    item = returned_.front();
    returned_.pop_front();
    return true;
  };
  Item item{};
  while (group_.size() < kGroupChainsMax && bytes < kGroupBytesMax && pop(item)) {
    bytes += item.chain->chain_bytes;
    group_.push_back(item);
  }
  if (group_.empty()) return false;
  lay_out_group();
  return true;
}

// group_ as the disk buffer takes it.
void Spool::lay_out_group() {
  batches_.resize(std::max(batches_.size(), group_.size()));
  chains_.clear();
  for (std::size_t i = 0; i < group_.size(); ++i) {
    batches_[i].clear();
    for (const Batch* b = group_[i].chain; b != nullptr; b = b->next) {
      batches_[i].push_back(&b->abi);
    }
    chains_.push_back({origin_of(group_[i].route->producer), batches_[i]});
  }
}

// All at once; or, where that does not go, one after the other.
void Spool::append_group() {
  const auto begin = Steady::now();
  if (!append(chains_, 0)) {
    for (std::size_t i = 0; i < chains_.size(); ++i) {
      const std::span<const buffer::Chain> one(&chains_[i], 1);
      while (!append(one, i) && make_room(i)) {
      }
      if (refused_ && i + 1 < chains_.size()) {
        // What follows may be smaller, and must not overtake it.
        give_back(i + 1, chains_.size() - i - 1);
        break;
      }
    }
  }
  last_append_ns.store(static_cast<std::uint64_t>((Steady::now() - begin).count()),
                       std::memory_order_relaxed);
}

// True when there is nothing more to be done for these: they are appended, or were dropped. False
// when the buffer is full.
bool Spool::append(std::span<const buffer::Chain> chains, std::size_t first) {
  std::string error;
  for (;;) {
    const Appended result = disk_->append(chains, Steady::now(), error);
    if (std::exchange(failing_, result == Appended::kFailed) && !failing_) {
      log(WEIR_LOG_INFO, id_, "the disk takes rows again");
    }
    switch (result) {
      case Appended::kOk:
        for (std::size_t i = 0; i < chains.size(); ++i) queue_.hand_on(group_[first + i]);
        starved_.store(false, std::memory_order_relaxed);
        appended_.store(true, std::memory_order_seq_cst);
        waker_.wake();
        return true;
      case Appended::kFull:
        if (!starved_.exchange(true)) nudge();
        return false;
      case Appended::kTooLarge:
        if (chains.size() > 1) return false;
        log(WEIR_LOG_ERROR, id_,
            "a collection is larger than the disk buffer; raise its max_size: dropped " +
                std::to_string(group_[first].chain->chain_rows) + " rows");
        drop(first, DropReason::kQueueFullNewest);
        return true;
      case Appended::kFailed:
        log(WEIR_LOG_ERROR, id_, "cannot put rows on the disk, will try again: " + error);
        if (use_ == Use::kOverflow && !is_ending()) {
          give_back(first, chains.size());
          return true;
        }
        if (pause(kFailurePause)) break;
        for (std::size_t i = 0; i < chains.size(); ++i) drop(first + i, DropReason::kShutdown);
        return true;
    }
  }
}

// True when it is to be tried again; false when the chain was dropped.
bool Spool::make_room(std::size_t index) {
  if (queue_.when_full() == WhenFull::kDropNewest) {
    drop(index, DropReason::kQueueFullNewest);
    return false;
  }
  if (queue_.when_full() == WhenFull::kDropOldest) {
    // Not what the sink has in its hands as well: it will have delivered that.
    const buffer::RowsByOrigin gone = disk_->drop_oldest(twins_end());
    dropped(gone, DropReason::kQueueFullOldest);
    if (!gone.empty()) return true;
  }
  if (pause(kRoomPause)) return true;
  drop(index, DropReason::kShutdown);
  return false;
}

void Spool::drop(std::size_t index, DropReason reason) {
  lose(group_[index], reason, group_[index].chain->chain_rows);
  queue_.finish(group_[index]);
}

bool Spool::is_ending() {
  const std::lock_guard lock(mutex_);
  return ending_;
}

// False when it is time to give up.
bool Spool::pause(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return giving_up_.load(); });
}

void Spool::sync() {
  std::string error;
  if (!disk_->sync(Steady::now(), error)) {
    log(WEIR_LOG_ERROR, id_, "rows may not survive a loss of power: " + error);
  }
}

void Spool::sync_when_due() {
  const auto deadline = disk_->sync_deadline();
  if (deadline && *deadline <= Steady::now()) sync();
}

}  // namespace weir::core
