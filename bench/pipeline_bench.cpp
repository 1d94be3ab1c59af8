// Whole pipelines, in rows and values per second of processor time (all threads of the process),
// so that the figure is per core whatever else the machine does.
//
// The source's writing of its columns is part of the cost; the null sink looks at one value a
// batch. With WEIR_BENCH_PLUGINS the file sink is loaded from that folder.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/config/load.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/plugin/loader.hpp"
#include "core/telemetry/log.hpp"
#include "weir/weir.hpp"

namespace weir::core {
namespace {

// What the sources of one run do.
struct Plan {
  std::uint64_t rows = 0;  // per source
  std::uint32_t rows_a_batch = 1;
  std::uint32_t fields = 10;
  std::uint32_t batches_a_collect = 0;  // not 0: emitted on each tick, not by a thread
};
Plan g_plan;
std::atomic<int> g_running{0};
std::atomic<bool> g_go{false};
std::atomic<std::uint64_t> g_received{0};

class BenchSource {
 public:
  explicit BenchSource(Source source) : source_(source) {
    Schema schema("bench");
    schema.label("device");
    for (std::uint32_t i = 0; i < g_plan.fields; ++i) {
      schema.gauge("f" + std::to_string(i), "", "");
    }
    measurement_ = source.measurement(schema);
    for (int i = 0; i < 100; ++i) {
      series_.push_back(source.series(measurement_, {source.id() + ("." + std::to_string(i))}));
    }
  }
  void start() {
    ++g_running;
    if (g_plan.batches_a_collect != 0) return;
    thread_ = std::thread([this] {
      while (!g_go) std::this_thread::yield();
      run();
      --g_running;
    });
  }
  void stop() {
    if (thread_.joinable()) thread_.join();
  }
  void collect(Time) {
    if (g_plan.batches_a_collect == 0 || done_ >= g_plan.rows) return;
    for (std::uint32_t i = 0; i < g_plan.batches_a_collect && done_ < g_plan.rows; ++i) emit();
    if (done_ >= g_plan.rows) --g_running;
  }

 private:
  void run() {
    while (done_ < g_plan.rows) emit();
  }
  void emit() {
    const std::uint32_t rows = g_plan.rows_a_batch;
    weir::Batch batch = source_.batch(measurement_, rows);
    for (std::uint32_t f = 0; f < g_plan.fields; ++f) {
      double* values = batch.column(f).v.f64;
      for (std::uint32_t i = 0; i < rows; ++i) values[i] = static_cast<double>(done_ + i) * 0.5;
    }
    const weir_series** series = batch.series();
    Time* times = batch.times();
    for (std::uint32_t i = 0; i < rows; ++i) {
      series[i] = series_[(done_ + i) % 100];
      times[i] = static_cast<Time>(done_ / 100 * 1'000'000);
    }
    batch.set_rows(rows);
    source_.emit(std::move(batch));
    done_ += rows;
  }

