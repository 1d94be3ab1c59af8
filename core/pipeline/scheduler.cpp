// Boost.Asio timers and a pool that grows by one for every collection that overruns.
#include "core/pipeline/scheduler.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "core/pipeline/wall_clock.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

using std::chrono::nanoseconds;
using Steady = std::chrono::steady_clock;

constexpr int kThreads = 2;
// The wall clock may drift from the monotonic one by this much between two ticks before it
// counts as a jump.
constexpr nanoseconds kJump = std::chrono::milliseconds(500);
// Where a clock that is faster than time stops, well before its nanoseconds overflow: 2200.
constexpr std::int64_t kEndOfTime = 7'258'118'400'000'000'000;
// How often it is looked for overruns: as often as the shortest interval, within these.
constexpr nanoseconds kSuperviseMin = std::chrono::milliseconds(50);
constexpr nanoseconds kSuperviseMax = std::chrono::seconds(1);
constexpr nanoseconds kPoll = std::chrono::milliseconds(2);

}  // namespace

struct Scheduler::Impl : std::enable_shared_from_this<Impl> {
  struct Source {
    Source(boost::asio::io_context& io, Task t) : task(std::move(t)), tick(io) {}
    // The source's own clock: that on the wall, unless it has a speed.
    std::int64_t now_ns() const {
      if (task.speed == 1) return wall_now_ns();
      const auto since = static_cast<double>((Steady::now() - begin_steady).count());
      const double ahead = std::min(since * task.speed, static_cast<double>(kEndOfTime - begin_ns));
      return begin_ns + static_cast<std::int64_t>(ahead);
    }
    // How long a span on that clock takes.
    nanoseconds lasts(std::int64_t span_ns) const {
      if (task.speed == 1) return nanoseconds(span_ns);
      return nanoseconds(static_cast<std::int64_t>(static_cast<double>(span_ns) / task.speed));
    }

    Task task;
    std::int64_t begin_ns = wall_now_ns();
    Steady::time_point begin_steady = Steady::now();
    boost::asio::steady_timer tick;
    std::int64_t number = 0;  // of the tick that is waited for: its time over the interval
    std::int64_t at_ns = 0;   // its clock and the monotonic one when that wait began
    Steady::time_point steady;
    // Under mutex.
    bool collecting = false;
    bool held = false;     // it may not begin to collect
    bool removed = false;  // nor ever again
    bool overrunning = false;
    bool replaced = false;  // the pool has another thread for as long
    Steady::time_point began;
  };

  boost::asio::io_context io{kThreads};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::vector<std::shared_ptr<Source>> sources;  // under mutex
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> jumps{0};
  std::atomic<std::int64_t> asked_ns{0};  // steady clock; 0: the pool has answered

  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;  // pool threads
  int wanted = 0;   // how many there should be
  int usual = 0;    // while no collection overruns
  std::thread supervisor;

  // Under mutex. Threads are not joined but counted: one that overran may go at any time. False
  // when the system gives no thread.
  bool spawn() {
    try {
      std::thread([self = shared_from_this()] {
        pthread_setname_np(pthread_self(), "weir-sched");
        self->run();
      }).detach();
    } catch (const std::system_error& e) {
      log(WEIR_LOG_ERROR, "", std::string("no thread for the scheduler: ") + e.what());
      return false;
    }
    ++running;
    return true;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (running <= wanted) {
      lock.unlock();
      const std::size_t handled = io.run_one();
      lock.lock();
      if (handled == 0) break;
    }
    --running;
    changed.notify_all();
  }

  // Under mutex, as `wait`: a timer is no object for several threads.
  void arm(const std::shared_ptr<Source>& source) {
    Source& s = *source;
    const std::int64_t interval = s.task.interval.count();
    s.at_ns = s.now_ns();
    s.steady = Steady::now();
    s.number = (s.at_ns - s.task.jitter.count()) / interval + 1;
    wait(source);
  }

  void wait(const std::shared_ptr<Source>& source) {
    Source& s = *source;
    if (s.removed) return;
    const std::int64_t due_ns = s.number * s.task.interval.count() + s.task.jitter.count();
    if (due_ns > kEndOfTime) {
      return log(WEIR_LOG_WARN, s.task.id, "its clock has come to the year 2200; it ends here");
    }
    s.tick.expires_at(s.steady + s.lasts(due_ns - s.at_ns));
    // Pool threads own the Impl; a handler that did would keep it for ever.
    s.tick.async_wait([this, source](const boost::system::error_code& error) {
      if (!error && !stopping.load()) fire(source);
    });
  }

  void fire(const std::shared_ptr<Source>& source) {
    Source& s = *source;
    const std::int64_t interval = s.task.interval.count();
    const nanoseconds drift = nanoseconds(s.now_ns() - s.at_ns) - (Steady::now() - s.steady);
    if (s.task.speed == 1 && (drift > kJump || drift < -kJump)) {
      jumps.fetch_add(1, std::memory_order_relaxed);
      log(WEIR_LOG_WARN, s.task.id,
          "the wall clock jumped by " +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(drift).count()) +
              " ms; collections are aligned to it anew");
      const std::lock_guard lock(mutex);
      return arm(source);
    }

    if (may_collect(s)) collect(s);

