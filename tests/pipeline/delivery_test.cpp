// How a sink's worker gathers, writes and repeats.
#include <gtest/gtest.h>

#include <thread>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

using Answer = SinkLedger::Answer;

TEST(Delivery, ADeadSinkDelaysNoOther) {
  Harness h;
  h.source("s", 100'000 / kScale, 10);
  std::atomic<bool> hang{true};
  h.sink("hanging", {"s"}, config::WhenFull::kDropOldest).before = [&](std::uint64_t) {
    while (hang) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  h.sink("good", {"s"});
  h.start();
  h.wait_for_sources();
  while (h.sink("good").rows < 100'000 / kScale) std::this_thread::yield();
  // Bounded, though nothing was ever taken.
  EXPECT_LE(h.route("s", "hanging").queue.bytes_held(), 256u << 10);
  hang = false;
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
}

TEST(Delivery, WhatFailsComesAgainUnchanged) {
  Harness h;
  h.source("s", 1000, 10);
  h.sink("k", {"s"}).answer = [](std::uint64_t call) {
    return call % 3 == 0 ? Answer::kOk : call % 3 == 1 ? Answer::kRetry : Answer::kThrow;
  };
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, 1000u * 1001 / 2);
}

TEST(Delivery, WaitsForAFullBatchNoLongerThanTheDelay) {
  Harness h;
  h.source("s", 30, 1);
  h.sink("k", {"s"});
  h.component("k").sink.batch.max_delay = std::chrono::milliseconds(20);
  h.start();
  h.wait_for_sources();
  while (h.sink("k").rows < 30) std::this_thread::yield();
  h.pipeline().stop();
  h.expect_conservation();
}

TEST(Delivery, GathersUpToTheLimitOfRows) {
  Harness h;
  h.source("s", 1000, 1);
  std::atomic<bool> open{false};
  std::atomic<std::uint64_t> rows_max{0};
  auto& ledger = h.sink("k", {"s"});
  ledger.before = [&](std::uint64_t) {
    while (!open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    rows_max = std::max(rows_max.load(), ledger.rows.load());
  };
  h.component("k").sink.batch.max_rows = 100;
  h.component("k").consumer.buffer.max_size = Bytes{16u << 20};
  h.start();
  h.wait_for_sources();
  open = true;
  h.wait_for_empty_routes();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_GE(ledger.calls, 10u);
  EXPECT_LE(ledger.calls, 12u) << "the first write may have few rows, the others 100";
}

// All rows of one collection come in one write, unless they are over the limit.
TEST(Delivery, ACollectionIsDeliveredWhole) {
  Harness h;
  auto& source = h.source("s", 5000, 10);
  source.rows_a_collect = 50;  // five batches
  std::atomic<std::uint64_t> partial{0};
  auto& ledger = h.sink("k", {"s"});
  ledger.before = [&](std::uint64_t) { partial += ledger.rows % 50 != 0; };
  h.component("k").sink.batch.max_rows = 120;
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  h.pipeline().stop();
  h.expect_conservation();
  EXPECT_EQ(partial, 0u);
}

}  // namespace
}  // namespace weir::core
