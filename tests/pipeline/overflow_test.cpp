// The disk as the overflow of memory: used only when memory is not enough, in order, and complete
// from one process to the next.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

using Answer = SinkLedger::Answer;
using std::chrono::milliseconds;

constexpr std::uint64_t kRows = 200'000 / kScale;

std::uint64_t sum(std::uint64_t n) { return n * (n + 1) / 2; }

// Of ascending numbers out of 1 to kRows: how many there are from 1 on, and up to kRows, with none
// missing between them.
std::size_t oldest_in_a_row(const std::vector<std::uint64_t>& numbers) {
  std::size_t count = 0;
  while (count < numbers.size() && numbers[count] == count + 1) ++count;
  return count;
}
std::size_t newest_in_a_row(const std::vector<std::uint64_t>& numbers) {
  std::size_t count = 0;
  while (count < numbers.size() && numbers[numbers.size() - 1 - count] == kRows - count) ++count;
  return count;
}

class Overflow : public ::testing::Test {
 protected:
  Overflow() {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Overflow() override { std::filesystem::remove_all(folder_); }

  void place(Harness& h) { h.agent().data_dir = folder_; }
  static void overflows(Harness& h, const std::string& id, std::uint64_t memory = 256u << 10) {
    config::BufferOptions& buffer = h.component(id).consumer.buffer;
    buffer.type = config::BufferType::kOverflow;
    buffer.memory = Bytes{memory};
    buffer.max_size = Bytes{256u << 20};
    h.component(id).sink.batch.max_rows = 500;
  }
  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.path().extension() == ".segment") bytes += entry.file_size();
    }
    return bytes;
  }

  std::string folder_ = ::testing::TempDir() + "weir_overflow_XXXXXX";
};

TEST_F(Overflow, UsesNoDiskWhileTheSinkKeepsUp) {
  Harness h;
  place(h);
  h.source("s", kRows, 10);
  h.sink("k", {"s"});
  overflows(h, "k", 1u << 30);
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  EXPECT_EQ(bytes_on_disk(), 0u);
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, sum(kRows));
}

TEST_F(Overflow, TakesWhatADeadSinkLeavesAndGivesItBackInOrder) {
  for (const auto policy : {config::WhenFull::kDropOldest, config::WhenFull::kDropNewest}) {
    Harness h;
    place(h);
    std::atomic<bool> dead{true};
    h.source("s", kRows, 10);
    h.sink("k", {"s"}, policy).answer = [&](std::uint64_t) {
      return dead ? Answer::kRetry : Answer::kOk;
    };
    overflows(h, "k");
    h.start();
    h.wait_for_sources();
    EXPECT_GT(bytes_on_disk(), 0u);
    EXPECT_LE(h.route("s", "k").queue.bytes_held(), 256u << 10);
    dead = false;
    h.wait_for_empty_routes();
    EXPECT_TRUE(h.pipeline().stop());
    h.expect_conservation();
    EXPECT_EQ(h.sink("k").rows, kRows) << "none is dropped while the disk has room";
    EXPECT_EQ(h.sink("k").sum, sum(kRows));
    EXPECT_EQ(h.sink("k").disorder, 0u);
  }
}

// A disk that everything goes over, behind a memory that is soon full.
TEST_F(Overflow, ADiskThatIsSlowerThanItsSourceIsWaitedFor) {
  for (const auto policy : {config::WhenFull::kDropOldest, config::WhenFull::kDropNewest}) {
    Harness h;
    place(h);
    h.source("s", 5 * kRows, 10);
    h.sink("k", {"s"}, policy);
    auto& buffer = h.component("k").consumer.buffer;
    buffer.type = config::BufferType::kDisk;
    buffer.sync = config::Sync::kAlways;
    buffer.max_size = Bytes{1u << 30};
    h.start();
    h.wait_for_sources();
    h.wait_for_empty_routes();
    EXPECT_TRUE(h.pipeline().stop());
    h.expect_conservation();
    EXPECT_EQ(h.sink("k").rows, 5 * kRows) << "none is dropped while the disk has room";
    EXPECT_EQ(h.sink("k").disorder, 0u);
  }
}

TEST_F(Overflow, GoesBackAndForth) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Harness h;
  place(h);
  std::mt19937 random(seed);
  h.source("s", 5 * kRows, 10);
  h.source("t", 5 * kRows, 1);
  auto& sink = h.sink("k", {"s", "t"});
  sink.before = [&](std::uint64_t) {
    if (random() % 64 == 0) std::this_thread::sleep_for(milliseconds(random() % 20));
  };
  sink.answer = [&](std::uint64_t) { return random() % 8 == 0 ? Answer::kRetry : Answer::kOk; };
  overflows(h, "k");
  h.component("k").sink.batch.max_rows = 5000;
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, 2 * sum(5 * kRows));
  EXPECT_EQ(h.sink("k").disorder, 0u);
}

