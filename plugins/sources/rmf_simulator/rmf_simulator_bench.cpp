// What simulating costs: values a second on one core, a day of the documented LPARs, a cold start,
// and the memory of many LPARs.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <unordered_map>

#include "fixture.hpp"

namespace {

using namespace rmf;
using rmf::testing::kWednesday;
using rmf::testing::options;

// An agent that throws rows away: batches are handed out again, series are told apart by nothing.
class NullHost {
 public:
  NullHost() : host_(*agent_.host()) {
    host_.agent = this;
    host_.measurement = [](const weir_host* h, const weir_measurement* wanted, weir_error* error) {
      const weir_host* inner = of(h).agent_.host();
      return inner->measurement(inner, wanted, error);
    };
    host_.series = [](const weir_host* h, const weir_measurement* m, const weir_string*,
                      weir_error*) -> const weir_series* {
      weir_series& s = of(h).series_[m];
      s.measurement = m;
      return &s;
    };
    host_.log = [](const weir_host*, weir_level, const char*, std::uint64_t) {};
    host_.extension = [](const weir_host*, const char*) -> const void* { return nullptr; };
    host_.batch = [](const weir_host* h, const weir_measurement* m, std::uint32_t rows) {
      return of(h).batch(m, rows);
    };
    host_.batch_validity = [](const weir_host* h, weir_batch* b, std::uint32_t field) {
      auto& bitmap = of(h).kept_.at(b->measurement)->validity[field];
      bitmap.assign((b->capacity + 7) / 8, 0xff);
      return bitmap.data();
    };
    host_.emit = [](const weir_host* h, weir_batch* b) -> weir_status {
      of(h).values += std::uint64_t{b->rows} * b->measurement->field_count;
      benchmark::DoNotOptimize(b->columns[0].v.f64[0]);
      return WEIR_OK;
    };
    host_.stopping = [](const weir_host*) -> std::uint32_t { return 0; };
    host_.discard = [](const weir_host*, weir_batch*) {};
  }
  NullHost(const NullHost&) = delete;
  NullHost& operator=(const NullHost&) = delete;
  const weir_host* host() const { return &host_; }
  std::uint64_t values = 0;

 private:
  struct Kept {
    weir_batch batch{};
    std::vector<const weir_series*> series;
    std::vector<std::int64_t> times;
    std::vector<weir_column> columns;
    std::vector<std::vector<std::uint64_t>> values;
    std::vector<double> sums;
    std::vector<std::uint64_t> counts;
    std::vector<std::vector<std::uint8_t>> validity;
  };
  static NullHost& of(const weir_host* h) { return *static_cast<NullHost*>(h->agent); }

  // A source has one batch of a measurement open at a time.
  weir_batch* batch(const weir_measurement* m, std::uint32_t rows) {
    std::unique_ptr<Kept>& kept = kept_[m];
    if (kept == nullptr || kept->batch.capacity < rows) {
      kept = std::make_unique<Kept>();
      kept->series.resize(rows);
      kept->times.resize(rows);
      kept->columns.resize(m->field_count);
      kept->values.resize(m->field_count);
      kept->validity.resize(m->field_count);
      kept->sums.resize(rows);
      kept->counts.resize(rows);
      for (std::uint32_t f = 0; f < m->field_count; ++f) {
        kept->values[f].resize(std::size_t{rows} * (m->fields[f]->bound_count + 1));
        kept->columns[f].v.u64 = kept->values[f].data();
        kept->columns[f].sums = kept->sums.data();
        kept->columns[f].counts = kept->counts.data();
      }
      kept->batch = {sizeof(weir_batch),   0, rows, 0, m, kept->series.data(), kept->times.data(),
                     kept->columns.data(), 0, 0,    0};
    }
    kept->batch.rows = 0;
    return &kept->batch;
  }

  weir::testing::Agent agent_;
  weir_host host_;
  std::unordered_map<const weir_measurement*, weir_series> series_;
  std::unordered_map<const weir_measurement*, std::unique_ptr<Kept>> kept_;
};

Options with_reports(const char* reports) {
  Options o = options();
  o.reports = {reports};
  return o;
}

void collect(benchmark::State& state, const Options& o) {
  NullHost host;
  RmfSimulator simulator(weir::Source(host.host()), o);
  Time time = kWednesday;
  simulator.collect(time);
  host.values = 0;
  for (auto _ : state) simulator.collect(time += 15 * kSecond);
  state.SetItemsProcessed(static_cast<std::int64_t>(host.values));
}
void BM_Documented(benchmark::State& state) { collect(state, with_reports("documented")); }
void BM_AllReports(benchmark::State& state) { collect(state, with_reports("all")); }
BENCHMARK(BM_Documented);
BENCHMARK(BM_AllReports);

// 24 hours of the four documented LPARs, every 15 s, from a cold start.
void BM_Day(benchmark::State& state) {
  for (auto _ : state) {
    NullHost host;
    RmfSimulator simulator(weir::Source(host.host()), with_reports("documented"));
    for (Time t = 0; t < kDay; t += 15 * kSecond) simulator.collect(kWednesday + t);
  }
}
BENCHMARK(BM_Day)->Unit(benchmark::kSecond);

// The first collection, at the end of a day: all its slots are to be worked out.
void BM_ColdStart(benchmark::State& state) {
  for (auto _ : state) {
    NullHost host;
    RmfSimulator simulator(weir::Source(host.host()), with_reports("documented"));
    simulator.collect(kWednesday + kDay - kSecond);
  }
}
BENCHMARK(BM_ColdStart)->Unit(benchmark::kMillisecond);

std::size_t resident_bytes() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<std::size_t>(resident) * 4096;
}

// The source's own memory, without the agent's for its series.
void BM_ManyLpars(benchmark::State& state) {
  Options o = with_reports("documented");
  o.lpars = {rmf::testing::lpar_options("P")};
  (*o.lpars)[0].count = 10'000;
  for (auto _ : state) {
    const std::size_t before = resident_bytes();
    NullHost host;
    RmfSimulator simulator(weir::Source(host.host()), o);
    simulator.collect(kWednesday);
    state.counters["bytes_per_lpar"] = static_cast<double>(resident_bytes() - before) / 10'000;
    state.counters["values"] = static_cast<double>(host.values);
  }
}
BENCHMARK(BM_ManyLpars)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