    const std::int64_t done = s.number;
    s.at_ns = s.now_ns();
    s.steady = Steady::now();
    s.number = std::max(done, (s.at_ns - s.task.jitter.count()) / interval) + 1;
    // A clock set back during the collection must not stop this source for as long.
    s.number = std::min(s.number, (s.at_ns - s.task.jitter.count()) / interval + 2);
    if (s.number > done + 1) {
      s.task.counts->missed.fetch_add(static_cast<std::uint64_t>(s.number - done - 1),
                                      std::memory_order_relaxed);
    }
    const std::lock_guard lock(mutex);
    wait(source);
  }

  bool may_collect(Source& s) {
    const std::lock_guard lock(mutex);
    if (s.held || s.removed) return false;
    s.collecting = true;
    s.began = Steady::now();
    s.task.counts->began_ns.store(s.began.time_since_epoch().count(), std::memory_order_relaxed);
    return true;
  }

  void collect(Source& s) {
    const auto begin = s.began;
    s.task.collect(s.number * s.task.interval.count());
    const auto took = static_cast<std::uint64_t>((Steady::now() - begin).count());
    CollectionCounts& counts = *s.task.counts;
    counts.began_ns.store(0, std::memory_order_release);
    counts.collections.fetch_add(1, std::memory_order_relaxed);
    counts.busy_ns.fetch_add(took, std::memory_order_relaxed);
    counts.last_ns.store(took, std::memory_order_relaxed);

    const std::lock_guard lock(mutex);
    s.collecting = false;
    s.overrunning = false;
    if (std::exchange(s.replaced, false)) --wanted;  // whichever thread is free next goes
  }

  // Under mutex. One source needs no second thread: handing its ticks over would cost more than
  // they do.
  void grow() {
    const int threads = std::clamp(static_cast<int>(sources.size()), 1, kThreads);
    if (threads > usual) wanted += threads - std::exchange(usual, threads);
    while (running < wanted && spawn()) {
    }
  }

  // A thread of its own, since those of the pool may all be stuck. Gives the pool another thread
  // for each collection that lasts longer than the shortest interval, so that a slow source with
  // a long one delays no quick source; tells of those that last longer than their own. And asks the
  // pool every second whether it still works.
  void supervise() {
    std::unique_lock lock(mutex);
    Steady::time_point asked{};
    const auto shortest = [this] {
      nanoseconds period = kSuperviseMax;
      for (const auto& s : sources) period = std::min(period, s->lasts(s->task.interval.count()));
      return std::max(period, kSuperviseMin);
    };
    for (;;) {
      const nanoseconds period = shortest();
      if (changed.wait_for(lock, period, [this] { return stopping.load(); })) return;
      const auto now = Steady::now();
      if (asked_ns.load() == 0 && now - asked >= kSuperviseMax) {
        asked = now;
        asked_ns.store(now.time_since_epoch().count());
        boost::asio::post(io, [this] { asked_ns.store(0); });
      }
      for (const auto& s : sources) {
        if (!s->collecting) continue;
        if (!s->replaced && now - s->began >= period && spawn()) {
          s->replaced = true;
          ++wanted;
        }
        if (s->overrunning || now - s->began < s->lasts(s->task.interval.count())) continue;
        s->overrunning = true;
        s->task.counts->overruns.fetch_add(1, std::memory_order_relaxed);
        log(WEIR_LOG_WARN, s->task.id,
            "a collection takes longer than the interval; ticks are missed until it returns");
      }
    }
  }
};

Scheduler::Scheduler() : impl_(std::make_shared<Impl>()) {}

Scheduler::~Scheduler() {
  if (impl_->stopping.load()) return;
  stop(Steady::now() + std::chrono::hours(24));
}

void Scheduler::add(Task task) {
  const std::lock_guard lock(impl_->mutex);
  impl_->sources.push_back(std::make_shared<Impl::Source>(impl_->io, std::move(task)));
  if (!impl_->supervisor.joinable()) return;  // `start` does the rest
  impl_->arm(impl_->sources.back());
  impl_->grow();
}

void Scheduler::forget(const std::string& id) {
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->sources, [&](const auto& s) {
    if (s->task.id != id) return false;
    s->removed = true;
    s->tick.cancel();
    return true;
  });
}

bool Scheduler::remove(const std::string& id, const std::function<bool()>& go_on) {
  std::unique_lock lock(impl_->mutex);
  auto& sources = impl_->sources;
  const auto found =
      std::find_if(sources.begin(), sources.end(), [&](const auto& s) { return s->task.id == id; });
  if (found == sources.end()) return true;
  Impl::Source& s = **found;
  s.held = true;
  while (s.collecting) {
    lock.unlock();
    if (!go_on()) {
      lock.lock();
      s.held = false;
      return false;
    }
    std::this_thread::sleep_for(kPoll);
    lock.lock();
  }
  lock.unlock();
  forget(id);
  return true;
}

void Scheduler::start() {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& s : impl_->sources) impl_->arm(s);
  impl_->grow();
  if (impl_->running == 0) throw std::runtime_error("no thread for the scheduler");
  impl_->supervisor = std::thread([impl = impl_] {
    pthread_setname_np(pthread_self(), "weir-supervise");
    impl->supervise();
  });
}

std::vector<std::string> Scheduler::stop(Steady::time_point deadline) {
  std::vector<std::string> hanging;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping.store(true);
    impl_->changed.notify_all();
  }
  if (impl_->supervisor.joinable()) impl_->supervisor.join();
  impl_->work.reset();
  impl_->io.stop();
  std::unique_lock lock(impl_->mutex);
  if (impl_->changed.wait_until(lock, deadline, [&] { return impl_->running == 0; })) return {};
  for (const auto& s : impl_->sources) {
    if (s->collecting) hanging.push_back(s->task.id);
  }
  if (hanging.empty()) hanging.emplace_back("scheduler");
  return hanging;
}

nanoseconds Scheduler::silent_for() const {
  const std::int64_t asked = impl_->asked_ns.load();
  if (asked == 0 || impl_->stopping.load()) return nanoseconds(0);
  return Steady::now().time_since_epoch() - nanoseconds(asked);
}

std::uint64_t Scheduler::clock_jumps() const { return impl_->jumps.load(); }

}  // namespace weir::core