TEST_F(Overflow, WhatIsInMemoryAtTheEndIsOnTheDiskBeforeWhatFollows) {
  // Little, so that it waits in memory; much, so that the disk has newer rows than the sink.
  for (const std::uint64_t rows : {std::uint64_t{200}, kRows}) {
    std::uint64_t held = 0;
    for (const bool first : {true, false}) {
      Harness h;
      place(h);
      h.agent().shutdown_timeout = milliseconds(first ? 200 : 60'000);
      h.source("s", first ? rows : 0, 10);
      h.sink("k", {"s"}).answer = [&](std::uint64_t) {
        return first ? Answer::kRetry : Answer::kOk;
      };
      overflows(h, "k");
      h.start();
      h.wait_for_sources();
      if (!first) h.wait_for_empty_routes();
      EXPECT_TRUE(h.pipeline().stop());
      h.expect_conservation();
      if (first) {
        held = static_cast<std::uint64_t>(h.route("s", "k").rows_held.load());
        EXPECT_EQ(held, rows);
      } else {
        EXPECT_EQ(h.route("s", "k").rows_recovered, held);
        EXPECT_EQ(h.sink("k").sum, sum(rows));
        EXPECT_EQ(h.sink("k").rows, rows);
        EXPECT_EQ(h.sink("k").disorder, 0u);
      }
    }
  }
}

// A sink that hangs in a write has rows from memory in its hands while newer ones go to the disk:
// they are there too, once, and come once from this process.
TEST_F(Overflow, RowsThatAHangingSinkHasAreDeliveredOnce) {
  Harness h;
  place(h);
  std::atomic<bool> hang{true};
  h.source("s", kRows, 10);
  h.sink("k", {"s"}).before = [&](std::uint64_t) {
    while (hang) std::this_thread::sleep_for(milliseconds(1));
  };
  overflows(h, "k");
  h.start();
  h.wait_for_sources();
  EXPECT_EQ(h.sink("k").rows, 0u);
  hang = false;
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, sum(kRows));
  EXPECT_EQ(h.sink("k").disorder, 0u);
}

TEST_F(Overflow, HoldsTheLawWhenTheDiskIsFullToo) {
  for (const auto policy : {config::WhenFull::kDropOldest, config::WhenFull::kDropNewest}) {
    Harness h;
    place(h);
    std::atomic<bool> dead{true}, built{false};
    // At a pace that the disk can follow, so that it decides which rows are dropped.
    h.source("s", kRows, 10).before = [&](std::uint64_t emitted) {
      if (emitted % 500 != 0) return;
      poll("the appender", [&] { return built && !h.route("s", "k").queue.pressed(); });
    };
    h.sink("k", {"s"}, policy).answer = [&](std::uint64_t) {
      return dead ? Answer::kRetry : Answer::kOk;
    };
    std::vector<std::uint64_t> got;  // numbers, from 1 to kRows
    h.sink("k").got = [&](std::uint64_t number) { got.push_back(number); };
    overflows(h, "k");
    h.component("k").consumer.buffer.max_size = Bytes{128u << 10};
    h.start();
    built = true;
    h.wait_for_sources();
    dead = false;
    h.wait_for_empty_routes();
    EXPECT_TRUE(h.pipeline().stop());
    h.expect_conservation();
    const Route& r = h.route("s", "k");
    EXPECT_GT(dropped(r, DropReason::kQueueFullOldest) + dropped(r, DropReason::kQueueFullNewest),
              0u);
    EXPECT_EQ(h.sink("k").disorder, 0u);
    // Which rows are left is what the policy is about. At any pace the sink has up to 3000 of the
    // oldest in its hands, half of the memory, and the disk has room for 3800 more.
    if (policy == config::WhenFull::kDropOldest) {
      EXPECT_LT(oldest_in_a_row(got), 3500u);
      EXPECT_GT(newest_in_a_row(got), 1000u);
    } else {
      EXPECT_GT(oldest_in_a_row(got), 3500u);
    }
  }
}

// A disk that was full has room again while the sink is still dead and producers wait.
TEST_F(Overflow, AsksADiskThatRefusedAgain) {
  Harness h;
  place(h);
  std::atomic<bool> dead{true};
  auto& source = h.source("s", 5 * kRows, 10);
  h.sink("k", {"s"}).answer = [&](std::uint64_t) { return dead ? Answer::kRetry : Answer::kOk; };
  overflows(h, "k");
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit usual {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const struct rlimit none { 0, usual.rlim_max };
  h.start();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  std::uint64_t emitted = 0;
  do {
    emitted = source.emitted;
    std::this_thread::sleep_for(milliseconds(700));
  } while (source.emitted != emitted);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  h.wait_for_sources();
  EXPECT_EQ(h.sink("k").rows, 0u);
  dead = false;
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, sum(5 * kRows));
  EXPECT_EQ(h.sink("k").disorder, 0u);
}

}  // namespace
}  // namespace weir::core
