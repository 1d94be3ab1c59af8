// A shortage of central storage, as it comes, goes on and leaves its traces for hours.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_world.hpp"

namespace rmf::testing {
namespace {

struct Storm {
  Options options;
  Time start = 0, end = 0;
};
Storm random_storm(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  Storm s{options(seed), random_time(random) / kMinute * kMinute, 0};
  s.end = s.start + pick(20, 300) * kMinute;
  LparOptions l = lpar_options("PROD01", static_cast<Workload>(pick(0, 2)), pick(2, 40));
  l.memory = {static_cast<std::uint64_t>(pick(4, 256)) << 30};
  s.options.lpars = {l};
  s.options.scenarios = {
      scenario_options(ScenarioKind::kPagingStorm, stamp(s.start), stamp(s.end))};
  s.options.scenarios[0].intensity = 1 + 0.25 * pick(0, 4);
  s.options.reports = {"stor"};
  return s;
}
const Row& look(Machine& machine, Time time, Rows& rows) {
  rows = machine.at(time);
  return rows.at("rmf_storage")[0];
}

// A count of seconds can fall as it likes and rises by one a second, over midnights too.
TEST(Paging, UicRisesByOneASecond) {
  for (const std::uint64_t seed : seeds(8)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const Storm s = random_storm(seed);
    Machine machine(s.options);
    std::mt19937_64 random(seed);
    Rows rows;
    double before = 65535, lowest = before;
    Time last = s.start - kHour;
    for (Time t = last; t < s.end + 20 * kHour;) {
      const double uic = look(machine, t, rows)["uic"];
      const double passed = static_cast<double>(t - last) / kSecond;
      ASSERT_LE(uic, before + passed + 1) << stamp(t);
      lowest = std::min(lowest, uic);
      before = uic;
      last = t;
      const bool near = t > s.start - kMinute && t < s.end + 20 * kMinute;
      t += static_cast<Time>(random() % (near ? 40 : 900) + 1) * kSecond;
    }
    EXPECT_LT(lowest, 20'000);
    EXPECT_EQ(before, 65535) << "after 20 hours nothing is left";
  }
}

// Pages come in that went out before, and some of those that went out come in after the end.
TEST(Paging, PagesComeBackThatWentOut) {
  for (const std::uint64_t seed : seeds(8)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const Storm s = random_storm(seed);
    Machine machine(s.options);
    Rows rows;
    double in = 0, out = 0, tail = 0, used_low = 100, used_high = 0;
    for (Time t = s.start - kMinute; t < s.end + 6 * kHour; t += kPagingStep) {
      const Row& row = look(machine, t, rows);
      const double seconds = static_cast<double>(kPagingStep) / kSecond;
      in += row["page_in_rate"] * seconds;
      out += row["page_out_rate"] * seconds;
      ASSERT_LE(in, 1.02 * out) << stamp(t);
      if (t < s.start) {
        ASSERT_EQ(out, 0);
      }
      if (t > s.start + 10 * kMinute && t < s.end) {
        used_low = std::min(used_low, row["used_percent"]);
        used_high = std::max(used_high, row["used_percent"]);
      }
      if (t > s.end + 15 * kMinute) {
        ASSERT_EQ(row["page_out_rate"], 0) << stamp(t);
        tail += row["page_in_rate"] * seconds;
      }
    }
    EXPECT_GT(in, 1000);
    EXPECT_GT(tail, 0.002 * in);
    EXPECT_GT(used_high - used_low, 0.15);  // percent: taken away and asked for again
    EXPECT_LT(used_high, 99);
  }
}

// Rows depend on their time alone, on the slots worked out before as little as on earlier days.
TEST(Paging, ItIsTheSameFromWhereverOneLooks) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const Storm s = random_storm(seed);
    Machine steadily(s.options);
    for (Time t = s.start; t < s.end + 2 * kHour; t += 7 * kMinute + kSecond) {
      const std::string text = steadily.text(t);
      if (t / kMinute % 4 == 0) {
        EXPECT_EQ(text, Machine(s.options).text(t)) << stamp(t);
      }
    }
  }
}

TEST(Paging, AnIplForgetsIt) {
  Storm s = random_storm(7);
  const Time ipl = s.end + 30 * kMinute;
  s.options.scenarios.push_back(
      scenario_options(ScenarioKind::kIpl, stamp(ipl), stamp(ipl + 20 * kMinute)));
  Machine machine(s.options);
  Rows rows;
  EXPECT_LT(look(machine, ipl - kMinute, rows)["uic"], 65535);
  EXPECT_EQ(look(machine, ipl + 25 * kMinute, rows)["uic"], 65535);
  EXPECT_EQ(rows.at("rmf_storage")[0]["page_in_rate"], 0);
}

}  // namespace
}  // namespace rmf::testing