  Source source_;
  const weir_measurement* measurement_ = nullptr;
  std::vector<const weir_series*> series_;
  std::thread thread_;
  std::uint64_t done_ = 0;
};

class NullSink {
 public:
  explicit NullSink(Sink) {}
  Status write(std::span<const weir_batch* const> batches) {
    std::uint64_t rows = 0;
    for (const weir_batch* b : batches) {
      benchmark::DoNotOptimize(b->columns[0].v.f64[0]);
      rows += b->rows;
    }
    g_received += rows;
    return Status::ok();
  }
};

config::Component component(weir_kind kind, std::string id, const weir_component_type* type) {
  config::Component c;
  c.kind = kind;
  c.id = std::move(id);
  c.descriptor = type;
  c.options = config::no_options();
  c.source.required = c.consumer.required = true;
  c.consumer.buffer.max_size = Bytes{16u << 20};
  c.consumer.buffer.when_full = config::WhenFull::kBlock;
  c.sink.write_deadline = std::chrono::minutes(1);
  c.sink.batch = {10000, Bytes{4u << 20}, {}};
  c.sink.retry = {std::chrono::seconds(1), std::chrono::seconds(1)};
  return c;
}

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct Took {
  double cpu_s, wall_s;
};

// Runs `config`, with `sources` bench sources in front, to its end.
Took run(std::unique_ptr<config::Config> config, int sources) {
  config->agent.interval = g_plan.batches_a_collect != 0 ? Duration(std::chrono::milliseconds(10))
                                                         : std::chrono::hours(1);
  config->agent.hostname = "bench";
  config->agent.shutdown_timeout = std::chrono::minutes(10);
  config->agent.max_series = 1'000'000;
  for (int i = 0; i < sources; ++i) {
    const std::string id = "source" + std::to_string(i);
    config->components.insert(
        config->components.begin(),
        component(WEIR_SOURCE, id, source<BenchSource>("bench", "Emits rows.", WEIR_PUSH)));
    for (auto& c : config->components) {
      if (c.kind != WEIR_SOURCE) c.inputs.push_back(id);
    }
  }
  log_setup(WEIR_LOG_ERROR, LogFormat::kText);
  g_go = false;
  Pipeline pipeline(std::move(config));
  if (pipeline.start() != 0) std::abort();
  const double begin = cpu_seconds();
  const auto wall_begin = std::chrono::steady_clock::now();
  g_go = true;
  if (g_plan.batches_a_collect != 0) pipeline.schedule();
  while (g_running != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  pipeline.stop();
  for (const auto& r : pipeline.routes()) {
    if (r->rows_delivered != g_plan.rows) std::abort();
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_begin;
  return {cpu_seconds() - begin, wall.count()};
}

void BM_Pipeline(benchmark::State& state) {
  const int sources = static_cast<int>(state.range(0));
  g_plan.rows_a_batch = static_cast<std::uint32_t>(state.range(1));
  g_plan.fields = 10;
  const std::uint64_t rows = g_plan.rows_a_batch == 1 ? 2'000'000 : 40'000'000;
  const auto n = static_cast<std::uint64_t>(sources) * g_plan.rows_a_batch;
  g_plan.rows = rows / n * g_plan.rows_a_batch;
  double wall_s = 0;
  for (auto _ : state) {
    auto config = std::make_unique<config::Config>();
    config->components.push_back(
        component(WEIR_SINK, "null", sink<NullSink>("null", "Takes rows.")));
    const Took took = run(std::move(config), sources);
    state.SetIterationTime(took.cpu_s);
    wall_s += took.wall_s;
  }
  const auto total = static_cast<double>(g_plan.rows * static_cast<std::uint64_t>(sources) *
                                         static_cast<std::uint64_t>(state.iterations()));
  state.counters["rows_per_wall_s"] = total / wall_s;
  state.counters["rows_per_cpu_s"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
  state.counters["values_per_cpu_s"] = benchmark::Counter(total * 10, benchmark::Counter::kIsRate);
}

// Sources as the scheduler runs them: together 192 batches of 1000 rows every 10 ms, which is a
// fifth of what a core can do, so that every collection finds the pool free.
void BM_Scheduled(benchmark::State& state) {
  const int sources = static_cast<int>(state.range(0));
  g_plan.rows_a_batch = 1000;
  g_plan.fields = 10;
  g_plan.batches_a_collect = 192u / static_cast<std::uint32_t>(sources);
  g_plan.rows = 20'000'000u / static_cast<unsigned>(sources) / 1000 * 1000;
  for (auto _ : state) {
    auto config = std::make_unique<config::Config>();
    config->components.push_back(
        component(WEIR_SINK, "null", sink<NullSink>("null", "Takes rows.")));
    state.SetIterationTime(run(std::move(config), sources).cpu_s);
  }
  g_plan.batches_a_collect = 0;
  state.counters["rows_per_cpu_s"] =
      benchmark::Counter(static_cast<double>(g_plan.rows * static_cast<std::uint64_t>(sources) *
                                             static_cast<std::uint64_t>(state.iterations())),
                         benchmark::Counter::kIsRate);
}

// From YAML, as a user has it.
void BM_PipelineToFile(benchmark::State& state) {
  const char* plugins = std::getenv("WEIR_BENCH_PLUGINS");
  if (plugins == nullptr) return state.SkipWithError("WEIR_BENCH_PLUGINS is not set");
  g_plan.rows_a_batch = 1000;
  g_plan.fields = static_cast<std::uint32_t>(state.range(0));
  // Few enough that the page cache takes pages that it just gave back: fresh guest memory would
  // measure the hypervisor.
  g_plan.rows = 2'000'000 / g_plan.fields / 1000 * 1000;
  const std::string folder = std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp";
  const std::string path = folder + "/weir_bench_" + std::to_string(getpid());
  for (auto _ : state) {
    std::ofstream(path + ".yaml") << "agent: {plugin_dirs: [" << plugins << "]}\n"
                                  << "sources: {s: {type: agent_telemetry}}\n"
                                  << "sinks: {f: {type: file, inputs: [s], path: " << path
                                  << ".jsonl, format: jsonl, buffer: {when_full: block}}}\n";
    config::Problems problems;
    const config::Document document = config::read({path + ".yaml", "bench"}, problems);
    Loader loader(config::agent_options(document, problems).plugin_dirs);
    auto config = config::bind(document, loader, problems);
    if (!config) {
      std::fputs(problems.text().c_str(), stderr);
      return state.SkipWithError("the configuration was refused");
    }
    config->components.erase(config->components.begin());
    config->components[0].inputs.clear();
    state.SetIterationTime(run(std::move(config), 1).cpu_s);
    std::remove((path + ".jsonl").c_str());
  }
  std::remove((path + ".yaml").c_str());
  const auto total =
      static_cast<double>(g_plan.rows * static_cast<std::uint64_t>(state.iterations()));
  state.counters["rows_per_cpu_s"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
  state.counters["values_per_cpu_s"] =
      benchmark::Counter(total * g_plan.fields, benchmark::Counter::kIsRate);
}

// {sources, rows a batch}
BENCHMARK(BM_Pipeline)
    ->Args({1, 1000})
    ->Args({4, 1000})
    ->Args({16, 1000})
    ->Args({64, 1000})
    ->Args({1, 1})
    ->Args({4, 1})
    ->Args({16, 1})
    ->Args({64, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Scheduled)
    ->Arg(1)
    ->Arg(4)
    ->Arg(16)
    ->Arg(64)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PipelineToFile)->Arg(1)->Arg(10)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::core

BENCHMARK_MAIN();
