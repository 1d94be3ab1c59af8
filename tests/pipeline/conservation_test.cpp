// The conservation law under load: rows in = delivered + dropped (by reason) + held, on every
// route, and each side agrees with what the components counted themselves.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

using Answer = SinkLedger::Answer;
using config::WhenFull;

constexpr WhenFull kPolicies[] = {WhenFull::kBlock, WhenFull::kDropOldest, WhenFull::kDropNewest};
constexpr const char* kPolicyNames[] = {"block", "drop_oldest", "drop_newest"};

// Sinks that are fast, slow, failing, restarting and rejecting, under each policy, behind sources
// that push single rows from several threads, push batches, and collect.
TEST(Conservation, HoldsForEveryPolicyAndKindOfSink) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  RecordProperty("seed", std::to_string(seed));
  Harness h;
  h.source("singles", 400'000 / kScale, 1).threads = 4;
  h.source("batches", 2'000'000 / kScale, 100);
  h.source("collected", 400'000 / kScale, 500).rows_a_collect = 20'000;
  const std::vector<std::string> all{"singles", "batches", "collected"};
  h.passer("passed", {"singles"});
  h.copier("copied", {"batches"});
  std::atomic<bool> built{false};  // before this, routes are still being added
  const auto lost_to_a_full_queue = [&](const std::string& sink) {
    const Route& route = h.route("batches", sink);
    return dropped(route, DropReason::kQueueFullOldest) +
           dropped(route, DropReason::kQueueFullNewest);
  };

  for (int p = 0; p < 3; ++p) {
    const std::string policy = kPolicyNames[p];
    h.sink("fast_" + policy, all, kPolicies[p]);
    const bool drops = kPolicies[p] != WhenFull::kBlock;
    h.sink("slow_" + policy, all, kPolicies[p]).before = [&, policy, drops](std::uint64_t call) {
      if (call % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      // Losses are the point of the other policies, and no machine's pace may spare them.
      if (call == 1 && drops) {
        poll("rows dropped", [&] { return built && lost_to_a_full_queue("slow_" + policy) > 0; });
      }
    };
    auto random = std::make_shared<std::mt19937>(seed + static_cast<unsigned>(p));
    h.sink("failing_" + policy, all, kPolicies[p]).answer = [random](std::uint64_t) {
      const unsigned dice = (*random)() % 10;
      return dice < 2 ? Answer::kRetry : dice == 2 ? Answer::kThrow : Answer::kOk;
    };
    h.sink("restarting_" + policy, all, kPolicies[p]).answer = [](std::uint64_t call) {
      return call / 50 % 4 == 3 ? Answer::kRetry : Answer::kOk;
    };
    auto other = std::make_shared<std::mt19937>(seed + 100 + static_cast<unsigned>(p));
    h.sink("rejecting_" + policy, all, kPolicies[p]).answer = [other](std::uint64_t) {
      const unsigned dice = (*other)() % 20;
      return dice == 0   ? Answer::kReject
             : dice == 1 ? Answer::kRejectSome
             : dice == 2 ? Answer::kRetry
                         : Answer::kOk;
    };
  }
  h.sink("after_processors", {"passed", "copied"});

  h.start();
  built = true;
  h.wait_for_sources();
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();

  // Who may not lose rows has them all, each once, in order.
  for (const auto& r : h.pipeline().routes()) {
    if (r->queue.when_full() != core::WhenFull::kBlock || r->consumer == "copied") continue;
    EXPECT_EQ(r->rows_offered, r->rows_delivered + dropped(*r, DropReason::kRejected))
        << r->producer << " -> " << r->consumer;
  }
  const auto sum = [](std::uint64_t n) { return n * (n + 1) / 2; };
  EXPECT_EQ(h.sink("fast_block").sum,
            4 * sum(100'000 / kScale) + sum(2'000'000 / kScale) + sum(400'000 / kScale));
  const Route& copied = h.route("batches", "copied");
  EXPECT_EQ(copied.rows_offered,
            copied.rows_delivered + dropped(copied, DropReason::kConsumerFailed));
  EXPECT_GT(dropped(copied, DropReason::kConsumerFailed), 0u);
  EXPECT_EQ(h.sink("after_processors").rows, 400'000 / kScale + copied.rows_delivered);
  // The test is worth something only if the other policies did lose rows.
  EXPECT_GT(lost_to_a_full_queue("slow_drop_oldest"), 0u);
  EXPECT_GT(lost_to_a_full_queue("slow_drop_newest"), 0u);
}

// The same behind disk buffers: what one process leaves there the next one delivers. Rows that
// were written when the first stopped are not written again.
TEST(Conservation, HoldsOnDiskFromOneProcessToTheNext) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  RecordProperty("seed", std::to_string(seed));
  std::string folder = ::testing::TempDir() + "weir_conservation_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::uint64_t held[3] = {}, written[3] = {}, sums[3] = {};
  const std::uint64_t rows = 200'000 / kScale;
  for (const bool first : {true, false}) {
    Harness h;
    h.agent().data_dir = folder;
    h.agent().shutdown_timeout = std::chrono::milliseconds(first ? 200 : 60'000);
    h.source("batches", first ? rows : 0, 20);
    h.source("singles", first ? rows / 4 : 0, 1);
    for (int p = 0; p < 3; ++p) {
      const std::string id = std::string("disk_") + kPolicyNames[p];
      auto& sink = h.sink(id, {"batches", "singles"}, kPolicies[p]);
      auto random = std::make_shared<std::mt19937>(seed + static_cast<unsigned>(p));
      sink.answer = [random, first](std::uint64_t call) {
        if (first && call > 2) return Answer::kRetry;  // it goes down, and stays so
        return (*random)() % 4 == 0 ? Answer::kRetry : Answer::kOk;
      };
      // It goes down after 1,000 rows at most, which is less than its queue alone takes: whatever
      // the sources' pace and the disk's, rows are left for the next process.
      h.component(id).sink.batch.max_rows = 500;
      auto& buffer = h.component(id).consumer.buffer;
      buffer.type = config::BufferType::kDisk;
      buffer.max_size = Bytes{(kPolicies[p] == WhenFull::kBlock ? 256u : 1u) << 20};
    }
    h.start();
    h.wait_for_sources();
    if (!first) h.wait_for_empty_routes();
    EXPECT_TRUE(h.pipeline().stop());
    h.expect_conservation();
    for (int p = 0; p < 3; ++p) {
      const std::string id = std::string("disk_") + kPolicyNames[p];
      std::uint64_t here = 0, found = 0;
      for (const auto& r : h.pipeline().routes()) {
        if (r->consumer != id) continue;
        here += static_cast<std::uint64_t>(r->rows_held.load());
        found += r->rows_recovered;
      }
      if (first) {
        held[p] = here;
        EXPECT_GT(here, 0u) << id;
      } else {
        EXPECT_EQ(found, held[p]) << id;
        EXPECT_EQ(here, 0u) << id;
      }
      written[p] += h.sink(id).rows;
      sums[p] += h.sink(id).sum;
    }
  }
  const auto sum = [](std::uint64_t n) { return n * (n + 1) / 2; };
  // Each row once, over both processes, where none may be dropped.
  EXPECT_EQ(written[0], rows + rows / 4);
  EXPECT_EQ(sums[0], sum(rows) + sum(rows / 4));
  std::filesystem::remove_all(folder);
}

TEST(Conservation, HoldsWhenStoppedInFullFlight) {
  Harness h;
  h.source("endless", ~0ull, 10).threads = 2;
  h.sink("fast", {"endless"});
  h.sink("dead", {"endless"}).answer = [](std::uint64_t) { return Answer::kRetry; };
  h.sink("dead_drops", {"endless"}, WhenFull::kDropOldest).answer = [](std::uint64_t) {
    return Answer::kRetry;
  };
  h.agent().shutdown_timeout = std::chrono::milliseconds(400);
  h.start();
  while (h.sink("dead").calls < 10 || h.sink("fast").rows < 100) std::this_thread::yield();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("dead").rows, 0u);
  EXPECT_GT(dropped(h.route("endless", "dead"), DropReason::kShutdown), 0u);
  EXPECT_EQ(h.route("endless", "fast").rows_offered, h.route("endless", "fast").rows_delivered);
  for (const auto& r : h.pipeline().routes()) EXPECT_EQ(r->rows_held, 0);
}

// try_emit refuses instead of waiting, for all consumers or none.
TEST(Conservation, HoldsForSourcesThatNeverWait) {
  Harness h;
  auto& source = h.source("polite", 200'000 / kScale, 5);
  source.try_emit = true;
  source.threads = 2;
  h.sink("slow", {"polite"}).before = [](std::uint64_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  };
  h.sink("fast", {"polite"});
  h.sink("drops", {"polite"}, WhenFull::kDropNewest);
  h.component("slow").consumer.buffer.max_size = Bytes{8u << 10};
  h.component("slow").sink.batch.max_rows = 50;
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_GT(source.refused, 0u);
  EXPECT_EQ(h.sink("slow").rows, 200'000 / kScale);
  EXPECT_EQ(h.sink("fast").rows, 200'000 / kScale);
}

}  // namespace
}  // namespace weir::core
