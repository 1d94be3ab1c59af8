// Soft capping: what a capped LPAR uses, for how long, and that nobody sees where a day begins.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_world.hpp"

namespace rmf::testing {
namespace {

// One LPAR of each kind with a soft cap, beside one without.
Options capped_options(std::uint64_t seed, double share) {
  Options o = options(seed);
  o.lpars = {lpar_options("ONLINE", Workload::kOnline, 12),
             lpar_options("BATCH", Workload::kBatch, 8), lpar_options("MIXED", Workload::kMixed, 6),
             lpar_options("FREE")};
  for (std::size_t i = 0; i < 3; ++i) {
    (*o.lpars)[i].defined_capacity = std::floor(share * 150 * (*o.lpars)[i].cps);
  }
  return o;
}

// Once its average is above the defined capacity and as long as there is work for more, an LPAR
// uses what is defined and no more: it is not let go for five minutes every four hours.
TEST(Capping, ACappedLparWithWorkForMoreStaysCapped) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Options o = capped_options(seed, 0.15);
    o.reports = {"cpc"};
    for (LparOptions& l : *o.lpars)
      l.load = 3;  // several times the defined capacity, day and night
    Machine machine(o);
    std::map<std::string, bool> once;
    std::map<std::string, int> samples;
    std::map<std::string, double> capped;
    for (Time t = kWednesday; t < kWednesday + 3 * kDay; t += 5 * kMinute) {
      const Rows rows = machine.at(t);
      for (const Row* row : where(rows, "rmf_lpar", {})) {
        const Row& l = *row;
        if (l["defined_msu"] <= 0) continue;
        const std::string name = l.label("lpar");
        once[name] = once[name] || l["capped"] > 0;
        if (!once[name]) continue;
        ++samples[name];
        EXPECT_LE(l["actual_msu"], 1.05 * l["defined_msu"]) << name << " " << stamp(t);
        EXPECT_GE(l["actual_msu"], 0.95 * l["defined_msu"]) << name << " " << stamp(t);
        // As what was before it is forgotten the average may come to lie just below.
        capped[name] += l["capped"];
        EXPECT_GT(l["wlm_capping_percent"], 97) << name << " " << stamp(t);
      }
    }
    for (const auto& [name, count] : samples) {
      EXPECT_GT(count, 600) << name;
      EXPECT_GT(capped[name], 0.9 * count) << name;
    }
    EXPECT_EQ(samples.size(), 3u);
  }
}

// An LPAR that is capped in its peaks only: it stays capped while there is work for more; five
// minutes later there may be a little more again.
TEST(Capping, EndsOnlyWhereThereIsLittleWork) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Options o = capped_options(seed, 0.42);
    o.reports = {"cpc"};
    Machine machine(o);
    std::map<std::string, Row> before;
    int begun = 0;
    for (Time t = kWednesday; t < kWednesday + 5 * kDay; t += 5 * kMinute) {
      const Rows rows = machine.at(t);
      for (const Row* row : where(rows, "rmf_lpar", {})) {
        const Row& l = *row;
        const auto was = before.find(l.label("lpar"));
        if (was != before.end() && was->second["capped"] > 0 && l["capped"] == 0) {
          EXPECT_LT(l["actual_msu"], 1.15 * l["defined_msu"]) << l.label("lpar") << stamp(t);
        }
        if (was != before.end() && was->second["capped"] == 0 && l["capped"] > 0) {
          ++begun;
          EXPECT_LE(was->second["seconds_to_capping"], 1200) << l.label("lpar") << stamp(t);
        }
        EXPECT_LE(l["capped"] * l["defined_msu"], l["rolling_average_msu"] + 0.01);
        before[l.label("lpar")] = l;
      }
    }
    EXPECT_GT(begun, 0);
  }
}

// The time to capping counts down to the moment at which an LPAR is capped, if it uses as much.
TEST(Capping, IsForetold) {
  for (const std::uint64_t seed : seeds(3)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Options o = options(seed);
    o.reports = {"cpc"};
    o.lpars = {lpar_options("L", Workload::kOnline, 10)};
    (*o.lpars)[0].defined_capacity = 700;
    Machine machine(o);
    int counted = 0;
    const auto told = [](const Row& l) {
      const auto found = l.fields.find("seconds_to_capping");
      return found == l.fields.end() ? std::optional<double>() : std::optional(found->second);
    };
    for (Time t = kWednesday; t < kWednesday + kDay; t += kMinute) {
      const Row l = machine.at(t).at("rmf_lpar")[0];
      const std::optional<double> seconds = told(l);
      EXPECT_EQ(l["capped"] > 0, seconds && *seconds == 0) << stamp(t);
      if (!seconds) {  // the average cannot get there, or only by forgetting what is more than it
        EXPECT_LT(l["actual_msu"], 1.01 * l["defined_msu"]) << stamp(t);
        continue;
      }
      if (*seconds == 0) continue;
      ++counted;
      // It is at the end of a slot, within the four hours after which all that counts is new.
      EXPECT_LE(*seconds, 4 * 3600 + 300) << stamp(t);
      const Time then = t + static_cast<Time>(*seconds) * kSecond;
      EXPECT_EQ(then % kSlot, 0) << stamp(t);
      // The last one of all comes true.
      if (*seconds <= 60) {
        EXPECT_EQ(machine.at(then).at("rmf_lpar")[0]["capped"], 1) << stamp(t);
      }
    }
    EXPECT_GT(counted, 10);
  }
}

