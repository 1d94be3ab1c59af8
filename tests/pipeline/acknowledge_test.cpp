// A source learns what became of its rows: once for each emit, and not before the sinks that count
// are done with them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

using Answer = SinkLedger::Answer;

// What a source was told.
struct Told {
  std::mutex mutex;
  std::set<std::uint64_t> delivered, lost;
  std::uint64_t twice = 0;

  void operator()(std::uint64_t number, weir_outcome outcome) {
    const std::lock_guard lock(mutex);
    const bool known = delivered.contains(number) || lost.contains(number);
    twice += known ? 1 : 0;
    (outcome == WEIR_DELIVERED ? delivered : lost).insert(number);
  }
  std::size_t size() {
    const std::lock_guard lock(mutex);
    return delivered.size() + lost.size();
  }
};

constexpr std::uint64_t kRows = 20'000 / kScale;

TEST(Acknowledge, IsToldOnceAndOnlyWhenEverySinkHasTheRows) {
  Harness h;
  Told told;
  std::atomic<std::uint64_t> early{0};
  auto& source = h.source("s", kRows, 10);
  h.copier("p", {"s"});
  auto& slow = h.sink("slow", {"s"});
  slow.answer = [](std::uint64_t call) { return call % 4 == 0 ? Answer::kRetry : Answer::kOk; };
  auto& behind = h.sink("behind", {"p"});
  // Of the copier's rows every thousandth batch is lost to its failures, which are counted.
  source.settled = [&](std::uint64_t number, weir_outcome outcome) {
    early += slow.rows < number ? 1 : 0;
    told(number, outcome);
  };
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_EQ(told.delivered.size(), kRows / 10);
  EXPECT_EQ(told.lost.size(), 0u);
  EXPECT_EQ(told.twice, 0u);
  EXPECT_EQ(early, 0u);
  EXPECT_GT(behind.rows, 0u);
}

TEST(Acknowledge, WaitsForNoSinkThatIsNotRequired) {
  Harness h;
  Told told;
  std::atomic<bool> hang{true};
  h.source("s", 1000, 10).settled = std::ref(told);
  h.sink("needed", {"s"});
  h.sink("spare", {"s"}).before = [&](std::uint64_t) {
    while (hang) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  h.component("spare").consumer.required = false;
  h.component("spare").consumer.buffer.max_size = Bytes{16u << 20};
  h.start();
  while (told.size() < 100) std::this_thread::yield();
  EXPECT_EQ(told.delivered.size(), 100u);
  EXPECT_EQ(h.sink("spare").rows, 0u);
  hang = false;
  h.pipeline().stop();
  h.expect_conservation();
}

TEST(Acknowledge, WhereNoSinkIsRequiredAllCount) {
  Harness h;
  Told told;
  std::atomic<bool> hang{true};
  h.source("s", 100, 10).settled = std::ref(told);
  h.sink("a", {"s"});
  h.sink("b", {"s"}).before = [&](std::uint64_t) {
    while (hang) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  h.component("a").consumer.required = h.component("b").consumer.required = false;
  h.start();
  while (h.sink("a").rows < 100) std::this_thread::yield();
  EXPECT_EQ(told.size(), 0u);
  hang = false;
  h.wait_for_empty_routes();
  EXPECT_EQ(told.delivered.size(), 10u);
  h.pipeline().stop();
}

TEST(Acknowledge, RowsThatFindNoRoomAreLost) {
  Harness h;
  Told told;
  std::atomic<bool> hang{true};
  h.source("s", 20'000, 10).settled = std::ref(told);
  h.sink("k", {"s"}, config::WhenFull::kDropNewest).before = [&](std::uint64_t) {
    while (hang) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  h.start();
  h.wait_for_sources();
  hang = false;
  h.wait_for_empty_routes();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_GT(told.lost.size(), 0u);
  EXPECT_EQ(told.lost.size() * 10, dropped(h.route("s", "k"), DropReason::kQueueFullNewest));
  EXPECT_EQ(told.delivered.size() * 10, h.sink("k").rows);
  EXPECT_EQ(told.twice, 0u);
}

TEST(Acknowledge, WhatIsLeftAtTheEndIsLost) {
  Harness h;
  Told told;
  h.source("s", 1000, 10).settled = std::ref(told);
  h.sink("k", {"s"}).answer = [](std::uint64_t) { return Answer::kRetry; };
  h.agent().shutdown_timeout = std::chrono::milliseconds(100);
  h.start();
  h.wait_for_sources();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_EQ(told.lost.size(), 100u);
  EXPECT_EQ(told.delivered.size(), 0u);
}

TEST(Acknowledge, WhatTheDiskHasIsDelivered) {
  Harness h;
  Told told;
  std::string folder = ::testing::TempDir() + "weir-acknowledge-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  h.agent().data_dir = folder;
  h.source("s", 1000, 10).settled = std::ref(told);
  h.sink("k", {"s"}).answer = [](std::uint64_t) { return Answer::kRetry; };
  h.component("k").consumer.buffer.type = config::BufferType::kDisk;
  h.component("k").consumer.buffer.max_size = Bytes{64u << 20};
  h.start();
  while (told.size() < 100) std::this_thread::yield();
  EXPECT_EQ(told.delivered.size(), 100u);
  EXPECT_EQ(h.sink("k").rows, 0u);
  h.pipeline().stop();
  h.expect_conservation();
  std::filesystem::remove_all(folder);
}

TEST(Acknowledge, RejectedRowsNeedNotComeAgain) {
  Harness h;
  Told told;
  h.source("s", 1000, 10).settled = std::ref(told);
  h.sink("k", {"s"}).answer = [](std::uint64_t) { return Answer::kReject; };
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  h.pipeline().stop();
  EXPECT_EQ(told.delivered.size(), 100u);
}

TEST(Acknowledge, WhereNothingListensRowsAreDeliveredAtOnce) {
  Harness h;
  Told told;
  h.source("s", 100, 10).settled = std::ref(told);
  h.start();
  h.wait_for_sources();
  h.pipeline().stop();
  EXPECT_EQ(told.delivered.size(), 10u);
}

}  // namespace
}  // namespace weir::core
