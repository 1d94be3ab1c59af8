// Each scenario leaves the trail that an analyst expects, in every metric that it should touch, and
// none before and long after it. All are compared with the same world without the scenario.
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace rmf::testing {
namespace {

const std::map<std::string, std::string> kProd{{"lpar", "PROD01"}};

class Trail {
 public:
  Trail(ScenarioKind kind, const char* start, const char* end, double intensity = 1,
        const char* target = "")
      : start_(*parse_time(start)), end_(*parse_time(end)) {
    Options o = options(5);
    usual_ = std::make_unique<Machine>(o);
    o.scenarios = {scenario_options(kind, start, end, {"PROD01"})};
    o.scenarios[0].intensity = intensity;
    o.scenarios[0].target = target;
    troubled_ = std::make_unique<Machine>(o);
  }

  // A quarter of an hour before it there is no trace of it.
  void expect_nothing_before() {
    EXPECT_EQ(usual_->text(start_ - 15 * kMinute), troubled_->text(start_ - 15 * kMinute));
  }
  void look(Time after_start) {
    usual = usual_->at(start_ + after_start);
    troubled = troubled_->at(start_ + after_start);
  }
  void look_after(Time after_end) { look(end_ - start_ + after_end); }

  // Troubled by usual of a field, over PROD01 and more labels.
  double ratio(const std::string& measurement, const std::string& field,
               std::map<std::string, std::string> labels = {}) const {
    labels.insert(kProd.begin(), kProd.end());
    const double was = sum(usual, measurement, field, labels);
    EXPECT_GT(was, 0) << measurement << "_" << field;
    return sum(troubled, measurement, field, labels) / was;
  }
  double now(const std::string& measurement, const std::string& field,
             std::map<std::string, std::string> labels = {}) const {
    labels.insert(kProd.begin(), kProd.end());
    return sum(troubled, measurement, field, labels);
  }
  Machine& machine() { return *troubled_; }
  Time start() const { return start_; }
  Time end() const { return end_; }

  Rows usual, troubled;

 private:
  Time start_, end_;
  std::unique_ptr<Machine> usual_, troubled_;
};

TEST(Scenario, CpuLoop) {
  Trail t(ScenarioKind::kCpuLoop, "2025-03-12T10:00:00Z", "2025-03-12T14:00:00Z", 4, "CICSP1A1");
  t.expect_nothing_before();
  t.look(30 * kMinute);
  EXPECT_GT(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 1.2);
  EXPECT_GT(t.ratio("rmf_proc", "appl_percent", {{"job", "CICSP1A1"}}), 2.5);
  EXPECT_LT(t.ratio("rmf_proc", "appl_percent", {{"job", "CICSP1A2"}}), 1.02);
  EXPECT_GT(t.ratio("rmf_lpar", "actual_msu"), 1.2);
  EXPECT_GT(t.ratio("rmf_workload", "response_time_seconds", {{"service_class", "DDFMED"}}), 1.02);
  EXPECT_LT(t.ratio("rmf_workload", "execution_velocity_percent", {{"service_class", "BATMED"}}),
            0.9);
  // A loop does no work: neither transactions nor requests to devices.
  EXPECT_LT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "CICS"}}), 1.01);
  EXPECT_LT(t.ratio("rmf_volumes", "iops"), 1.02);
  t.look(3 * kHour + 30 * kMinute);
  EXPECT_GT(t.ratio("rmf_lpar", "rolling_average_msu"), 1.2);
  t.look_after(5 * kHour);
  EXPECT_NEAR(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 1, 0.01);
  EXPECT_NEAR(t.ratio("rmf_lpar", "rolling_average_msu"), 1, 0.01);
}

