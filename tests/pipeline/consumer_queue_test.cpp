// The queue's limit in bytes, its three policies, and its accounts.
#include "core/pipeline/consumer_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/pipeline/schema.hpp"

namespace weir::core {
namespace {

struct QueueTest : ::testing::Test {
  Fixture f;
  // What one chain of one row is charged.
  const std::uint64_t one = [this] {
    Batch* b = f.batch(1);
    const std::uint64_t bytes = b->chain_bytes;
    release(b);
    return bytes;
  }();

  static std::uint64_t dropped(const Route& r, DropReason reason) {
    return r.rows_dropped[static_cast<std::size_t>(reason)];
  }
  static void expect_balance(const Route& r) {
    std::uint64_t gone = r.rows_delivered;
    for (const auto& d : r.rows_dropped) gone += d;
    EXPECT_EQ(r.rows_offered, gone + static_cast<std::uint64_t>(r.rows_held.load()));
  }
  static void deliver(ConsumerQueue& queue) {
    ConsumerQueue::Item item;
    ASSERT_TRUE(queue.pop(item));
    item.route->rows_delivered += item.chain->chain_rows;
    queue.finish(item);
  }
};

TEST_F(QueueTest, DropNewestKeepsTheOldest) {
  ConsumerQueue queue(3 * one, WhenFull::kDropNewest);
  Route route("a", "b", queue);
  for (int i = 0; i < 5; ++i) {
    Batch* b = f.batch(1);
    b->abi.times[0] = i;
    queue.push(b, route);
  }
  EXPECT_EQ(route.rows_offered, 5u);
  EXPECT_EQ(route.rows_held, 3);
  EXPECT_EQ(dropped(route, DropReason::kQueueFullNewest), 2u);
  EXPECT_EQ(queue.bytes_held(), 3 * one);
  ConsumerQueue::Item item;
  ASSERT_TRUE(queue.pop(item));
  EXPECT_EQ(item.chain->abi.times[0], 0);
  EXPECT_EQ(queue.bytes_held(), 3 * one) << "held until it is finished";
  item.route->rows_delivered += 1;
  queue.finish(item);
  EXPECT_EQ(queue.bytes_held(), 2 * one);
  expect_balance(route);
}

TEST_F(QueueTest, DropOldestKeepsTheNewest) {
  ConsumerQueue queue(3 * one, WhenFull::kDropOldest);
  Route route("a", "b", queue);
  for (int i = 0; i < 5; ++i) {
    Batch* b = f.batch(1);
    b->abi.times[0] = i;
    queue.push(b, route);
  }
  EXPECT_EQ(dropped(route, DropReason::kQueueFullOldest), 2u);
  ConsumerQueue::Item item;
  ASSERT_TRUE(queue.pop(item));
  EXPECT_EQ(item.chain->abi.times[0], 2);
  item.route->rows_delivered += 1;
  queue.finish(item);
  expect_balance(route);
}

TEST_F(QueueTest, DropOldestWithEverythingInTheConsumersHandsDropsTheNewest) {
  ConsumerQueue queue(one, WhenFull::kDropOldest);
  Route route("a", "b", queue);
  queue.push(f.batch(1), route);
  ConsumerQueue::Item item;
  ASSERT_TRUE(queue.pop(item));
  queue.push(f.batch(1), route);
  EXPECT_EQ(dropped(route, DropReason::kQueueFullNewest), 1u);
  item.route->rows_delivered += 1;
  queue.finish(item);
  expect_balance(route);
}

TEST_F(QueueTest, AnOversizeChainGoesThroughAnEmptyQueueOnly) {
  ConsumerQueue queue(one / 2, WhenFull::kDropNewest);
  Route route("a", "b", queue);
  queue.push(f.batch(1), route);
  queue.push(f.batch(1), route);
  EXPECT_EQ(route.rows_held, 1);
  deliver(queue);
  queue.push(f.batch(1), route);
  EXPECT_EQ(route.rows_held, 1);
  expect_balance(route);
}

TEST_F(QueueTest, BlockWaitsForRoom) {
  ConsumerQueue queue(one, WhenFull::kBlock);
  Route route("a", "b", queue);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.push(f.batch(1), route);
  });
  ConsumerQueue::Item item;
  int got = 0;
  while (got < 1000) {
    EXPECT_LE(queue.bytes_held(), one);
    if (!queue.pop(item)) {
      std::this_thread::yield();
      continue;
    }
    item.route->rows_delivered += 1;
    queue.finish(item);
    ++got;
  }
  producer.join();
  EXPECT_EQ(route.rows_delivered, 1000u);
  EXPECT_EQ(route.rows_held, 0);
  expect_balance(route);
}

// An outage may last: whoever adds the rows up meanwhile must find no difference.
TEST_F(QueueTest, TheAccountIsEvenWhileAProducerWaits) {
  ConsumerQueue queue(one, WhenFull::kBlock);
  Route route("a", "b", queue);
  queue.push(f.batch(1), route);
  std::thread producer([&] { queue.push(f.batch(1), route); });
  while (!queue.has_waiting()) std::this_thread::yield();
  expect_balance(route);
  EXPECT_EQ(route.rows_held, 1);
  deliver(queue);
  producer.join();
  EXPECT_EQ(route.rows_offered, 2u);
  deliver(queue);
  expect_balance(route);
}

TEST_F(QueueTest, GivingUpEndsTheWait) {
  ConsumerQueue queue(one, WhenFull::kBlock);
  Route route("a", "b", queue);
  queue.push(f.batch(1), route);
  std::thread producer([&] { queue.push(f.batch(1), route); });
  queue.give_up();
  producer.join();
  EXPECT_EQ(dropped(route, DropReason::kShutdown), 1u);
  queue.drop_rest();
  EXPECT_EQ(dropped(route, DropReason::kShutdown), 2u);
  EXPECT_EQ(queue.bytes_held(), 0u);
  expect_balance(route);
}

TEST_F(QueueTest, TheBytesLimitNotTheCells) {
  constexpr std::uint64_t kMax = 1u << 20;
  ConsumerQueue queue(kMax, WhenFull::kDropNewest);
  Route route("a", "b", queue);
  const std::uint64_t fits = kMax / one;
  for (std::uint64_t i = 0; i < fits + 10; ++i) queue.push(f.batch(1), route);
  EXPECT_EQ(route.rows_held, static_cast<std::int64_t>(fits));
  EXPECT_EQ(dropped(route, DropReason::kQueueFullNewest), 10u);
}

TEST_F(QueueTest, ASleeperIsWokenByAPushAndByANudge) {
  ConsumerQueue queue(one * 10, WhenFull::kBlock);
  Route route("a", "b", queue);
  for (int i = 0; i < 200; ++i) {
    std::thread producer([&] { queue.push(f.batch(1), route); });
    while (queue.empty()) queue.sleep_until(Waker::Clock::time_point::max());
    deliver(queue);
    producer.join();
  }
  std::thread nudger([&] { queue.nudge(); });
  queue.sleep_until(Waker::Clock::time_point::max());
  nudger.join();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace weir::core
