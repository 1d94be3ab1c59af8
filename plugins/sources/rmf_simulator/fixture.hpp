// fixture.hpp - for tests: options as the agent fills them in, and emitted rows to look at.
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dates.hpp"
#include "options.hpp"
#include "rmf_simulator.hpp"
#include "weir_testing/agent.hpp"

namespace rmf::testing {

// 2025-03-12, a Wednesday without anything special, 00:00 UTC.
inline const Time kWednesday = *parse_time("2025-03-12");

inline Options options(std::uint64_t seed = 1) {
  Options o;
  o.seed = seed;
  o.sysplex = "SYSPLEX01";
  o.time_zone = "UTC";
  o.growth_from = "2025-01-01";
  o.reports = {"all"};
  o.self_metrics = false;
  return o;
}

inline LparOptions lpar_options(std::string name, Workload workload = Workload::kOnline,
                                int cps = 8) {
  LparOptions o;
  o.name = std::move(name);
  o.workload = workload;
  o.cps = cps;
  o.memory = {std::uint64_t{32} << 30};
  return o;
}

inline ScenarioOptions scenario_options(ScenarioKind type, std::string start, std::string end,
                                        std::vector<std::string> lpars = {}) {
  ScenarioOptions o;
  o.name = name_of(type);
  o.type = type;
  o.start = std::move(start);
  o.end = std::move(end);
  o.lpars = std::move(lpars);
  return o;
}

// One emitted row.
struct Row {
  Time time = 0;
  std::map<std::string, std::string> labels;
  std::map<std::string, double> fields;
  std::map<std::string, std::string> texts;
  struct Histogram {
    std::vector<std::uint64_t> buckets;
    std::uint64_t count = 0;
    double sum = 0;
  };
  std::map<std::string, Histogram> histograms;

  double operator[](const std::string& field) const { return fields.at(field); }
  std::string label(const std::string& key) const { return labels.at(key); }
};

using Rows = std::map<std::string, std::vector<Row>>;

// A simulator with an agent around it.
class Machine {
 public:
  explicit Machine(const Options& o, Time interval = 15 * kSecond,
                   const char* data_dir = "/nonexistent")
      : host_(*agent_.host()) {
    schedule_ = {sizeof schedule_, 0, interval};
    agent_.set_extension(WEIR_EXT_SCHEDULE, &schedule_);
    host_.data_dir = data_dir;
    simulator_ = std::make_unique<RmfSimulator>(weir::Source(&host_), o);
  }

  // The rows of a time, by measurement.
  Rows at(Time time) {
    agent_.clear();
    simulator_->collect(time);
    Rows rows;
    for (const weir_batch* b : agent_.emitted()) add(*b, rows);
    return rows;
  }
  // The same as text, in the order in which they were emitted.
  std::string text(Time time) {
    agent_.clear();
    simulator_->collect(time);
    std::string all;
    std::string last;
    for (const weir_batch* b : agent_.emitted()) {
      if (last == b->measurement->name) continue;  // lines() has all batches of a name
      last = b->measurement->name;
      for (const std::string& line : agent_.lines(last)) all += last + " " + line + "\n";
    }
    return all;
  }
  weir::testing::Agent& agent() { return agent_; }
  RmfSimulator& simulator() { return *simulator_; }

 private:
  static void add(const weir_batch& b, Rows& rows) {
    const weir_measurement& m = *b.measurement;
    for (std::uint32_t r = 0; r < b.rows; ++r) {
      Row& row = rows[m.name].emplace_back();
      row.time = b.times[r];
      for (std::uint32_t l = 0; l < m.label_count; ++l) {
        row.labels[m.labels[l]] = std::string(weir::view(b.series[r]->label_values[l]));
      }
      for (std::uint32_t f = 0; f < m.field_count; ++f) {
        const weir_field& field = *m.fields[f];
        const weir_column& c = b.columns[f];
        if (!weir::has_value(c, r)) continue;
        switch (field.type) {
          case WEIR_F64: row.fields[field.name] = c.v.f64[r]; break;
          case WEIR_I64: row.fields[field.name] = static_cast<double>(c.v.i64[r]); break;
          case WEIR_U64: row.fields[field.name] = static_cast<double>(c.v.u64[r]); break;
          case WEIR_STRING: row.texts[field.name] = std::string(weir::string_at(c, r)); break;
          case WEIR_HISTOGRAM: {
            const std::size_t width = field.bound_count + 1;
            const auto* begin = c.v.buckets + r * width;
            row.histograms[field.name] = {{begin, begin + width}, c.counts[r], c.sums[r]};
            break;
          }
          default: break;
        }
      }
    }
  }

  weir::testing::Agent agent_;
  weir_host host_;
  weir_schedule schedule_{};
  std::unique_ptr<RmfSimulator> simulator_;
};

// The rows of `rows` whose labels begin with these. They live as long as `rows`.
inline std::vector<const Row*> where(const Rows& rows, const std::string& measurement,
                                     const std::map<std::string, std::string>& labels) {
  std::vector<const Row*> found;
  const auto all = rows.find(measurement);
  if (all == rows.end()) return found;
  for (const Row& row : all->second) {
    bool matches = true;
    for (const auto& [key, value] : labels) {
      matches = matches && row.labels.at(key).rfind(value, 0) == 0;
    }
    if (matches) found.push_back(&row);
  }
  return found;
}
inline double sum(const Rows& rows, const std::string& measurement, const std::string& field,
                  const std::map<std::string, std::string>& labels) {
  double total = 0;
  for (const Row* row : where(rows, measurement, labels)) total += (*row)[field];
  return total;
}
inline double mean(const Rows& rows, const std::string& measurement, const std::string& field,
                   const std::map<std::string, std::string>& labels) {
  const auto found = where(rows, measurement, labels);
  double total = 0;
  for (const Row* row : found) total += (*row)[field];
  return found.empty() ? 0 : total / static_cast<double>(found.size());
}

// Seeds of random tests: WEIR_TEST_SEED names one to look at again.
inline std::vector<std::uint64_t> seeds(int count) {
  if (const char* one = std::getenv("WEIR_TEST_SEED")) {
    return {std::strtoull(one, nullptr, 10)};
  }
  std::random_device device;
  std::vector<std::uint64_t> result;
  for (int i = 0; i < count; ++i) result.push_back(device());
  return result;
}

}  // namespace rmf::testing
