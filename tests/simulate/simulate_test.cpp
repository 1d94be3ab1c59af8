// What weir/simulate.hpp promises: accuracy against <cmath>, and the distributions.
#include "weir/simulate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::sim {
namespace {

// Arguments all over a range, always the same.
template <class Check>
void over(double low, double high, Check check) {
  for (int i = 0; i < 200'000; ++i) check(low + (high - low) * uniform(mix(7, i)));
}

TEST(SimulateMath, AgreesWithTheCLibrary) {
  over(-700, 700, [](double x) { ASSERT_NEAR(exp(x) / std::exp(x), 1.0, 1e-13) << x; });
  over(-1, 1, [](double x) { ASSERT_NEAR(exp(x) / std::exp(x), 1.0, 1e-14) << x; });
  over(-300, 300, [](double e) {
    const double x = std::pow(10.0, e);
    ASSERT_NEAR(log(x), std::log(x), 1e-14 * std::max(1.0, std::fabs(std::log(x)))) << x;
  });
  over(-1e6, 1e6, [](double x) {
    ASSERT_NEAR(sin(x), std::sin(x), 1e-14) << x;
    ASSERT_NEAR(cos(x), std::cos(x), 1e-14) << x;
  });
  over(-4, 4, [](double x) {
    ASSERT_NEAR(sin_turns(x), std::sin(2 * kPi * x), 1e-14) << x;
    ASSERT_NEAR(cos_turns(x), std::cos(2 * kPi * x), 1e-14) << x;
    ASSERT_NEAR(pow(2 + x / 4, x), std::pow(2 + x / 4, x), 1e-13) << x;
    ASSERT_NEAR(atan2(x, 1.5 - x), std::atan2(x, 1.5 - x), 1e-14) << x;
  });
  for (const double y : {-1.0, 0.0, 1.0}) {
    for (const double x : {-1.0, 0.0, 1.0}) EXPECT_NEAR(atan2(y, x), std::atan2(y, x), 1e-15);
  }
}

TEST(SimulateMath, StaysFiniteOutsideItsRange) {
  EXPECT_EQ(exp(-1e9), 0.0);
  EXPECT_EQ(exp(std::nan("")), 0.0);
  EXPECT_TRUE(std::isfinite(exp(1e9)));
  EXPECT_EQ(floor_int(-0.5), -1);
  EXPECT_EQ(floor_int(-2.0), -2);
  EXPECT_EQ(floor_int(2.9), 2);
}

TEST(SimulateRandom, QuantilesAreThoseOfTheNormalDistribution) {
  for (const double p : {1e-12, 1e-6, 0.001, 0.02424, 0.02426, 0.3, 0.5, 0.8, 0.99, 1 - 1e-9}) {
    const auto hash = static_cast<std::uint64_t>(p * 0x1.0p52) << 12;
    const double at = normal(hash);
    EXPECT_NEAR(0.5 * std::erfc(-at / std::sqrt(2.0)) / p, 1.0, 1e-3 * (p < 1e-10 ? 10 : 1)) << p;
  }
}

TEST(SimulateRandom, UniformAndNormalHaveTheirMoments) {
  constexpr int kCount = 1'000'000;
  double sum_u = 0, sum = 0, squares = 0, fourth = 0, lagged = 0, before = 0;
  for (int i = 0; i < kCount; ++i) {
    sum_u += uniform(mix(1, i));
    const double x = normal(mix(2, i));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    lagged += x * before;
    before = x;
  }
  EXPECT_NEAR(sum_u / kCount, 0.5, 0.002);
  EXPECT_NEAR(sum / kCount, 0, 0.005);
  EXPECT_NEAR(squares / kCount, 1, 0.01);
  EXPECT_NEAR(fourth / kCount, 3, 0.1);
  EXPECT_NEAR(lagged / kCount, 0, 0.005);
}

TEST(SimulateRandom, OrderAndValueOfTheKeysMatter) {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 100; ++a) {
    for (std::uint64_t b = 0; b < 100; ++b) seen.push_back(mix(a, b));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(SimulateRandom, NoiseIsStationaryContinuousAndForgets) {
  constexpr std::int64_t kPeriod = 1000;
  constexpr int kWorlds = 20'000;
  for (const std::int64_t at : {-1700, -1, 0, 250, 500, 999, 123'456'789}) {
    double sum = 0, squares = 0, near = 0, far = 0;
    for (int w = 0; w < kWorlds; ++w) {
      const double x = noise(mix(3, w), at, kPeriod);
      sum += x;
      squares += x * x;
      near += x * noise(mix(3, w), at + kPeriod / 10, kPeriod);
      far += x * noise(mix(3, w), at + 2 * kPeriod, kPeriod);
    }
    EXPECT_NEAR(sum / kWorlds, 0, 0.03) << at;
    EXPECT_NEAR(squares / kWorlds, 1, 0.04) << at;
    EXPECT_GT(near / kWorlds, 0.9) << at;
    EXPECT_NEAR(far / kWorlds, 0, 0.03) << at;
  }
  for (std::int64_t t = -5000; t < 5000; ++t) {
    ASSERT_NEAR(noise(9, t, kPeriod), noise(9, t + 1, kPeriod), 0.02);
  }
}

// The exact numbers: another compiler or processor must give these too.
TEST(SimulateRandom, IsTheSameOnEveryMachine) {
  std::uint64_t digest = 0;
  const auto add = [&](double x) { digest = mix(digest, std::bit_cast<std::uint64_t>(x)); };
  for (int i = 0; i < 10'000; ++i) {
    const double x = 20.0 * uniform(mix(4, i)) - 10.0;
    for (const double y : {exp(x), log(x + 10.5), sin(x), cos(x), sin_turns(x), pow(11 + x, x),
                           atan2(x, 1), normal(mix(5, i)), noise(6, i * 77, 1000)}) {
      add(y);
    }
  }
  EXPECT_EQ(digest, 0x4e00dfda3ca67e65u);
}

}  // namespace
}  // namespace weir::sim
