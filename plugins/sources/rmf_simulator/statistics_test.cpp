// Shapes that an analyst looks for: days, weeks, month-ends, what moves together and what is slow.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fixture.hpp"

namespace rmf::testing {
namespace {

// One value of the four documented LPARs, at every step from a time on.
using Series = std::vector<double>;
using Pick = std::function<double(const Rows&)>;

std::vector<Series> series(const Options& o, Time from, Time to, Time step,
                           const std::vector<Pick>& picks) {
  Machine machine(o);
  std::vector<Series> all(picks.size());
  for (Time t = from; t < to; t += step) {
    const Rows rows = machine.at(t);
    for (std::size_t i = 0; i < picks.size(); ++i) all[i].push_back(picks[i](rows));
  }
  return all;
}

Pick gp(const char* lpar) {
  return [=](const Rows& rows) {
    return sum(rows, "rmf_cpu_utilization", "percent", {{"lpar", lpar}, {"cpu_type", "general"}});
  };
}
Pick iops(const char* lpar) {
  return [=](const Rows& rows) { return sum(rows, "rmf_volumes", "iops", {{"lpar", lpar}}); };
}
Pick csa(const char* lpar) {
  return [=](const Rows& rows) {
    return sum(rows, "rmf_memory_usage", "bytes", {{"lpar", lpar}, {"memory_type", "csa"}});
  };
}

double mean(const Series& s) {
  return std::accumulate(s.begin(), s.end(), 0.0) / static_cast<double>(s.size());
}
double correlation(const Series& a, const Series& b) {
  const double ma = mean(a), mb = mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}
double autocorrelation(const Series& s, std::size_t lag) {
  return correlation(Series(s.begin(), s.end() - static_cast<std::ptrdiff_t>(lag)),
                     Series(s.begin() + static_cast<std::ptrdiff_t>(lag), s.end()));
}

Options documented_options(std::uint64_t seed) {
  Options o = options(seed);
  o.reports = {"documented"};
  return o;
}

// Means over hours of a day, of samples every ten minutes.
double hours(const Series& s, double from, double to) {
  const auto at = [&](double h) { return s.begin() + static_cast<std::ptrdiff_t>(h * 6 + 0.5); };
  return mean(Series(at(from), at(to)));
}

// The shape shows in every world, and clearly in the average of a few.
TEST(Statistics, DaysHaveTheirShape) {
  const std::vector<std::uint64_t> worlds = seeds(6);
  Series mornings, lunches, afternoons, dawns, nights, batch_days;
  for (const std::uint64_t seed : worlds) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const auto all = series(documented_options(seed), kWednesday, kWednesday + kDay, 10 * kMinute,
                            {gp("PROD01"), gp("PROD02"), gp("BATCH01"), gp("TEST01")});
    for (const Series* online : {&all[0], &all[1]}) {
      mornings.push_back(hours(*online, 9, 10.5));
      lunches.push_back(hours(*online, 12, 13));
      afternoons.push_back(hours(*online, 14.5, 16));
      dawns.push_back(hours(*online, 5.5, 7));
      EXPECT_GT(mornings.back(), lunches.back());
      EXPECT_GT(lunches.back(), 1.2 * dawns.back());
      EXPECT_GT(mornings.back(), 35);
      EXPECT_LT(mornings.back(), 88);
    }
    nights.push_back(hours(all[2], 0, 4));
    batch_days.push_back(hours(all[2], 9, 17));
    EXPECT_GT(nights.back(), 1.5 * batch_days.back());
    EXPECT_GT(hours(all[2], 23, 24), 1.5 * batch_days.back());
    EXPECT_GT(hours(all[3], 10, 11.5), 1.6 * hours(all[3], 2, 6));
  }
  if (worlds.size() == 1) return;
  EXPECT_GT(mean(mornings), 1.12 * mean(lunches));
  EXPECT_GT(mean(afternoons), 1.05 * mean(lunches));
  EXPECT_GT(mean(lunches), 1.4 * mean(dawns));
  EXPECT_GT(mean(nights), 1.8 * mean(batch_days));
}

TEST(Statistics, WeeksAndMonthEnds) {
  const std::vector<std::uint64_t> worlds = seeds(5);
  double monday = 0;  // one world has too few of them
  for (const std::uint64_t seed : worlds) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(documented_options(seed));
    // Averages over several weeks, of the morning hours and of the night.
    const auto level = [&](const char* lpar, const std::vector<const char*>& days, Time hour) {
      double total = 0;
      for (const char* day : days) {
        for (int i = 0; i < 6; ++i) {
          total += gp(lpar)(machine.at(*parse_time(day) + hour + i * 20 * kMinute)) / 6;
        }
      }
      return total / static_cast<double>(days.size());
    };
    const std::vector<const char*> mondays{"2025-03-10", "2025-03-17", "2025-05-12", "2025-05-19"};
    const std::vector<const char*> midweek{"2025-03-12", "2025-03-19", "2025-05-14", "2025-05-21"};
    const std::vector<const char*> sundays{"2025-03-09", "2025-03-16", "2025-05-11", "2025-05-18"};
    const double normal = level("PROD01", midweek, 9 * kHour);
    monday += level("PROD01", mondays, 9 * kHour) / normal / static_cast<double>(worlds.size());
    EXPECT_LT(level("PROD01", sundays, 9 * kHour) / normal, 0.65);
    // The last working days of quarters, which were weekdays.
    const std::vector<const char*> closing{"2025-09-30", "2026-03-31", "2026-06-30", "2024-12-31"};
    EXPECT_GT(level("PROD01", closing, 9 * kHour) / normal, 1.10);
    EXPECT_LT(level("PROD01", closing, 9 * kHour) / normal, 1.45);
    EXPECT_GT(level("BATCH01", closing, 22 * kHour + 30 * kMinute) /
                  level("BATCH01", midweek, 22 * kHour + 30 * kMinute),
              1.15);
    const std::vector<const char*> christmas{"2024-12-25", "2025-12-25", "2025-12-26"};
    EXPECT_LT(level("PROD01", christmas, 9 * kHour) / normal, 0.65);
  }
  if (worlds.size() > 1) {
    EXPECT_GT(monday, 1.05);
    EXPECT_LT(monday, 1.2);
  }
}