TEST(Scenario, BatchOverrun) {
  Trail t(ScenarioKind::kBatchOverrun, "2025-03-12T05:00:00Z", "2025-03-12T10:30:00Z");
  t.look(5 * kHour);
  EXPECT_GT(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 1.15);
  EXPECT_GT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "BATCH"}}), 3);
  EXPECT_GT(t.ratio("rmf_volumes", "iops", {{"volume_type", "WORK"}}), 1.5);
  EXPECT_GT(t.ratio("rmf_volumes", "iops", {{"volume_type", "TEMP"}}), 1.5);
  EXPECT_GT(t.ratio("rmf_ldev_utilization", "percent", {{"device_id", "tape"}}), 2);
  EXPECT_GT(t.ratio("rmf_ports_throughput", "mbps", {{"port_type", "FICON"}}), 1.3);
  EXPECT_GT(t.ratio("rmf_workload", "response_time_seconds", {{"service_class", "CICSHIGH"}}),
            1.03);
}

TEST(Scenario, PagingStorm) {
  Trail t(ScenarioKind::kPagingStorm, "2025-03-12T13:00:00Z", "2025-03-12T15:00:00Z");
  t.look(kHour);
  EXPECT_LT(t.ratio("rmf_storage", "available_frames"), 0.25);
  EXPECT_LT(t.ratio("rmf_storage", "uic"), 0.5);
  EXPECT_GT(t.now("rmf_storage", "page_in_rate"), 50);
  EXPECT_EQ(sum(t.usual, "rmf_storage", "page_in_rate", kProd), 0);
  EXPECT_GT(t.now("rmf_delay", "storage_delay_percent", {{"service_class", "CICSHIGH"}}), 0);
  EXPECT_GT(t.ratio("rmf_workload", "response_time_seconds", {{"service_class", "CICSHIGH"}}), 1.1);
  EXPECT_GT(t.ratio("rmf_memory_usage", "bytes", {{"memory_type", "real"}}), 1.15);
  EXPECT_LT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "CICS"}}), 0.97);
  // What was moved out comes back for hours, fewer and fewer of it.
  t.look_after(kHour);
  const double tail = t.now("rmf_storage", "page_in_rate");
  EXPECT_GT(tail, 1);
  EXPECT_EQ(t.now("rmf_storage", "page_out_rate"), 0);
  t.look_after(3 * kHour);
  EXPECT_LT(t.now("rmf_storage", "page_in_rate"), 0.3 * tail);
}

TEST(Scenario, SlowControlUnit) {
  Trail t(ScenarioKind::kSlowControlUnit, "2025-03-12T09:30:00Z", "2025-03-12T11:00:00Z", 1, "CU1");
  t.look(45 * kMinute);
  EXPECT_GT(t.ratio("rmf_device", "disc_time_seconds", {{"control_unit", "CU1"}}), 5);
  EXPECT_GT(t.ratio("rmf_device", "iosq_time_seconds", {{"control_unit", "CU1"}}), 10);
  EXPECT_LT(t.ratio("rmf_device", "activity_rate", {{"control_unit", "CU1"}}), 0.85);
  // Who queues finds every exposure of the device busy.
  for (const Row* d : where(t.troubled, "rmf_device", {{"lpar", "PROD01"}})) {
    if ((*d)["iosq_time_seconds"] > 0.005) {
      EXPECT_GT((*d)["in_flight"], 1) << d->label("volume");
    }
  }
  EXPECT_NEAR(t.ratio("rmf_device", "disc_time_seconds", {{"control_unit", "CU2"}}), 1, 0.1);
  EXPECT_GT(t.ratio("rmf_workload", "response_time_seconds", {{"service_class", "CICSHIGH"}}), 1.2);
  EXPECT_GT(t.ratio("rmf_delay", "device_delay_percent", {{"service_class", "DDFMED"}}), 1.5);
  EXPECT_LT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "CICS"}}), 0.97);
  const auto pending = [](const Rows& rows) {
    return sum(rows, "hitachi_clpr", "write_pending_percent", {{"clpr", "CLPR0"}});
  };
  EXPECT_GT(pending(t.troubled), 1.2 * pending(t.usual));
  // The documented histogram sees it too: more long requests.
  const auto longer = [](const Rows& rows) {
    const auto found =
        where(rows, "rmf_ldev_response_time", {{"lpar", "PROD01"}, {"device_type", "3390"}});
    const Row::Histogram& h = found[0]->histograms.at("seconds");
    return static_cast<double>(h.count - h.buckets[0] - h.buckets[1]);
  };
  EXPECT_GT(longer(t.troubled), 5 * (longer(t.usual) + 1));
}

