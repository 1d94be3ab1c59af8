// What a row costs as text, per format, fields a row and kind of number: time per row, and bytes.
// Arguments: fields a row; kind 0 integers, 1 two decimals, 2 random doubles (17 digits).
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "weir/format.hpp"
#include "weir_testing/agent.hpp"

namespace {

constexpr std::uint32_t kRows = 1000;
constexpr std::uint32_t kSeries = 100;

void rows_as_text(benchmark::State& state, weir::format::Format format) {
  const auto fields = static_cast<std::uint32_t>(state.range(0));
  weir::testing::Agent agent;
  const weir::Source source(agent.host());
  weir::Schema schema("bench", "");
  schema.label("host").label("device");
  for (std::uint32_t f = 0; f < fields; ++f) schema.gauge("field_" + std::to_string(f), "", "");
  const weir_measurement* m = source.measurement(schema);
  weir::Batch batch = source.batch(m, kRows);
  std::mt19937_64 random(1);
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const std::string device = "sda" + std::to_string(i % kSeries);
    const auto row =
        batch.add(source.series(m, {"fra1-node-17", device}), 1795255200000000000 + i / kSeries);
    for (std::uint32_t f = 0; f < fields; ++f) {
      const double value = static_cast<double>(random() % 10'000'000);
      const double noise = static_cast<double>(random() >> 11) * 0x1p-53;
      batch.set(f, row, state.range(1) == 0 ? value : state.range(1) == 1 ? value / 100 : noise);
    }
  }
  weir::format::Encoder encoder(format);
  weir::format::Buffer out;
  std::size_t bytes = 0;
  for (auto _ : state) {
    out.clear();
    encoder.append(*batch.get(), out);
    benchmark::DoNotOptimize(out.data());
    bytes += out.size();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void jsonl(benchmark::State& state) { rows_as_text(state, weir::format::Format::jsonl); }
void csv(benchmark::State& state) { rows_as_text(state, weir::format::Format::csv); }
void influx(benchmark::State& state) { rows_as_text(state, weir::format::Format::influx); }

BENCHMARK(jsonl)->ArgNames({"fields", "kind"})->ArgsProduct({{1, 10}, {0, 1, 2}});
BENCHMARK(csv)->ArgNames({"fields", "kind"})->ArgsProduct({{1, 10}, {0, 1, 2}});
BENCHMARK(influx)->ArgNames({"fields", "kind"})->ArgsProduct({{1, 10}, {0, 1, 2}});

}  // namespace

BENCHMARK_MAIN();
