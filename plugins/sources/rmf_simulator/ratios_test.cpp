// What a simulator gives itself away by: ratios that never change, names that are everywhere the
// same, goals that nobody could miss.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "model/jobs.hpp"
#include "random_world.hpp"

namespace rmf::testing {
namespace {

using Values = std::vector<double>;

double mean(const Values& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}
double deviation(const Values& v) {
  double sum = 0;
  for (const double x : v) sum += (x - mean(v)) * (x - mean(v));
  return std::sqrt(sum / static_cast<double>(v.size()));
}
// From one value to the next, beside the deviation: 1.4 of white noise, little of what is slow.
double jump(const Values& v) {
  double sum = 0;
  for (std::size_t i = 1; i < v.size(); ++i) sum += (v[i] - v[i - 1]) * (v[i] - v[i - 1]);
  return std::sqrt(sum / static_cast<double>(v.size() - 1)) / deviation(v);
}
double ratio(const Row& row, const char* part, const char* whole) { return row[part] / row[whole]; }

using Series = std::map<std::string, Values>;
// By what a row is of, the values of a day.
Series day_of(const Options& o, Time step, const std::string& measurement,
              const std::function<std::optional<double>(const Row&)>& value) {
  Machine machine(o);
  Series all;
  for (Time t = kWednesday; t < kWednesday + kDay; t += step) {
    const Rows rows = machine.at(t);
    for (const Row* row : where(rows, measurement, {})) {
      std::string key;
      for (const auto& [name, label] : row->labels) key += label + "/";
      if (const auto v = value(*row)) all[key].push_back(*v);
    }
  }
  return all;
}

Options only(std::uint64_t seed, const char* report) {
  Options o = options(seed);
  o.reports = {report};
  return o;
}

TEST(Ratios, ReadsAndHitsAreEachVolumesOwnAndMove) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    for (const char* field : {"read_hit_percent", "reads"}) {
      const bool hits = std::string(field) == "read_hit_percent";
      const Series all = day_of(only(seed, "cache"), 5 * kMinute, "rmf_cache", [&](const Row& row) {
        return std::optional(hits ? row[field] : 100 * ratio(row, "read_rate", "io_rate"));
      });
      ASSERT_EQ(all.size(), 4u * kVolumes);
      Values means;
      for (const auto& [key, values] : all) {
        EXPECT_GT(deviation(values), hits ? 0.05 : 0.3) << field << " " << key;
        EXPECT_LT(jump(values), 1.0) << field << " " << key;
        EXPECT_GT(*std::ranges::min_element(values), hits ? 55 : 4) << field << " " << key;
        EXPECT_LT(*std::ranges::max_element(values), hits ? 99.95 : 97) << field << " " << key;
        means.push_back(mean(values));
      }
      EXPECT_GT(deviation(means), hits ? 1.2 : 8) << field;
    }
  }
}

// Batch reads whole data sets, which are read ahead, and writes more than online work does.
TEST(Ratios, BatchIsSequential) {
  double better = 0;  // of hits, over the worlds: one may have bad nights
  for (const std::uint64_t seed : seeds(8)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(options(seed));
    const auto of = [&](Time hour, const char* part, const char* whole) {
      double parts = 0, all = 0;
      for (int i = 0; i < 6; ++i) {
        const Rows rows = machine.at(kWednesday + hour + i * 9 * kMinute);
        parts += sum(rows, "rmf_cache", part, {{"lpar", "PROD01"}, {"volume", "U"}});
        all += sum(rows, "rmf_cache", whole, {{"lpar", "PROD01"}, {"volume", "U"}});
      }
      return parts / all;
    };
    EXPECT_GT(of(10 * kHour, "read_rate", "io_rate"),
              of(23 * kHour, "read_rate", "io_rate") + 0.03);
    better +=
        of(23 * kHour, "read_hit_rate", "read_rate") - of(10 * kHour, "read_hit_rate", "read_rate");
    const auto sequential = [&](Time hour) {
      const Rows rows = machine.at(kWednesday + hour);
      const double part = sum(rows, "hitachi_ldev", "sequential_read_rate", {{"lpar", "PROD01"}});
      return part / (part + sum(rows, "hitachi_ldev", "random_read_rate", {{"lpar", "PROD01"}}));
    };
    EXPECT_LT(sequential(10 * kHour), sequential(23 * kHour) - 0.1);
  }
  EXPECT_GT(better, 0);
}

TEST(Ratios, OffloadAndCostOfTransactionsMoveSlowly) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const auto check = [&](const char* part, const char* whole, double least) {
      const Series all = day_of(only(seed, "workload"), 2 * kMinute, "rmf_workload",
                                [&](const Row& row) -> std::optional<double> {
                                  if (row.label("service_class") != "DDFMED") return std::nullopt;
                                  return ratio(row, part, whole);
                                });
      ASSERT_EQ(all.size(), 4u);
      std::set<int> means;
      for (const auto& [key, values] : all) {
        EXPECT_GT(deviation(values), least * mean(values)) << part << " " << key;
        EXPECT_LT(deviation(values), 0.4 * mean(values)) << part << " " << key;
        EXPECT_LT(jump(values), 0.8) << part << " " << key;
        means.insert(static_cast<int>(1e6 * mean(values)));
      }
      EXPECT_EQ(means.size(), 4u) << part;
    };
    check("ziip_percent", "appl_percent", 0.03);
    check("appl_percent", "transaction_rate", 0.01);
    check("io_rate", "transaction_rate", 0.01);
  }
}