TEST(Scenario, CfLinkLoss) {
  Trail t(ScenarioKind::kCfLinkLoss, "2025-03-12T14:00:00Z", "2025-03-12T15:30:00Z", 1, "CF02");
  t.look(kHour);
  EXPECT_LT(t.now("rmf_clpr_request", "rate", {{"cf_link", "CF02"}}), 1);
  for (const char* link : {"CF01", "CF03", "CF04"}) {
    EXPECT_GT(t.ratio("rmf_clpr_request", "rate", {{"cf_link", link}}), 1.2) << link;
    EXPECT_GT(t.ratio("rmf_cf_link", "sync_service_seconds", {{"cf_link", link}}), 1.1) << link;
  }
  EXPECT_NEAR(t.ratio("rmf_clpr_request", "rate"), 1, 0.02);  // others take them over
  EXPECT_GT(t.now("rmf_cf_link", "converted_rate"),
            sum(t.usual, "rmf_cf_link", "converted_rate", kProd) + 10);
  t.look_after(kHour);
  EXPECT_NEAR(t.ratio("rmf_clpr_request", "rate", {{"cf_link", "CF02"}}), 1, 0.001);
}

TEST(Scenario, StorageLeak) {
  Trail t(ScenarioKind::kStorageLeak, "2025-03-12T06:00:00Z", "2025-03-12T20:00:00Z", 0.4);
  double before = 0;
  for (int hour = 1; hour < 14; ++hour) {
    t.look(hour * kHour);
    const double more =
        t.now("rmf_common_storage", "used_bytes", {{"area", "ecsa"}}) -
        sum(t.usual, "rmf_common_storage", "used_bytes", {{"lpar", "PROD01"}, {"area", "ecsa"}});
    EXPECT_GT(more, before);
    before = more;
  }
  EXPECT_GT(t.ratio("rmf_memory_usage", "bytes", {{"memory_type", "csa"}}), 1.3);
  EXPECT_LE(t.now("rmf_common_storage", "used_percent", {{"area", "ecsa"}}), 100);
  EXPECT_LT(t.ratio("rmf_storage", "available_frames"), 1);
  EXPECT_GT(t.ratio("rmf_storage_class", "frames", {{"frame_class", "csa"}}), 1.2);
  t.look_after(kHour);
  EXPECT_GT(t.ratio("rmf_memory_usage", "bytes", {{"memory_type", "csa"}}), 1.3);
}

TEST(Scenario, AnIplGivesLeakedStorageBack) {
  Options o = options(5);
  Machine usual(o);
  o.scenarios = {
      scenario_options(ScenarioKind::kStorageLeak, "2025-03-12T02:00:00Z", "2025-03-12T08:00:00Z"),
      scenario_options(ScenarioKind::kIpl, "2025-03-12T10:00:00Z", "2025-03-12T10:20:00Z")};
  Machine troubled(o);
  const auto csa = [](Machine& machine, Time after) {
    return sum(machine.at(kWednesday + after), "rmf_memory_usage", "bytes",
               {{"lpar", "PROD01"}, {"memory_type", "csa"}});
  };
  EXPECT_GT(csa(troubled, 9 * kHour), 1.2 * csa(usual, 9 * kHour));
  EXPECT_NEAR(csa(troubled, 12 * kHour), csa(usual, 12 * kHour), 1e6);
}

