// The ring: order, bounds, and nothing lost or doubled between many threads.
#include "core/pipeline/ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir::core {
namespace {

TEST(Ring, IsFifoAndBounded) {
  Ring<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(4));
  int item = -1;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.pop(item));
    EXPECT_EQ(item, i);
  }
  EXPECT_FALSE(ring.pop(item));
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, RoundsItsCapacityUp) {
  EXPECT_EQ(Ring<int>(0).capacity(), 2u);
  EXPECT_EQ(Ring<int>(5).capacity(), 8u);
}

TEST(Ring, GoesRoundManyTimes) {
  Ring<int> ring(2);
  int item = 0;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(ring.push(i));
    ASSERT_FALSE(ring.empty());
    ASSERT_TRUE(ring.pop(item));
    ASSERT_EQ(item, i);
    ASSERT_TRUE(ring.empty());
  }
}

TEST(Ring, LosesAndDoublesNothingBetweenThreads) {
  constexpr int kProducers = 4, kConsumers = 2, kEach = 50000;
  struct Item {
    int producer, number;
  };
  Ring<Item> ring(64);
  std::atomic<int> popped{0};
  std::vector<std::vector<Item>> seen(kConsumers);
  std::vector<std::thread> threads;
  for (int p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        while (!ring.push({p, i})) std::this_thread::yield();
      }
    });
  }
  for (int c = 0; c < kConsumers; ++c) {
    threads.emplace_back([&, c] {
      Item item;
      while (popped.load() < kProducers * kEach) {
        if (ring.pop(item)) {
          seen[c].push_back(item);
          popped.fetch_add(1);
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (auto& t : threads) t.join();

  std::vector<std::vector<int>> counts(kProducers, std::vector<int>(kEach));
  for (const auto& items : seen) {
    std::vector<int> last(kProducers, -1);
    for (const Item& item : items) {
      ++counts[item.producer][item.number];
      EXPECT_LT(last[item.producer], item.number) << "out of order for one consumer";
      last[item.producer] = item.number;
    }
  }
  for (const auto& numbers : counts) {
    for (const int n : numbers) ASSERT_EQ(n, 1);
  }
}

}  // namespace
}  // namespace weir::core