TEST(Ratios, SynchronousRequestsAndStructuresMove) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    const Series links = day_of(only(seed, "cf"), 10 * kMinute, "rmf_cf_link", [](const Row& row) {
      return std::optional(row["sync_rate"] / (row["sync_rate"] + row["async_rate"]));
    });
    for (const auto& [key, values] : links) {
      EXPECT_GT(deviation(values), 0.005) << key;
      EXPECT_NEAR(mean(values), 0.75, 0.12) << key;
    }
  }
}

// Names of address spaces: legal, of the LPAR, and always the same.
TEST(Names, JobsAreNamedAsInstallationsDo) {
  for (const std::uint64_t seed : seeds(40)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    LparConfig l;
    l.sysplex = "SYSPLEX01";
    const std::string first = "ABCDEFGHIJKLMNOPQRSTUVWXYZ@#$", more = first + "0123456789";
    l.name = first[random() % first.size()];
    while (random() % 6 != 0 && l.name.size() < 8) l.name += more[random() % more.size()];
    std::set<std::string> names;
    for (std::size_t j = 0; j < kJobs; ++j) {
      const std::string name = job_name(l, j);
      EXPECT_TRUE(names.insert(name).second) << l.name << " has two " << name;
      EXPECT_LE(name.size(), 8u) << name;
      EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$*"),
                std::string::npos)
          << name;
      EXPECT_EQ(name, job_name(l, j));
    }
  }
  EXPECT_EQ(system_id("PROD01"), "P1");
  EXPECT_EQ(system_id("BATCH11"), "BB");
  EXPECT_EQ(system_id("SYSA"), "SA");
}

TEST(Names, OnlySystemAddressSpacesAreEverywhere) {
  const Rows rows = Machine(only(1, "proc")).at(kWednesday + 10 * kHour);
  std::map<std::string, std::set<std::string>> lpars_of;
  for (const Row& row : rows.at("rmf_proc")) lpars_of[row.label("job")].insert(row.label("lpar"));
  std::set<std::string> everywhere;
  for (const auto& [job, lpars] : lpars_of) {
    if (lpars.size() > 1) everywhere.insert(job);
  }
  EXPECT_EQ(everywhere, (std::set<std::string>{"*MASTER*", "JES2", "RMFGAT", "TCPIP", "XCFAS"}));
}

// Queues come of arrivals and servers.
TEST(Queues, MessagesWaitWhereServersAreBusy) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(only(seed, "documented"));
    double night = 0, peak = 0;
    std::set<double> depths;
    for (int i = 0; i < 12; ++i) {
      const std::map<std::string, std::string> mq{{"lpar", "PROD01"}, {"queue_type", "MQ"}};
      const auto depth = [&](Time at) {
        return sum(machine.at(kWednesday + at + i * 20 * kMinute), "rmf_mpb_queue", "depth", mq);
      };
      night += depth(1 * kHour);
      const double now = depth(9 * kHour);
      peak += now;
      depths.insert(now);
    }
    EXPECT_GT(peak, 2 * night);
    EXPECT_GT(depths.size(), 2u);
    EXPECT_LT(peak / 12, 3000);
  }
}

TEST(Queues, DocumentedDepthsAreThoseOfTheFormula) {
  for (const std::uint64_t seed : seeds(6)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Time about = random_time(random);
    Options o = random_options(random, about);
    o.profile = Profile::kDocumented;
    Machine machine(o);
    for (int i = 0; i < 20; ++i) {
      const Rows rows = machine.at(about + i * kHour);
      for (const Row* row : where(rows, "rmf_mpb_queue", {})) {
        const double rate = sum(rows, "rmf_mpb_processing", "rate", row->labels);
        EXPECT_GE((*row)["depth"], std::max(1.0, std::floor(rate / 1000 * 0.1)));
        EXPECT_LE((*row)["depth"], std::max(1.0, std::ceil(rate / 1000 * 0.5)));
      }
    }
  }
}

// Goals are met most of the time and missed at peaks: of batch, in the night.
TEST(Goals, AreMissedAtPeaks) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(only(seed, "workload"));
    Series index;
    for (Time t = *parse_time("2025-03-10"); t < *parse_time("2025-03-15"); t += 10 * kMinute) {
      const Rows rows = machine.at(t);
      for (const Row* row : where(rows, "rmf_workload", {})) {
        const auto found = row->fields.find("performance_index");
        if (found == row->fields.end()) continue;
        index[row->label("lpar") + "/" + row->label("service_class")].push_back(found->second);
      }
    }
    std::size_t missed = 0;
    for (auto& [key, values] : index) {
      std::ranges::sort(values);
      const auto part = [&](double p) {
        return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
      };
      EXPECT_GT(part(0.05), 0.55) << key;
      EXPECT_LT(part(0.5), 1.15) << key;
      // Batch gives way where online work needs the engines.
      EXPECT_LT(part(0.95), key.ends_with("BATMED") ? 2.8 : 1.9) << key;
      EXPECT_GT(part(0.99), 0.8) << key;
      missed += part(0.98) > 1 ? 1u : 0u;
    }
    EXPECT_GT(missed, index.size() / 2);
    EXPECT_GT(index.at("BATCH01/BATMED").back(), 1.0);
    EXPECT_LT(index.at("BATCH01/BATMED")[index.at("BATCH01/BATMED").size() / 2], 0.95);
  }
}

}  // namespace
}  // namespace rmf::testing