// Batch that overruns comes and drains over many minutes.
TEST(Scenario, BatchOverrunHasNoSteps) {
  Trail t(ScenarioKind::kBatchOverrun, "2025-03-12T06:00:00Z", "2025-03-12T09:00:00Z");
  const auto rate = [&](Time after_end) {
    t.look_after(after_end);
    return t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "BATCH"}});
  };
  const double during = rate(0), draining = rate(15 * kMinute);
  EXPECT_GT(during, 3);
  EXPECT_LT(draining, 0.8 * during);
  EXPECT_GT(draining, 1.5);
}

// What comes slowly is not there at once, and what breaks is; then its queues fill.
TEST(Scenario, OnsetsAreAuthentic) {
  const auto rising = [](Trail& t, const std::function<double()>& ratio, Time early, Time late) {
    t.look(late + 3 * kMinute);
    const double most = ratio();
    ASSERT_GT(most, 1);
    double before = 0.97;
    for (Time after = 0; after <= late; after += 30 * kSecond) {
      t.look(after);
      const double now = (ratio() - 1) / (most - 1);
      EXPECT_GT(now, before - 1.1) << after / kSecond << " s";
      EXPECT_LT(now - before, after == 0 ? 1 : 0.45) << "a step at " << after / kSecond << " s";
      if (after <= early) {
        EXPECT_LT(now, 0.4) << after / kSecond << " s";
      }
      before = now;
    }
    EXPECT_GT(before, 0.7);
  };
  Trail loop(ScenarioKind::kCpuLoop, "2025-03-12T10:00:00Z", "2025-03-12T12:00:00Z", 4, "CICSP1A1");
  rising(
      loop,
      [&] {
        return loop.ratio("rmf_proc", "appl_percent", {{"job", "CICSP1A1"}});
      },
      kMinute, 7 * kMinute);
  Trail slow(ScenarioKind::kSlowControlUnit, "2025-03-12T09:30:00Z", "2025-03-12T11:00:00Z", 1,
             "CU1");
  rising(
      slow,
      [&] {
        return slow.ratio("rmf_device", "disc_time_seconds", {{"control_unit", "CU1"}});
      },
      3 * kMinute, 14 * kMinute);
  Trail lost(ScenarioKind::kCfLinkLoss, "2025-03-12T14:00:00Z", "2025-03-12T15:30:00Z", 1, "CF02");
  rising(
      lost,
      [&] {
        return lost.ratio("rmf_cf_link", "sync_service_seconds", {{"cf_link", "CF01"}});
      },
      kMinute, 8 * kMinute);
  lost.look(15 * kSecond);
  EXPECT_LT(lost.ratio("rmf_clpr_request", "rate", {{"cf_link", "CF02"}}), 0.001);
  EXPECT_GT(lost.ratio("rmf_clpr_request", "rate", {{"cf_link", "CF01"}}), 1.2);
}

TEST(Scenario, MonthEnd) {
  Trail t(ScenarioKind::kMonthEnd, "2025-03-12T00:00:00Z", "2025-03-13T12:00:00Z");
  t.look(10 * kHour);
  EXPECT_GT(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 1.08);
  EXPECT_GT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "CICS"}}), 1.1);
  EXPECT_GT(t.ratio("rmf_clpr_request", "rate"), 1.08);
  t.look(23 * kHour + 30 * kMinute);
  EXPECT_GT(t.ratio("rmf_mpb_processing", "rate", {{"queue_type", "BATCH"}}), 1.2);
}