TEST(Statistics, WhatBelongsTogetherMovesTogether) {
  const std::vector<std::uint64_t> worlds = seeds(6);
  double common = 0;
  for (const std::uint64_t seed : worlds) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const auto all =
        series(documented_options(seed), kWednesday, kWednesday + 2 * kDay, 10 * kMinute,
               {gp("PROD01"), gp("PROD02"), iops("PROD01"), gp("BATCH01"), iops("BATCH01"),
                csa("PROD01")});
    EXPECT_GT(correlation(all[0], all[1]), 0.85);  // customers of both
    EXPECT_GT(correlation(all[0], all[2]), 0.5);   // engines and devices
    EXPECT_GT(correlation(all[3], all[4]), 0.9);
    EXPECT_LT(correlation(all[0], all[3]), 0.3);  // online by day, batch by night
    // Not only by the clock: what is left of two LPARs after their common shape of the day.
    Series left, right;
    for (std::size_t i = 48; i < 120; ++i) {
      left.push_back(all[0][i] / all[0][i + 144]);
      right.push_back(all[1][i] / all[1][i + 144]);
    }
    common += correlation(left, right) / static_cast<double>(worlds.size());
  }
  EXPECT_GT(common, 0.3);
}

TEST(Statistics, SlowThingsAreSlow) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const auto all = series(documented_options(seed), kWednesday, kWednesday + kDay, kMinute,
                            {csa("PROD01"), csa("BATCH01"), gp("PROD01"), [](const Rows& rows) {
                               return sum(rows, "rmf_memory_usage", "bytes",
                                          {{"lpar", "PROD01"}, {"memory_type", "real"}});
                             }});
    EXPECT_GT(autocorrelation(all[0], 1), 0.999);
    EXPECT_GT(autocorrelation(all[0], 30), 0.75);
    EXPECT_GT(autocorrelation(all[1], 30), 0.75);
    EXPECT_GT(autocorrelation(all[3], 5), 0.97);
    EXPECT_GT(autocorrelation(all[2], 1), 0.97);
    EXPECT_GT(*std::ranges::min_element(all[0]), 200e6);
    EXPECT_LT(*std::ranges::max_element(all[0]), 800e6);
  }
}

