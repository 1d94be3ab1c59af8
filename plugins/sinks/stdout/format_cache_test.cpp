// What is kept per series: found again, noticed when its index is used anew, and bounded.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

#include "weir/format_series.hpp"

namespace {

using weir::format::Buffer;
using weir::format::PrefixCache;

class SeriesCache : public ::testing::Test {
 protected:
  std::string find(std::uint32_t index, std::uint32_t generation) {
    const weir_series series{sizeof(weir_series), index, generation, 0, 0, nullptr, nullptr};
    return std::string(cache_.find(series, [&](Buffer& out) {
      ++renders_;
      out.append(text(index, generation));
    }));
  }
  static std::string text(std::uint32_t index, std::uint32_t generation) {
    return std::to_string(index) + "/" + std::to_string(generation) + std::string(index % 50, '.');
  }

  static constexpr std::size_t kBytesMax = 64 << 10;
  PrefixCache cache_{kBytesMax};
  std::size_t renders_ = 0;
};

TEST_F(SeriesCache, RendersASeriesOnce) {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < 300; ++i) EXPECT_EQ(find(i * 7919, 1), text(i * 7919, 1));
  }
  EXPECT_EQ(renders_, 300u);
}

TEST_F(SeriesCache, AnIndexWithAnotherGenerationIsAnotherSeries) {
  EXPECT_EQ(find(5, 1), text(5, 1));
  EXPECT_EQ(find(5, 2), text(5, 2));
  EXPECT_EQ(find(5, 2), text(5, 2));
  EXPECT_EQ(renders_, 2u);
  EXPECT_EQ(cache_.series_count(), 1u);
}

TEST_F(SeriesCache, StaysBoundedWhenEverySeriesIsNew) {
  std::size_t bytes_most = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(find(i, 1), text(i, 1));
    bytes_most = std::max(bytes_most, cache_.bytes());
  }
  EXPECT_LE(bytes_most, 2 * kBytesMax);
}

// Many more series than fit, sparse, expiring: always the right text, never more memory.
TEST_F(SeriesCache, StaysBoundedAndRightUnderChurn) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::size_t bytes_most = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto index = static_cast<std::uint32_t>(random() % 5000 * 1'000'003);
    const auto generation = static_cast<std::uint32_t>(1 + i / 50'000 + random() % 2);
    ASSERT_EQ(find(index, generation), text(index, generation));
    bytes_most = std::max(bytes_most, cache_.bytes());
  }
  EXPECT_LE(bytes_most, 2 * kBytesMax);  // the last text, or the doubled table, may pass it
  EXPECT_GT(bytes_most, kBytesMax / 2);
}

}  // namespace
