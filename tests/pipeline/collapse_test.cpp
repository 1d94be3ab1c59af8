// Repeated log lines are held back, by component, level and text without numbers.
#include "core/telemetry/collapse.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::core {
namespace {

using Clock = Collapse::Clock;

TEST(Collapse, WritesOnceInAWindowAndTellsHowMany) {
  Collapse c;
  const Clock::time_point t0{};
  EXPECT_TRUE(c.judge(1, "a", "retry 1", t0).write);
  for (int i = 2; i < 12; ++i) {
    EXPECT_FALSE(c.judge(1, "a", "retry " + std::to_string(i), t0).write);
  }
  const auto later = c.judge(1, "a", "retry 99", t0 + Collapse::kWindow);
  EXPECT_TRUE(later.write);
  EXPECT_EQ(later.held_back, 10u);
  EXPECT_EQ(c.judge(1, "a", "retry 99", t0 + 2 * Collapse::kWindow).held_back, 0u);
}

TEST(Collapse, TellsComponentsLevelsAndTextsApart) {
  Collapse c;
  const Clock::time_point t0{};
  EXPECT_TRUE(c.judge(1, "a", "x", t0).write);
  EXPECT_TRUE(c.judge(1, "b", "x", t0).write);
  EXPECT_TRUE(c.judge(2, "a", "x", t0).write);
  EXPECT_TRUE(c.judge(1, "a", "y", t0).write);
  EXPECT_FALSE(c.judge(1, "b", "x", t0).write) << "also when others came in between";
}

TEST(Collapse, ForgetsTheOldestOfMany) {
  Collapse c;
  Clock::time_point t{};
  EXPECT_TRUE(c.judge(1, "first", "x", t).write);
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      t += std::chrono::milliseconds(1);
      EXPECT_TRUE(c.judge(1, std::string{a, b}, "x", t).write);
    }
  }
  EXPECT_TRUE(c.judge(1, "first", "x", t).write);
  EXPECT_FALSE(c.judge(1, "zz", "x", t).write);
}

}  // namespace
}  // namespace weir::core
