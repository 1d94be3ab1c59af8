// Rows to a file, encoding and writing, per core: deliveries of one and ten 1000-row batches.
// Arguments: fields a row; kind 0 integers, 1 two decimals, 2 random doubles; batches a delivery.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <random>

#include "file.hpp"
#include "weir_testing/agent.hpp"

namespace {

constexpr std::uint32_t kRows = 1000;

void rows_to_file(benchmark::State& state, weir::format::Format format) {
  char directory[] = "/tmp/weir_bench_XXXXXX";
  if (mkdtemp(directory) == nullptr) return state.SkipWithError("no temporary directory");
  weir::testing::Agent agent;
  weir::file_sink::Options options;
  options.path = std::string(directory) + "/rows";
  options.format = format;
  options.rotate.size = {256 << 20};  // so that the benchmark does not fill the disk
  options.rotate.keep = 1;
  {
    weir::file_sink::File file(weir::Sink(agent.host()), options);
    file.start();

    const weir::Source source(agent.host());
    const auto fields = static_cast<std::uint32_t>(state.range(0));
    weir::Schema schema("bench", "");
    schema.label("host").label("device");
    for (std::uint32_t f = 0; f < fields; ++f) schema.gauge("field_" + std::to_string(f), "", "");
    const weir_measurement* m = source.measurement(schema);
    weir::Batch batch = source.batch(m, kRows);
    std::mt19937_64 random(1);
    for (std::uint32_t i = 0; i < kRows; ++i) {
      const auto row = batch.add(
          source.series(m, {"fra1-node-17", "sda" + std::to_string(i % 100)}), 1795255200000000000);
      for (std::uint32_t f = 0; f < fields; ++f) {
        const double value = static_cast<double>(random() % 10'000'000);
        const double noise = static_cast<double>(random() >> 11) * 0x1p-53;
        batch.set(f, row, state.range(1) == 0 ? value : state.range(1) == 1 ? value / 100 : noise);
      }
    }
    const std::vector<const weir_batch*> delivery(static_cast<std::size_t>(state.range(2)),
                                                  batch.get());
    for (auto _ : state) {
      if (file.write(delivery).code() != WEIR_OK) {
        state.SkipWithError("not delivered");
        break;
      }
    }
    state.SetItemsProcessed(state.iterations() * state.range(2) * kRows);
    file.stop();
  }
  std::filesystem::remove_all(directory);
}

void jsonl(benchmark::State& state) { rows_to_file(state, weir::format::Format::jsonl); }
void csv(benchmark::State& state) { rows_to_file(state, weir::format::Format::csv); }
void influx(benchmark::State& state) { rows_to_file(state, weir::format::Format::influx); }

const std::vector<std::string> kNames{"fields", "kind", "batches"};
BENCHMARK(jsonl)->ArgNames(kNames)->ArgsProduct({{1, 10}, {0, 1, 2}, {1, 10}});
BENCHMARK(csv)->ArgNames(kNames)->ArgsProduct({{1, 10}, {0, 1}, {10}});
BENCHMARK(influx)->ArgNames(kNames)->ArgsProduct({{1, 10}, {0, 1}, {10}});

}  // namespace

BENCHMARK_MAIN();