// The average at midnight is that of the four hours that were seen before it.
void expect_one_average(Machine& machine, Time midnight) {
  std::map<std::string, double> sum;
  for (Time t = midnight - 48 * kSlot + kSlot / 2; t < midnight; t += kSlot) {
    const Rows rows = machine.at(t);
    for (const Row* l : where(rows, "rmf_lpar", {})) sum[l->label("lpar")] += (*l)["actual_msu"];
  }
  const Rows rows = machine.at(midnight);
  for (const Row* l : where(rows, "rmf_lpar", {})) {
    const double seen = sum[l->label("lpar")] / 48;
    EXPECT_NEAR((*l)["rolling_average_msu"], seen, 0.01 * seen) << l->label("lpar");
  }
}

TEST(Capping, TheAverageGoesOnAtMidnight) {
  for (const std::uint64_t seed : seeds(6)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (const double share : {0.12, 0.2, 0.3, 0.4, 0.5}) {
      Options o = capped_options(seed, share);
      o.reports = {"cpc"};
      const Time from = random_time(random) / kDay * kDay;
      Machine machine(o);
      for (int day = 0; day < 4; ++day) {
        SCOPED_TRACE(stamp(from + day * kDay) + " " + std::to_string(share));
        expect_one_average(machine, from + day * kDay);
      }
    }
  }
}

std::string name_of_series(const Row& row) {
  std::string name;
  for (const auto& [key, value] : row.labels) name += "/" + value;
  return name;
}
// What is counted, samples of a second or things that wait, moves by some; other numbers by their
// last digit.
double least(const std::string& key) {
  if (key.starts_with("rmf_delay") || key.starts_with("rmf_proc")) return 10;
  if (key.starts_with("rmf_mpb_queue") || key.starts_with("rmf_volumes_iops")) return 2;
  if (key.starts_with("rmf_lpar_seconds_to_capping")) return 600;  // it moves by slots
  return key.find("seconds") != std::string::npos ? 2e-6 : 0.03;
}
// Since midnight by definition; a quotient of a few samples.
bool compares(const std::string& field) {
  return field != "rolling_maximum_msu" && field != "workflow_percent";
}

// At midnight the past is worked out anew, from another beginning: no field of any report shows it,
// be LPARs capped always, in their peaks or hardly.
TEST(Capping, MidnightIsAnyOtherSlot) {
  for (const std::uint64_t seed : seeds(2)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (const double share : {0.12, 0.25, 0.40, 0.60}) {
      Options o = capped_options(seed, share);
      o.profile = random() % 2 == 0 ? Profile::kModern : Profile::kDocumented;
      const Time from = random_time(random) / kDay * kDay;
      Machine machine(o);
      for (int day = 0; day < 2; ++day) {
        const Time midnight = from + (day + 1) * kDay;
        SCOPED_TRACE(stamp(midnight) + " " + std::to_string(share));
        expect_one_average(machine, midnight);
        // What changes in the second before the slots' ends around it; of them those at which
        // capping begins or ends tell nothing.
        std::map<std::string, double> highest, size, at_midnight;
        int boundaries = 0;
        for (int slot = -12; slot <= 12; ++slot) {
          const Rows before = machine.at(midnight + slot * kSlot - kSecond);
          const Rows after = machine.at(midnight + slot * kSlot);
          bool switched = false;
          for (std::size_t i = 0; i < before.at("rmf_lpar").size(); ++i) {
            switched =
                switched || before.at("rmf_lpar")[i]["capped"] != after.at("rmf_lpar")[i]["capped"];
          }
          if (switched) continue;
          ++boundaries;
          for (const auto& [measurement, rows] : before) {
            for (std::size_t r = 0; r < rows.size(); ++r) {
              const Row& next = after.at(measurement).at(r);
              for (const auto& [field, value] : rows[r].fields) {
                if (!compares(field) || next.fields.count(field) == 0) continue;
                const std::string key = measurement + "_" + field + name_of_series(rows[r]);
                const double step = std::abs(next[field] - value);
                if (slot == 0) at_midnight[key] = step;
                size[key] = std::max(size[key], value);
                if (slot != 0) highest[key] = std::max(highest[key], step);
              }
            }
          }
        }
        EXPECT_GT(boundaries, 8);
        for (const auto& [key, step] : at_midnight) {
          EXPECT_LE(step, 3 * highest[key] + least(key) + 0.01 * size[key]) << key;
        }
      }
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace rmf::testing
