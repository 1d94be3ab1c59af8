// What a collection of this host costs. A loop shows instructions and warm caches; the cost that
// counts is that of one collection a second, with caches that everyone else has used meanwhile:
// --benchmark_filter=OncePerSecond, and the CPU column.
#include <benchmark/benchmark.h>

#include <ctime>
#include <thread>

#include "default_options.hpp"
#include "node_probe.hpp"
#include "null_host_test.hpp"

namespace {

using node_probe::NodeProbe;
using node_probe::NullHost;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void collect(benchmark::State& state, std::chrono::milliseconds pause) {
  NullHost host;
  NodeProbe probe(weir::Source(host.host()), node_probe::default_options());
  probe.collect(0);
  std::uint64_t values = 0;
  double seconds = 0;
  for (auto _ : state) {
    std::this_thread::sleep_for(pause);
    const std::uint64_t before = host.emitted_values;
    const double begin = cpu_seconds();
    probe.collect(1);
    seconds = cpu_seconds() - begin;
    values = host.emitted_values - before;
    state.SetIterationTime(seconds);
  }
  state.counters["values"] = static_cast<double>(values);
}

void OncePerSecond(benchmark::State& state) { collect(state, std::chrono::seconds(1)); }
BENCHMARK(OncePerSecond)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);

void Loop(benchmark::State& state) { collect(state, std::chrono::milliseconds(0)); }
BENCHMARK(Loop)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
