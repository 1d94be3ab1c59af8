// What holds in authentic RMF data holds in every row, whatever the configuration, seed and time.
// The random seed is printed with each failure; WEIR_TEST_SEED=n looks at it again.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "model/coupling.hpp"
#include "random_world.hpp"

namespace rmf::testing {
namespace {

using Key = std::map<std::string, std::string>;

Key image(const Row& row) {
  return {{"sysplex", row.label("sysplex")}, {"lpar", row.label("lpar")}};
}
const Row& one(const Rows& rows, const std::string& measurement, const Key& key) {
  const auto found = where(rows, measurement, key);
  EXPECT_FALSE(found.empty()) << measurement;
  static const Row kNone;
  return found.empty() ? kNone : *found.front();
}

void expect_between(double low, double value, double high, const char* what) {
  EXPECT_GE(value, low) << what;
  EXPECT_LE(value, high) << what;
}

// 1, 2, 3: response times are sums of their parts, utilisation and Little's law.
void devices(const Rows& rows) {
  for (const Row* r : where(rows, "rmf_device", {})) {
    const Row& d = *r;
    const double parts = d["iosq_time_seconds"] + d["pend_time_seconds"] + d["disc_time_seconds"] +
                         d["conn_time_seconds"];
    EXPECT_NEAR(d["response_time_seconds"], parts, 1e-12);  // to the last digit printed
    EXPECT_GE(d["pend_time_seconds"] + 1e-12, d["cmr_delay_seconds"] + d["db_delay_seconds"]);
    const double busy =
        100 * d["activity_rate"] * (d["disc_time_seconds"] + d["conn_time_seconds"]);
    if (busy < 75) {
      EXPECT_NEAR(d["utilization_percent"], busy, 0.02 + 0.006 * busy);  // of rounded parts
    }
    expect_between(0, d["utilization_percent"], 100, "utilization");
    const double at_device =
        d["activity_rate"] * (d["response_time_seconds"] - d["iosq_time_seconds"]);
    EXPECT_NEAR(d["in_flight"], at_device, 0.01 + 0.005 * at_device);
    const double queued = d["activity_rate"] * d["iosq_time_seconds"];
    EXPECT_NEAR(d["queued"], queued, 0.01 + 0.005 * queued);
    EXPECT_LE(d["in_flight"], d["pav"]);
    // Nobody queues for a device whose aliases are free.
    if (d["iosq_time_seconds"] > d["response_time_seconds"] / 2) {
      EXPECT_GT(d["in_flight"], 0.6 * d["pav"]);
    }
    EXPECT_GT(d["response_time_seconds"], 0.0001);
  }
}

// 4, 5, 6, 7: partitions and *PHYSICAL* sum to the total; MSU and share follow.
void partitions(const Rows& rows) {
  for (const Row* e : where(rows, "rmf_cpc_engine", {})) {
    double total = 0, weights = 0, shares = 0;
    for (const Row* p :
         where(rows, "rmf_cpc_lpar", {{"cpc", e->label("cpc")}, {"engine", e->label("engine")}})) {
      EXPECT_NEAR((*p)["physical_total_percent"],
                  (*p)["physical_effective_percent"] + (*p)["physical_management_percent"], 0.011);
      total += (*p)["physical_total_percent"];
      weights += (*p)["weight"];
      shares += (*p)["share"];
      if (p->label("lpar") == "*PHYSICAL*") continue;
      const double dispatch = (*p)["logical_total_percent"] * (*p)["logical"];
      EXPECT_NEAR((*p)["physical_total_percent"], dispatch / (*e)["physical"],
                  0.02 + 0.01 * (*p)["logical"] / (*e)["physical"]);
      EXPECT_GE((*p)["logical_total_percent"] + 0.011, (*p)["logical_effective_percent"]);
      expect_between(0, (*p)["logical_total_percent"], 100, "logical");
    }
    EXPECT_NEAR((*e)["total_percent"], total, 0.1);
    expect_between(0, (*e)["total_percent"], 100, "total");
    for (const Row* p :
         where(rows, "rmf_cpc_lpar", {{"cpc", e->label("cpc")}, {"engine", e->label("engine")}})) {
      if (p->label("lpar") == "*PHYSICAL*") continue;
      EXPECT_NEAR((*p)["share"], (*p)["weight"] / weights * (*e)["physical"], 0.0051);
    }
    if (weights > 0) {
      EXPECT_NEAR(shares, (*e)["physical"], 0.1);
    }
  }
  for (const Row* l : where(rows, "rmf_lpar", {})) {
    const Row& p =
        one(rows, "rmf_cpc_lpar",
            {{"sysplex", l->label("sysplex")}, {"lpar", l->label("lpar")}, {"engine", "cp"}});
    const Row& c = one(rows, "rmf_cpc", {{"cpc", p.label("cpc")}});
    EXPECT_NEAR((*l)["actual_msu"], p["physical_total_percent"] / 100 * c["capacity_msu"],
                0.01 + 0.00011 * c["capacity_msu"]);
    // 8: capped only where the rolling average is above the defined capacity.
    if ((*l)["capped"] > 0) {
      EXPECT_GT((*l)["defined_msu"], 0);
      EXPECT_GE((*l)["rolling_average_msu"] + 0.01, (*l)["defined_msu"]);
      EXPECT_LE((*l)["actual_msu"], 1.02 * (*l)["defined_msu"] + 1);
    }
    EXPECT_LE((*l)["actual_msu"], c["capacity_msu"]);
  }
}

// 9: what is eligible for zIIPs is on them or on CPs; spill needs busy zIIPs.
void specialty_engines(const Rows& rows) {
  for (const Row* l : where(rows, "rmf_lpar", {})) {
    const Key key = image(*l);
    const double on_ziip = sum(rows, "rmf_workload", "ziip_percent", key);
    const double on_cp = sum(rows, "rmf_workload", "ziip_on_cp_percent", key);
    const double cp = sum(rows, "rmf_workload", "appl_percent", key);
    Key ziip = key, gp = key, zaap = key;
    zaap["engine"] = "zaap";
    const auto java = where(rows, "rmf_cpc_lpar", zaap);
    const double on_zaap = sum(rows, "rmf_workload", "zaap_percent", key);
    EXPECT_NEAR(on_zaap,
                java.empty() ? 0 : (*java[0])["logical_effective_percent"] * (*java[0])["logical"],
                0.1 + (java.empty() ? 0 : 0.006 * (*java[0])["logical"]));
    ziip["engine"] = "ziip";
    gp["engine"] = "cp";
    const Row& p = one(rows, "rmf_cpc_lpar", gp);
    EXPECT_NEAR(cp, p["logical_effective_percent"] * p["logical"],
                0.1 + 0.006 * p["logical"] + 1e-4 * cp);
    EXPECT_LE(on_cp, cp);
    const auto z = where(rows, "rmf_cpc_lpar", ziip);
    if (z.empty()) {
      EXPECT_EQ(on_ziip, 0);
      continue;
    }
    EXPECT_NEAR(on_ziip, (*z[0])["logical_effective_percent"] * (*z[0])["logical"],
                0.1 + 0.006 * (*z[0])["logical"] + 1e-4 * on_ziip);
    // Their own or, of a pool that others fill, everybody's.
    const Row& pool = one(rows, "rmf_cpc_engine", {{"cpc", p.label("cpc")}, {"engine", "ziip"}});
    if (on_cp > 1) {
      EXPECT_GT(std::max((*z[0])["logical_total_percent"], pool["total_percent"]), 35);
    }
  }
}

// 10, 11: samples sum to 100; workflow; performance index by goal.
void work(const Rows& rows) {
  for (const Row* r : where(rows, "rmf_delay", {})) {
    const Row& d = *r;
    EXPECT_NEAR(d["using_percent"] + d["delay_percent"] + d["idle_percent"] + d["unknown_percent"],
                100, 0.011);
    EXPECT_NEAR(d["processor_using_percent"] + d["device_using_percent"], d["using_percent"], 1e-9);
    EXPECT_NEAR(
        d["processor_delay_percent"] + d["device_delay_percent"] + d["storage_delay_percent"],
        d["delay_percent"], 1e-9);
    const double busy = d["using_percent"] + d["delay_percent"];
    if (busy > 0) {
      EXPECT_NEAR(d["workflow_percent"], 100 * d["using_percent"] / busy, 0.01 + 2 / busy);
    }
    for (const auto& [name, value] : d.fields) expect_between(0, value, 100.000001, name.c_str());
    // A class is the average of its address spaces.
    Key key = image(d);
    key["service_class"] = d.label("service_class");
    for (const char* field : {"using_percent", "delay_percent"}) {
      EXPECT_NEAR(mean(rows, "rmf_proc", field, key), d[field], 0.03) << key["service_class"];
    }
    EXPECT_NEAR(sum(rows, "rmf_proc", "appl_percent", key),
                sum(rows, "rmf_workload", "appl_percent", key), 0.06);
  }
  for (const Row* w : where(rows, "rmf_workload", {})) {
    for (const ServiceSpec& spec : kServiceSpecs) {
      if (w->label("service_class") != spec.name) continue;
      const auto index = w->fields.find("performance_index");
      const double velocity = (*w)["execution_velocity_percent"];
      if (spec.goal == Goal::kResponse) {
        EXPECT_NEAR(index->second, (*w)["response_time_seconds"] / (*w)["goal_response_seconds"],
                    0.02);
      } else if (spec.goal == Goal::kVelocity && velocity > 1) {
        EXPECT_NEAR(index->second, (*w)["goal_velocity_percent"] / velocity,
                    0.006 + 0.01 * index->second);
      } else if (spec.goal != Goal::kVelocity) {
        EXPECT_EQ(index, w->fields.end());
      }
      EXPECT_EQ(w->fields.count("transaction_rate"), spec.units > 0 ? 1u : 0u);
      EXPECT_EQ(w->fields.count("response_time_seconds"), spec.units > 0 ? 1u : 0u);
      if (spec.units > 0) {
        EXPECT_GT((*w)["response_time_seconds"], 0);
      }
    }
    expect_between(0, (*w)["execution_velocity_percent"], 100, "velocity");
  }
  // Every request to a volume is somebody's.
  for (const Row* l : where(rows, "rmf_lpar", {})) {
    EXPECT_NEAR(sum(rows, "rmf_workload", "io_rate", image(*l)),
                sum(rows, "rmf_device", "activity_rate", image(*l)), 0.5);
  }
}

// 12: reads and writes sum to all; hits are not more than requests.
void caches(const Rows& rows) {
  for (const Row* r : where(rows, "rmf_cache", {})) {
    const Row& c = *r;
    EXPECT_NEAR(c["read_rate"] + c["write_rate"], c["io_rate"], 1e-6);
    EXPECT_LE(c["read_hit_rate"], c["read_rate"]);
    EXPECT_LE(c["write_hit_rate"], c["write_rate"]);
    if (c["io_rate"] > 1) {
      EXPECT_NEAR(c["hit_percent"], 100 * (c["read_hit_rate"] + c["write_hit_rate"]) / c["io_rate"],
                  0.006);
    }
    expect_between(0, c["hit_percent"], 100, "hits");
  }
}

// 13, 14: frames sum to what is installed; pages move only in a shortage; common areas fit.
void storage(const Rows& rows, const Options& options) {
  for (const Row* r : where(rows, "rmf_storage", {})) {
    const Row& s = *r;
    EXPECT_EQ(sum(rows, "rmf_storage_class", "frames", image(s)), s["installed_frames"]);
    for (const LparOptions& l : *options.lpars) {
      if (l.name == s.label("lpar")) {
        EXPECT_EQ(s["installed_frames"], static_cast<double>(l.memory.count / 4096));
      }
    }
    if (s["page_in_rate"] > 0) {
      EXPECT_LT(s["uic"], 65535);
    }
    if (s["available_frames"] / s["installed_frames"] > 0.06) {
      EXPECT_EQ(s["page_out_rate"], 0);
    }
    expect_between(0, s["uic"], 65535, "UIC");
    const double csa = (*where(rows, "rmf_memory_usage",
                               {{"lpar", s.label("lpar")},
                                {"sysplex", s.label("sysplex")},
                                {"memory_type", "csa"}})[0])["bytes"];
    const double areas =
        sum(rows, "rmf_common_storage", "used_bytes",
            {{"lpar", s.label("lpar")}, {"sysplex", s.label("sysplex")}, {"area", "csa"}}) +
        sum(rows, "rmf_common_storage", "used_bytes",
            {{"lpar", s.label("lpar")}, {"sysplex", s.label("sysplex")}, {"area", "ecsa"}});
    EXPECT_NEAR(csa, areas, 2);
  }
  for (const Row* c : where(rows, "rmf_storage_class", {})) EXPECT_GE((*c)["frames"], 0);
  for (const Row* c : where(rows, "rmf_common_storage", {})) {
    EXPECT_LE((*c)["used_bytes"], (*c)["defined_bytes"]);
    EXPECT_GE((*c)["used_bytes"], 0);
  }
}

// 15: asynchronous requests take longer than synchronous ones; long ones are converted.
void coupling(const Rows& rows, const Options& options) {
  for (const Row* r : where(rows, "rmf_cf_link", {})) {
    const Row& l = *r;
    EXPECT_GT(l["async_service_seconds"], l["sync_service_seconds"]);
    EXPECT_LE(l["converted_rate"], l["async_rate"] + 0.01);
    const double threshold = conversion_threshold_s(options.profile);
    if (l["sync_service_seconds"] < threshold - 1e-6) {
      EXPECT_EQ(l["converted_rate"], 0);
    }
    if (l["sync_service_seconds"] > threshold + 1e-6 && l["async_rate"] > 10) {
      EXPECT_GT(l["converted_rate"], 0);
    }
  }
}

// Documented percents, rates and counts are what their names say.
void documented(const Rows& rows, const Options& options) {
  for (const auto& [name, all] : rows) {
    for (const Row& row : all) {
      for (const auto& [field, value] : row.fields) {
        EXPECT_TRUE(std::isfinite(value)) << name << "_" << field;
        EXPECT_GE(value, 0) << name << "_" << field;
        if (field.find("percent") != std::string::npos && field.rfind("appl", 0) != 0 &&
            field.rfind("ziip", 0) != 0 && field.rfind("zaap", 0) != 0) {
          EXPECT_LE(value, 100.000001) << name << "_" << field;
        }
      }
      // 16
      for (const auto& [field, h] : row.histograms) {
        std::uint64_t count = 0;
        for (const std::uint64_t b : h.buckets) count += b;
        EXPECT_EQ(count, h.count) << name << "_" << field;
        EXPECT_GE(h.sum, 0);
      }
    }
  }
  for (const Row* p : where(rows, "rmf_ports_throughput", {})) {
    const Row& busy = one(rows, "rmf_ports_utilization",
                          {{"sysplex", p->label("sysplex")},
                           {"lpar", p->label("lpar")},
                           {"port_id", p->label("port_id")}});
    const double ficon = options.profile == Profile::kDocumented ? 400 : 1600;
    const double speed = p->label("port_type") == "OSA"     ? 1000
                         : p->label("port_type") == "FICON" ? ficon
                                                            : 10000;
    EXPECT_NEAR((*p)["mbps"], busy["percent"] / 100 * speed, speed * 0.0001);
  }
  for (const Row* c : where(rows, "hitachi_clpr", {})) EXPECT_LT((*c)["write_pending_percent"], 70);
}

// Channels and ports carry what volumes and tapes do.
void channels(const Rows& rows) {
  for (const Row* l : where(rows, "rmf_lpar", {})) {
    const Key key = image(*l);
    double ports = 0, busy = 0;
    // A port and a channel are two names of one thing.
    const auto channels = where(rows, "rmf_channel", key);
    ASSERT_EQ(channels.size(), static_cast<std::size_t>(kFiconPorts));
    for (std::size_t i = 0; i < channels.size(); ++i) {
      Key port = key;
      port["port_id"] = "FICON_0" + std::to_string(i);
      const Row& c = *channels[i];
      EXPECT_NEAR(one(rows, "rmf_ports_throughput", port)["mbps"], c["bytes_per_second"] / 1e6,
                  0.0051);
      EXPECT_NEAR(one(rows, "rmf_ports_utilization", port)["percent"], c["partition_percent"],
                  1e-9);
      EXPECT_NEAR(c["partition_percent"], 100 * c["bytes_per_second"] / c["speed_bytes_per_second"],
                  0.0051);
      busy = std::max(busy, c["total_percent"]);
      expect_between(c["partition_percent"], c["total_percent"], 100, "channel");
    }
    for (const Row* p : where(rows, "rmf_ports_throughput", key)) {
      if (p->label("port_type") == "FICON") ports += (*p)["mbps"];
    }
    double bytes = 0;
    for (const Row* d : where(rows, "rmf_device", key)) {
      for (const VolumeSpec& spec : kVolumeSpecs) {
        if (d->label("volume")[0] == spec.name[0]) {
          bytes += (*d)["activity_rate"] * spec.kib * 1024;
        }
      }
    }
    for (const Row* d : where(rows, "rmf_ldev_utilization", key)) {
      if (d->label("device_id").rfind("tape", 0) == 0) bytes += (*d)["percent"] / 100 * 100e6;
    }
    if (busy < 40) {
      EXPECT_NEAR(ports * 1e6, bytes, 0.01 * bytes + 1e5);
    }
    EXPECT_LE(ports * 1e6, bytes * 1.01 + 1e5);
    EXPECT_NEAR(sum(rows, "rmf_channel", "bytes_per_second", key) / 1e6, ports, 0.1);
  }
}

// Digits behind the point that it takes to write a number so that it reads back the same.
std::size_t decimals(double value) {
  std::array<char, 400> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  const std::string_view written(text.data(), static_cast<std::size_t>(end - text.data()));
  const std::size_t point = written.find('.');
  return point == std::string_view::npos ? 0 : written.size() - point - 1;
}

// Nothing has more digits than a report prints: two decimals of a percent or a rate, microseconds
// of a time (tenths of them of coupling facility requests), three of what is in flight.
void digits(const Rows& rows) {
  for (const auto& [name, all] : rows) {
    for (const Row& row : all) {
      for (const auto& [field, value] : row.fields) {
        const bool seconds = field.ends_with("seconds");
        const bool jobs = field == "transaction_rate" && row.label("workload") == "BATCH";
        const bool flight = field == "in_flight" || field == "queued" || field == "pav";
        const std::size_t most = seconds && name.starts_with("rmf_cf_") ? 7u
                                 : seconds || jobs                      ? 6u
                                 : flight                               ? 3u
                                                                        : 2u;
        EXPECT_LE(decimals(value), most) << name << "_" << field << " " << value;
      }
      for (const auto& [field, h] : row.histograms) EXPECT_LE(decimals(h.sum), 6u) << name;
    }
  }
}

void check(const Rows& rows, const Options& options) {
  devices(rows);
  partitions(rows);
  specialty_engines(rows);
  work(rows);
  caches(rows);
  storage(rows, options);
  coupling(rows, options);
  documented(rows, options);
  channels(rows);
  digits(rows);
}

TEST(Invariants, HoldInAnyWorldAtAnyTime) {
  for (const std::uint64_t seed : seeds(60)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Time about = random_time(random);
    const Options o = random_options(random, about);
    Machine machine(o, (1 + static_cast<Time>(random() % 120)) * kSecond);
    for (int i = 0; i < 6; ++i) {
      const Time time = about + static_cast<Time>(random() % 40) * 15 * kMinute;
      SCOPED_TRACE(stamp(time));
      check(machine.at(time), o);
      if (HasFailure()) return;
    }
  }
}

// 16: what counts only grows, except from a new day or an IPL on.
TEST(Invariants, CountersGrow) {
  for (const std::uint64_t seed : seeds(12)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Time about = random_time(random);
    const Options o = random_options(random, about);
    Machine machine(o);
    std::map<std::string, Row::Histogram> before;
    Time time = about, last = about;
    std::map<std::string, Time> up;  // when it was last seen
    for (int i = 0; i < 60; ++i) {
      const Rows rows = machine.at(time);
      std::map<std::string, Time> now;
      for (const char* name : {"rmf_ldev_response_time", "rmf_clpr_service_time"}) {
        const auto found = rows.find(name);
        if (found == rows.end()) continue;
        for (const Row& row : found->second) {
          std::string key = name;
          for (const auto& [k, v] : row.labels) key += "," + v;
          now[row.label("sysplex") + row.label("lpar")] = time;
          const Row::Histogram& h = row.histograms.begin()->second;
          const auto was = before.find(key);
          bool anew = was == before.end() || time / kDay != last / kDay ||
                      up[row.label("sysplex") + row.label("lpar")] != last;
          for (const ScenarioOptions& s : o.scenarios) {  // a short IPL between two collections
            const Time end = *parse_time(s.end);
            anew = anew || (s.type == ScenarioKind::kIpl && end > last && end <= time);
          }
          if (!anew) {
            for (std::size_t b = 0; b < h.buckets.size(); ++b) {
              EXPECT_GE(h.buckets[b], was->second.buckets[b]) << key << " bucket " << b;
            }
            EXPECT_GE(h.sum, was->second.sum) << key;
          }
          before[key] = h;
        }
      }
      if (HasFailure()) return;
      up = now;
      last = time;
      time += static_cast<Time>(random() % 1200 + 1) * kSecond;
    }
  }
}

// 8: the rolling average is the mean of the 48 samples of five minutes before.
TEST(Invariants, RollingAverageIsTheMeanOfFourHours) {
  for (const std::uint64_t seed : seeds(6)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Options o = options(seed);
    Machine machine(o);
    const Time end = kWednesday + 14 * kHour;
    std::map<std::string, double> total;
    int samples = 0;
    for (Time t = end - 4 * kHour; t < end; t += kMinute, ++samples) {
      const Rows rows = machine.at(t);
      for (const Row* l : where(rows, "rmf_lpar", {})) {
        total[l->label("lpar")] += (*l)["actual_msu"];
      }
    }
    const Rows rows = machine.at(end);
    for (const Row* l : where(rows, "rmf_lpar", {})) {
      const double mean = total[l->label("lpar")] / samples;
      EXPECT_NEAR((*l)["rolling_average_msu"], mean, 0.02 * mean) << l->label("lpar");
    }
  }
}

// 8: the highest rolling average of a day is the highest of its averages.
TEST(Invariants, RollingMaximumIsTheHighestSinceMidnight) {
  for (const std::uint64_t seed : seeds(3)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    Options o = options(seed);
    o.reports = {"cpc"};
    Machine machine(o);
    double highest = 0;
    for (Time t = kWednesday; t < kWednesday + 2 * kDay; t += kSlot) {
      const Rows rows = machine.at(t);
      const Row& cpc = rows.at("rmf_cpc")[0];
      const double average = cpc["rolling_average_msu"];
      highest = t % kDay == 0 ? average : std::max(highest, average);
      EXPECT_NEAR(cpc["rolling_maximum_msu"], highest, 0.011) << stamp(t);
    }
  }
}

// 17: response grows faster than linearly with utilisation.
TEST(Invariants, QueuesGrowWithUtilisation) {
  double before = 0, slope = 0;
  for (const double busy : {0.2, 0.4, 0.6, 0.8, 0.9, 0.95}) {
    const double wait = queue_wait(busy, 2);
    EXPECT_GT(wait, before);
    EXPECT_GT(wait - before, slope);
    slope = (wait - before) * 0.5;  // steps get smaller at the end
    before = wait;
  }
  EXPECT_GT(queue_wait(0.98, 2) / queue_wait(0.96, 2), 1.7);  // as 1 / (1 - rho)
}

}  // namespace
}  // namespace rmf::testing
