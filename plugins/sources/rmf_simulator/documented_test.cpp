// The levels of the design documents, which `profile: documented` keeps: by type of LPAR in the
// hours of its peak; and that a transaction costs as much on every LPAR.
#include <gtest/gtest.h>

#include <numeric>

#include "fixture.hpp"

namespace rmf::testing {
namespace {

using Labels = std::map<std::string, std::string>;

struct Level {
  const char* measurement;
  const char* field;
  Labels labels;
  double base;
};
// As the documents have them, before their load factor.
const std::vector<Level> kDevices{
    {"rmf_ldev_utilization", "percent", {{"device_id", "3390"}}, 40},
    {"rmf_ldev_utilization", "percent", {{"device_id", "flashcopy"}}, 55},
    {"rmf_ldev_utilization", "percent", {{"device_id", "tape"}}, 25},
    {"rmf_ports_utilization", "percent", {{"port_type", "OSA"}}, 35},
    {"rmf_ports_utilization", "percent", {{"port_type", "Hipersocket"}}, 15},
    {"rmf_ports_utilization", "percent", {{"port_type", "FICON"}}, 45},
    {"rmf_volumes_utilization", "percent", {{"volume_type", "SYSRES"}}, 60},
    {"rmf_volumes_utilization", "percent", {{"volume_type", "WORK"}}, 45},
    {"rmf_volumes_utilization", "percent", {{"volume_type", "USER"}}, 35},
    {"rmf_volumes_utilization", "percent", {{"volume_type", "TEMP"}}, 25},
    {"rmf_volumes", "iops", {{"volume_type", "SYSRES"}}, 1500},
    {"rmf_volumes", "iops", {{"volume_type", "WORK"}}, 800},
    {"rmf_volumes", "iops", {{"volume_type", "USER"}}, 600},
    {"rmf_volumes", "iops", {{"volume_type", "TEMP"}}, 400},
};
const std::vector<Level> kOfProduction{
    {"rmf_cpu_utilization", "percent", {{"cpu_type", "general_purpose"}}, 45},
    {"rmf_mpb_processing", "rate", {{"queue_type", "CICS"}}, 5000},
    {"rmf_mpb_processing", "rate", {{"queue_type", "IMS"}}, 3000},
    {"rmf_mpb_processing", "rate", {{"queue_type", "MQ"}}, 2000},
};

struct Type {
  const char* lpar;
  double factor, size;  // the documents', and CPs by those of production
  std::vector<int> hours;
  bool production;
};
const std::vector<Type> kTypes{{"PROD01", 1.4, 16 / 15.0, {8, 9, 10, 14, 15, 16}, true},
                               {"PROD02", 1.4, 12 / 15.0, {8, 9, 10, 14, 15, 16}, true},
                               {"BATCH01", 1.8, 8 / 15.0, {22, 23, 0, 1, 2, 3, 4}, false},
                               {"TEST01", 1.8, 4 / 15.0, {9, 10, 11, 15, 16, 17}, false}};

Options documented_options(std::uint64_t seed) {
  Options o = options(seed);
  o.profile = Profile::kDocumented;
  o.reports = {"documented", "workload"};
  return o;
}

TEST(Documented, LevelsAreThoseOfTheDocumentsInTheHoursOfThePeak) {
  const std::vector<std::uint64_t> worlds = seeds(8);
  std::map<std::string, double> parts;  // of what is wanted, means of all worlds
  for (const std::uint64_t seed : worlds) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(documented_options(seed));
    for (const Type& type : kTypes) {
      std::vector<Level> levels = kDevices;
      if (type.production) {
        levels.insert(levels.end(), kOfProduction.begin(), kOfProduction.end());
      }
      std::vector<double> total(levels.size());
      int samples = 0;
      for (Time day = *parse_time("2025-03-10"); day < *parse_time("2025-03-15"); day += kDay) {
        for (const int hour : type.hours) {
          const Rows rows = machine.at(day + hour * kHour + 30 * kMinute);
          ++samples;
          for (std::size_t i = 0; i < levels.size(); ++i) {
            Labels labels = levels[i].labels;
            labels["lpar"] = type.lpar;
            total[i] += mean(rows, levels[i].measurement, levels[i].field, labels);
          }
        }
      }
      for (std::size_t i = 0; i < levels.size(); ++i) {
        const double wanted = levels[i].base * type.factor * type.size;
        const std::string name = std::string(levels[i].measurement) + " " + levels[i].field + " " +
                                 levels[i].labels.begin()->second;
        const std::string of = type.production ? "production" : type.lpar;
        const double part = total[i] / samples / wanted / static_cast<double>(worlds.size());
        parts[of + " " + name] += type.production ? part * type.size / 2 : part;
      }
    }
  }
  EXPECT_EQ(parts.size(), 3 * kDevices.size() + kOfProduction.size());
  if (worlds.size() == 1) return;
  for (const auto& [name, part] : parts) {
    // The few volumes of one LPAR may be more popular or slower than usual in all the worlds.
    EXPECT_NEAR(part, 1, name.starts_with("production") ? 0.25 : 0.40) << name;
  }
}

// Of every class that counts transactions, on LPARs of any kind and size.
TEST(Documented, ATransactionCostsAsMuchOnEveryLpar) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Machine machine(documented_options(seed));
    for (const Time time : {3 * kHour, 10 * kHour, 15 * kHour}) {
      const Rows rows = machine.at(kWednesday + time);
      for (const auto& [queue, service] : {std::pair{"CICS", "CICSHIGH"},
                                           {"IMS", "IMSHIGH"},
                                           {"MQ", "MQHIGH"},
                                           {"BATCH", "BATMED"}}) {
        double least = 1e9, most = 0;
        for (const Type& type : kTypes) {
          const double percent = sum(rows, "rmf_workload", "appl_percent",
                                     {{"lpar", type.lpar}, {"service_class", service}});
          const double rate =
              sum(rows, "rmf_mpb_processing", "rate", {{"lpar", type.lpar}, {"queue_type", queue}});
          ASSERT_GT(rate, 0) << type.lpar << " " << queue;
          least = std::min(least, percent / rate);
          most = std::max(most, percent / rate);
        }
        EXPECT_LT(most, 2 * least) << queue;
      }
    }
  }
}

}  // namespace
}  // namespace rmf::testing