TEST(Scenario, Ipl) {
  Trail t(ScenarioKind::kIpl, "2025-03-12T09:02:00Z", "2025-03-12T09:20:00Z");
  t.expect_nothing_before();
  t.look(5 * kMinute);
  for (const auto& [name, rows] : t.troubled) {
    EXPECT_TRUE(where(t.troubled, "rmf_lpar", kProd).empty()) << name;
    for (const Row& row : rows) {
      const auto lpar = row.labels.find("lpar");
      EXPECT_TRUE(lpar == row.labels.end() || lpar->second != "PROD01") << name;
    }
  }
  EXPECT_EQ(where(t.troubled, "rmf_lpar", {{"lpar", "PROD02"}}).size(), 1u);
  t.look_after(kMinute);
  EXPECT_LT(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 0.6);
  EXPECT_EQ(t.now("rmf_lpar", "rolling_average_msu"), 0);
  const auto counted = [&] {
    return where(t.troubled, "rmf_ldev_response_time", kProd)[0]->histograms.at("seconds").count;
  };
  const std::uint64_t at_first = counted();
  t.look_after(50 * kMinute);
  EXPECT_GT(counted(), at_first);
  EXPECT_NEAR(t.ratio("rmf_cpu_utilization", "percent", {{"cpu_type", "general"}}), 1, 0.03);
  // 48 samples, of which 38 are still 0.
  EXPECT_LT(t.ratio("rmf_lpar", "rolling_average_msu"), 0.45);
  EXPECT_GT(t.now("rmf_lpar", "rolling_average_msu"), 0);
  t.look_after(5 * kHour);
  EXPECT_NEAR(t.ratio("rmf_lpar", "rolling_average_msu"), 1, 0.01);
}

TEST(Scenario, EventsComeOnceAtTheirOwnTime) {
  Trail t(ScenarioKind::kIpl, "2025-03-12T09:02:07Z", "2025-03-12T09:20:00Z");
  std::vector<Row> events;
  for (Time time = t.start() - kMinute; time < t.end() + kMinute; time += 15 * kSecond) {
    const Rows rows = t.machine().at(time);
    const auto found = rows.find("rmf_event");
    if (found != rows.end())
      events.insert(events.end(), found->second.begin(), found->second.end());
  }
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].time, t.start());
  EXPECT_EQ(events[0].label("phase"), "start");
  EXPECT_EQ(events[0].label("scenario"), "ipl");
  EXPECT_EQ(events[0].label("lpar"), "PROD01");
  EXPECT_EQ(events[0].texts.at("type"), "ipl");
  EXPECT_EQ(events[0].texts.at("description"), "IPL of PROD01");
  EXPECT_EQ(events[1].time, t.end());
  EXPECT_EQ(events[1].label("phase"), "end");
}

// LPARs of a full CPC: what one takes, others do without, each by its weight.
TEST(Competition, WeightsDecideWhereEnginesAreShort) {
  Options o = options();
  CpcOptions c;
  c.name = "SMALL";
  c.cps = 10;
  o.cpcs = {c};
  o.lpars.emplace();
  for (const char* name : {"HEAVY", "LIGHT"}) {
    LparOptions l = lpar_options(name, Workload::kOnline, 10);
    l.load = 2;
    l.weight = std::string(name) == "HEAVY" ? 300 : 100;
    o.lpars->push_back(l);
  }
  const Rows rows = Machine(o).at(kWednesday + 10 * kHour);
  const auto effective = [&](const char* lpar) {
    return sum(rows, "rmf_cpc_lpar", "physical_effective_percent",
               {{"lpar", lpar}, {"engine", "cp"}});
  };
  EXPECT_GT(sum(rows, "rmf_cpc_engine", "total_percent", {{"engine", "cp"}}), 94);
  EXPECT_NEAR(effective("HEAVY") / effective("LIGHT"), 3, 0.1);
  EXPECT_LT(mean(rows, "rmf_workload", "execution_velocity_percent",
                 {{"lpar", "LIGHT"}, {"service_class", "BATMED"}}),
            40);
}

TEST(Competition, EnginesAreDividedByWeight) {
  std::vector<double> got(3);
  divide(10, std::vector<double>{2, 20, 20}, std::vector<double>{1, 1, 3}, got);
  EXPECT_EQ(got, (std::vector<double>{2, 2, 6}));
  divide(100, std::vector<double>{2, 20, 0}, std::vector<double>{1, 1, 3}, got);
  EXPECT_EQ(got, (std::vector<double>{2, 20, 0}));
  divide(0, std::vector<double>{2, 20, 0}, std::vector<double>{1, 1, 3}, got);
  EXPECT_EQ(got, (std::vector<double>{0, 0, 0}));
}

}  // namespace
}  // namespace rmf::testing