// In three weeks with a month-end no percent stands at its limit for more than a hundredth.
TEST(Statistics, NothingIsPinned) {
  for (const std::uint64_t seed : seeds(2)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(documented_options(seed));
    std::map<std::string, int> pinned, rows_of;
    double highest = 0;
    for (Time t = *parse_time("2025-03-17"); t < *parse_time("2025-04-07"); t += 47 * kMinute) {
      for (const auto& [name, all] : machine.at(t)) {
        for (const Row& row : all) {
          const auto percent = row.fields.find("percent");
          if (percent == row.fields.end()) continue;
          ++rows_of[name];
          highest = std::max(highest, percent->second);
          if (percent->second > 94.9 || percent->second <= 0) ++pinned[name];
        }
      }
    }
    for (const auto& [name, count] : rows_of) {
      EXPECT_LT(pinned[name], 0.01 * count) << name;
    }
    EXPECT_GT(highest, 60);
  }
}

TEST(Statistics, DeviceTimesAreThoseOfTheProfile) {
  for (const auto profile : {Profile::kModern, Profile::kDocumented}) {
    Options o = options();
    o.profile = profile;
    Machine machine(o);
    const bool modern = profile == Profile::kModern;
    double total = 0, count = 0, cf_total = 0, cf_count = 0;
    for (int hour = 0; hour < 24; ++hour) {
      const Rows rows = machine.at(kWednesday + hour * kHour + 59 * kMinute);
      for (const Row* d : where(rows, "rmf_device", {})) {
        EXPECT_GT((*d)["response_time_seconds"], 0.0002);
        EXPECT_LT((*d)["response_time_seconds"], 0.002);
      }
      for (const Row* h : where(rows, "rmf_ldev_response_time", {{"device_type", "3390"}})) {
        total += h->histograms.at("seconds").sum;
        count += static_cast<double>(h->histograms.at("seconds").count);
      }
      for (const Row* h : where(rows, "rmf_clpr_service_time", {})) {
        cf_total += h->histograms.at("microseconds").sum;
        cf_count += static_cast<double>(h->histograms.at("microseconds").count);
      }
    }
    EXPECT_GT(total / count, modern ? 0.0002 : 0.006);
    EXPECT_LT(total / count, modern ? 0.001 : 0.011);
    EXPECT_GT(cf_total / cf_count, 12);
    EXPECT_LT(cf_total / cf_count, 50);
  }
}

// What was remembered and what was worked out anew meet at midnight without a step.
TEST(Statistics, MidnightIsNoStep) {
  Options o = options();
  o.lpars = {lpar_options("BATCH01", Workload::kBatch), lpar_options("PROD01")};
  (*o.lpars)[0].defined_capacity = 330;
  Machine machine(o);
  for (int day = 0; day < 5; ++day) {
    const Time midnight = kWednesday + day * kDay;
    for (const char* lpar : {"BATCH01", "PROD01"}) {
      const double before =
          sum(machine.at(midnight - kSecond), "rmf_lpar", "rolling_average_msu", {{"lpar", lpar}});
      const double after =
          sum(machine.at(midnight), "rmf_lpar", "rolling_average_msu", {{"lpar", lpar}});
      EXPECT_NEAR(before, after, 0.06 * before) << lpar << " day " << day;
    }
  }
}

// A row stands for its interval: the longer that is, the less it jumps.
TEST(Statistics, LongIntervalsAverage) {
  const auto jumps = [](Time interval) {
    Machine machine(documented_options(3), interval);
    double total = 0, before = 0;
    for (Time t = kWednesday + 14 * kHour; t < kWednesday + 16 * kHour; t += kMinute) {
      const double now = gp("PROD01")(machine.at(t));
      if (before > 0) total += std::abs(now - before);
      before = now;
    }
    return total;
  };
  EXPECT_GT(jumps(15 * kSecond), 1.15 * jumps(15 * kMinute));
}

TEST(Statistics, DemandGrows) {
  Options o = documented_options(1), grows = o;
  grows.growth = 20;
  grows.growth_from = "2025-03-12";
  const auto level = [](const Options& what, const char* day) {
    Machine machine(what);
    double total = 0;
    for (int i = 0; i < 48; ++i) {
      total += gp("PROD01")(machine.at(*parse_time(day) + i * 30 * kMinute));
    }
    return total;
  };
  EXPECT_NEAR(level(grows, "2026-03-11") / level(o, "2026-03-11"), 1.2, 0.03);
  EXPECT_NEAR(level(grows, "2025-03-12") / level(o, "2025-03-12"), 1.0, 0.01);
}

}  // namespace
}  // namespace rmf::testing
