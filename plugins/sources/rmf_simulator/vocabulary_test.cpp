// The documented vocabulary: every metric with its name, type, labels, label values and buckets.
#include <gtest/gtest.h>

#include <set>

#include "fixture.hpp"

namespace rmf::testing {
namespace {

struct Metric {
  const char* measurement;
  const char* field;
  const char* flat_name;  // as Prometheus has it
  weir_type type;
  const char* unit;
  std::vector<std::string> labels;  // after sysplex and lpar
  std::size_t series;               // of an LPAR
  std::vector<std::string> values;  // of the label that says what it is
};

std::vector<std::string> numbered(const std::string& prefix, int count, int digits) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) {
    std::string n = std::to_string(i);
    n.insert(0, static_cast<std::size_t>(digits) - n.size(), '0');
    all.push_back(prefix + n);
  }
  return all;
}
std::vector<std::string> together(std::initializer_list<std::vector<std::string>> lists) {
  std::vector<std::string> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

const std::vector<std::string> kPortIds =
    together({numbered("OSA_", 4, 2), numbered("Hipersocket_", 2, 2), numbered("FICON_", 8, 2)});
const std::vector<std::string> kVolumeIds =
    together({numbered("SYSRES", 2, 3), numbered("WORK", 15, 3), numbered("USER", 25, 3),
              numbered("TEMP", 8, 3)});
const std::vector<std::string> kQueues{"CICS", "IMS", "MQ", "BATCH"};
const std::vector<std::string> kLinksOf{"CF01", "CF02", "CF03", "CF04"};

const std::vector<Metric> kMetrics{
    {"rmf_cpu_utilization",
     "percent",
     "rmf_cpu_utilization_percent",
     WEIR_F64,
     "percent",
     {"cpu_type"},
     3,
     {"general_purpose", "ziip", "zaap"}},
    {"rmf_memory_usage",
     "bytes",
     "rmf_memory_usage_bytes",
     WEIR_I64,
     "bytes",
     {"memory_type"},
     3,
     {"real_storage", "virtual_storage", "csa"}},
    {"rmf_ldev_response_time",
     "seconds",
     "rmf_ldev_response_time_seconds",
     WEIR_HISTOGRAM,
     "seconds",
     {"device_type"},
     3,
     {"3390", "flashcopy", "tape"}},
    {"rmf_ldev_utilization",
     "percent",
     "rmf_ldev_utilization_percent",
     WEIR_F64,
     "percent",
     {"device_id"},
     40,
     together({numbered("3390_", 20, 2), numbered("flashcopy_", 8, 2), numbered("tape_", 12, 2)})},
    {"rmf_clpr_service_time",
     "microseconds",
     "rmf_clpr_service_time_microseconds",
     WEIR_HISTOGRAM,
     "microseconds",
     {"cf_link"},
     4,
     kLinksOf},
    {"rmf_clpr_request",
     "rate",
     "rmf_clpr_request_rate",
     WEIR_F64,
     "",
     {"cf_link", "request_type"},
     8,
     {"synchronous", "asynchronous"}},
    {"rmf_mpb_processing",
     "rate",
     "rmf_mpb_processing_rate",
     WEIR_F64,
     "",
     {"queue_type"},
     4,
     kQueues},
    {"rmf_mpb_queue", "depth", "rmf_mpb_queue_depth", WEIR_I64, "", {"queue_type"}, 4, kQueues},
    {"rmf_ports_utilization",
     "percent",
     "rmf_ports_utilization_percent",
     WEIR_F64,
     "percent",
     {"port_type", "port_id"},
     14,
     kPortIds},
    {"rmf_ports_throughput",
     "mbps",
     "rmf_ports_throughput_mbps",
     WEIR_F64,
     "",
     {"port_type", "port_id"},
     14,
     kPortIds},
    {"rmf_volumes_utilization",
     "percent",
     "rmf_volumes_utilization_percent",
     WEIR_F64,
     "percent",
     {"volume_type", "volume_id"},
     50,
     kVolumeIds},
    {"rmf_volumes",
     "iops",
     "rmf_volumes_iops",
     WEIR_I64,
     "",
     {"volume_type", "volume_id"},
     50,
     kVolumeIds},
};

// The field as it was registered, of the first batch of the measurement.
const weir_field* field_of(Machine& machine, const Metric& metric, const weir_measurement*& m) {
  for (const weir_batch* b : machine.agent().emitted()) {
    if (std::string(b->measurement->name) != metric.measurement) continue;
    m = b->measurement;
    for (std::uint32_t f = 0; f < m->field_count; ++f) {
      if (std::string(m->fields[f]->name) == metric.field) return m->fields[f];
    }
  }
  return nullptr;
}

TEST(Vocabulary, IsTheDocumentedOne) {
  Options o = options();
  o.reports = {"documented"};
  Machine machine(o);
  const Rows rows = machine.at(kWednesday);
  EXPECT_EQ(rows.size(), kMetrics.size());
  for (const Metric& metric : kMetrics) {
    SCOPED_TRACE(metric.flat_name);
    const weir_measurement* m = nullptr;
    const weir_field* field = field_of(machine, metric, m);
    ASSERT_NE(field, nullptr);
    const std::string flat =
        field->flat_name != nullptr ? field->flat_name : std::string(m->name) + "_" + field->name;
    EXPECT_EQ(flat, metric.flat_name);
    EXPECT_EQ(field->type, metric.type);
    EXPECT_EQ(field->metric, WEIR_GAUGE);
    EXPECT_STREQ(field->unit, metric.unit);
    EXPECT_NE(std::string(field->help), "");
    EXPECT_EQ(m->field_count, 1u);  // one table each
    std::vector<std::string> labels{"sysplex", "lpar"};
    labels.insert(labels.end(), metric.labels.begin(), metric.labels.end());
    EXPECT_EQ(std::vector<std::string>(m->labels, m->labels + m->label_count), labels);

    for (const char* lpar : {"PROD01", "PROD02", "BATCH01", "TEST01"}) {
      const auto found =
          where(rows, metric.measurement, {{"sysplex", "SYSPLEX01"}, {"lpar", lpar}});
      EXPECT_EQ(found.size(), metric.series) << lpar;
      std::set<std::string> values;
      for (const Row* row : found) values.insert(row->label(metric.labels.back()));
      EXPECT_EQ(values, std::set<std::string>(metric.values.begin(), metric.values.end()));
    }
    EXPECT_EQ(rows.at(metric.measurement).size(), 4 * metric.series);
  }
}

TEST(Vocabulary, HistogramsHaveTheDocumentedBuckets) {
  Machine machine(options());
  machine.at(kWednesday);
  const weir_measurement* m = nullptr;
  const weir_field* seconds = field_of(machine, kMetrics[2], m);
  ASSERT_NE(seconds, nullptr);
  EXPECT_EQ(std::vector<double>(seconds->bounds, seconds->bounds + seconds->bound_count),
            (std::vector<double>{.001, .005, .01, .025, .05, .1, .25, .5, 1}));
  const weir_field* micros = field_of(machine, kMetrics[4], m);
  ASSERT_NE(micros, nullptr);
  EXPECT_EQ(std::vector<double>(micros->bounds, micros->bounds + micros->bound_count),
            (std::vector<double>{1, 5, 10, 25, 50, 100, 250, 500, 1000}));
}

// 274 samples of an LPAR: a histogram is its buckets, +Inf, sum and count.
TEST(Vocabulary, FourLparsMakeTheDocumentedNumberOfSamples) {
  Options o = options();
  o.reports = {"documented"};
  Machine machine(o);
  std::size_t samples = 0;
  for (const auto& [name, all] : machine.at(kWednesday)) {
    for (const Row& row : all) {
      samples += row.fields.size();
      for (const auto& [field, h] : row.histograms) samples += h.buckets.size() + 2;
    }
  }
  EXPECT_EQ(samples, 1096u);
}

TEST(Vocabulary, EveryReportCanBeAskedForAloneAndHasHelp) {
  for (const char* report : kReportNames) {
    SCOPED_TRACE(report);
    Options o = options();
    o.reports = {report};
    Machine machine(o);
    EXPECT_FALSE(machine.at(kWednesday).empty());
    for (const weir_batch* b : machine.agent().emitted()) {
      EXPECT_STRNE(b->measurement->help, "");
      for (std::uint32_t f = 0; f < b->measurement->field_count; ++f) {
        EXPECT_STRNE(b->measurement->fields[f]->help, "") << b->measurement->fields[f]->name;
      }
    }
  }
}

TEST(Vocabulary, ALongCollectionEndsWhenTheAgentStops) {
  Machine machine(options());
  machine.agent().set_stopping(true);
  EXPECT_TRUE(machine.at(kWednesday).empty());
  machine.agent().set_stopping(false);
  EXPECT_FALSE(machine.at(kWednesday).empty());
}

// The documents' metrics about simulating measure the machine: only where now is simulated.
TEST(Vocabulary, SelfMetricsAreOfThePresent) {
  Options o = options();
  o.reports = {"documented"};
  o.self_metrics = true;
  Machine machine(o);
  EXPECT_EQ(machine.at(kWednesday).count("rmf_active"), 0u);
  const Time now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  machine.at(now - 15 * kSecond);
  const Rows rows = machine.at(now);
  ASSERT_EQ(rows.count("rmf_metrics_generated"), 1u);
  std::set<std::string> types;
  double generated = 0;
  for (const Row& row : rows.at("rmf_metrics_generated")) {
    types.insert(row.label("metric_type"));
    generated += row["total"];
  }
  EXPECT_EQ(types,
            (std::set<std::string>{"cpu", "memory", "ldev", "clpr", "mpb", "ports", "volumes"}));
  EXPECT_EQ(generated, 3 * 4 * 197);  // values, a histogram being one
  EXPECT_EQ(rows.at("rmf_active")[0]["lpars"], 4);
  EXPECT_EQ(rows.at("rmf_simulation_duration")[0].histograms.at("seconds").count, 2u);
  EXPECT_NEAR(rows.at("rmf_metrics_generated_per")[0]["second"], 4 * 197 / 15.0, 0.01);
}

}  // namespace
}  // namespace rmf::testing
