// Ticks, alignment, overruns and stopping. Nothing here asserts how long a thing took.
#include "core/pipeline/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/pipeline/wall_clock.hpp"

namespace weir::core {
namespace {

using namespace std::chrono_literals;

template <class Condition>
void wait_for(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "waited in vain";
    std::this_thread::sleep_for(1ms);
  }
}

auto soon() { return std::chrono::steady_clock::now() + 60s; }

// One that hangs costs the pool a thread, which it is given again.
TEST(Scheduler, IsNotSilentWhileACollectionHangs) {
  Scheduler scheduler;
  CollectionCounts counts;
  std::atomic<bool> hangs{true};
  EXPECT_EQ(scheduler.silent_for(), 0ns);
  scheduler.add({"a", 10ms, 0ns,
                 [&](std::int64_t) {
                   while (hangs) std::this_thread::sleep_for(1ms);
                 },
                 &counts});
  scheduler.start();
  std::chrono::nanoseconds longest = 0ns;
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (std::chrono::steady_clock::now() < end) {
    longest = std::max(longest, scheduler.silent_for());
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_LT(longest, 10s);
  hangs = false;
  EXPECT_TRUE(scheduler.stop(soon()).empty());
  EXPECT_EQ(scheduler.silent_for(), 0ns);
}

TEST(Scheduler, FiresOnMultiplesOfTheInterval) {
  Scheduler scheduler;
  CollectionCounts counts;
  std::mutex mutex;
  std::vector<std::int64_t> times;
  scheduler.add({"a", 10ms, 0ns,
                 [&](std::int64_t time) {
                   const std::lock_guard lock(mutex);
                   times.push_back(time);
                 },
                 &counts});
  scheduler.start();
  wait_for([&] { return counts.collections >= 10; });
  EXPECT_TRUE(scheduler.stop(soon()).empty());
  ASSERT_GE(times.size(), 10u);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i] % 10'000'000, 0);
    if (i > 0) {
      EXPECT_GT(times[i], times[i - 1]) << "an instant is collected once";
    }
  }
  const auto ticks = (times.back() - times.front()) / 10'000'000 + 1;
  EXPECT_LE(times.size() + counts.missed, static_cast<std::uint64_t>(ticks) + 1);
  EXPECT_GE(times.size() + counts.missed, static_cast<std::uint64_t>(ticks));
}

// A minute on the source's clock is 10 ms here.
TEST(Scheduler, ASpeedMakesTheClockFaster) {
  Scheduler scheduler;
  CollectionCounts counts;
  std::mutex mutex;
  std::vector<std::int64_t> times;
  scheduler.add({"a", 60s, 0ns,
                 [&](std::int64_t time) {
                   const std::lock_guard lock(mutex);
                   times.push_back(time);
                 },
                 &counts, 6000});
  const std::int64_t begin = wall_now_ns();
  scheduler.start();
  wait_for([&] { return counts.collections >= 20; });
  EXPECT_TRUE(scheduler.stop(soon()).empty());
  const std::int64_t real = wall_now_ns() - begin;
  EXPECT_GT(times.front(), begin);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i] % 60'000'000'000, 0);
    if (i > 0) {
      EXPECT_GT(times[i], times[i - 1]);
    }
  }
  // Its clock cannot have run ahead of the speed.
  EXPECT_LE(times.back() - begin, 6000 * (real + 1'000'000'000));
  EXPECT_GE(times.back() - times.front(), 19 * 60'000'000'000);
}

TEST(Scheduler, JitterKeepsTheInstant) {
  Scheduler scheduler;
  CollectionCounts counts;
  std::atomic<std::int64_t> last{0};
  scheduler.add({"a", 5ms, 4ms, [&](std::int64_t time) { last = time; }, &counts});
  scheduler.start();
  wait_for([&] { return counts.collections >= 3; });
  scheduler.stop(soon());
  EXPECT_EQ(last % 5'000'000, 0);
}

// More sources that hang than the pool has threads; another still gets its turn.
TEST(Scheduler, AnOverrunDelaysNoOther) {
  Scheduler scheduler;
  std::atomic<bool> release{false};
  CollectionCounts stuck[5], quick;
  for (auto& c : stuck) {
    scheduler.add({"stuck", 10ms, 0ns,
                   [&](std::int64_t) {
                     while (!release) std::this_thread::sleep_for(1ms);
                   },
                   &c});
  }
  scheduler.add({"quick", 10ms, 0ns, [](std::int64_t) {}, &quick});
  scheduler.start();
  wait_for([&] {
    return std::all_of(std::begin(stuck), std::end(stuck),
                       [](const auto& c) { return c.overruns == 1; });
  });
  const std::uint64_t before = quick.collections;
  wait_for([&] { return quick.collections >= before + 10; });
  release = true;
  wait_for([&] {
    return std::all_of(std::begin(stuck), std::end(stuck),
                       [](const auto& c) { return c.collections >= 2 && c.missed >= 1; });
  });
  EXPECT_TRUE(scheduler.stop(soon()).empty());
}

TEST(Scheduler, NamesWhoHangsAtTheEnd) {
  auto scheduler = std::make_unique<Scheduler>();
  static CollectionCounts counts;
  static std::atomic<bool> entered{false}, release{false}, left{false};
  scheduler->add({"hanging", 10ms, 0ns,
                  [](std::int64_t) {
                    entered = true;
                    while (!release) std::this_thread::sleep_for(1ms);
                    left = true;
                  },
                  &counts});
  scheduler->start();
  wait_for([] { return entered.load(); });
  EXPECT_EQ(scheduler->stop(std::chrono::steady_clock::now()), std::vector<std::string>{"hanging"});
  release = true;
  wait_for([] { return left.load(); });
}

TEST(Scheduler, StopsBeforeItStarted) {
  Scheduler scheduler;
  EXPECT_TRUE(scheduler.stop(soon()).empty());
}

}  // namespace
}  // namespace weir::core
