// Rows into an SQLite file: the sink, and beside it the bare loop over the library that writes the
// same rows into the same table, which the sink is measured by. Arguments: fields a row; whether
// the rows are there already (1: redelivery).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "sqlite.hpp"
#include "weir/table_series.hpp"
#include "weir_testing/deliveries.hpp"

namespace {

using weir::sqlite_sink::Sqlite;
using weir::testing::Deliveries;

constexpr std::uint32_t kRows = Deliveries::kRows, kSeries = Deliveries::kSeries;

struct Job : Deliveries {
  std::string path;

  explicit Job(std::uint32_t field_count) : Deliveries(field_count) {
    char name[] = "/tmp/weir_bench_XXXXXX";
    path = std::string(mkdtemp(name)) + "/weir.db";
  }
  ~Job() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }

  weir::Batch delivery(bool again) {
    if (again) time = kBegin;
    return next();
  }
};

void BM_Sink(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  weir::sqlite_sink::Options options;
  options.path = job.path;
  options.busy_timeout = std::chrono::seconds(5);
  Sqlite sink(weir::Sink(job.agent.host()), options);
  sink.start();
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.delivery(state.range(1) != 0);
    const weir_batch* one = batch.get();
    state.ResumeTiming();
    if (sink.write({&one, 1}).code() != WEIR_OK) state.SkipWithError("not delivered");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  sink.stop();
}

void BM_BareLoop(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  sqlite3* db = nullptr;
  sqlite3_open(job.path.c_str(), &db);
  sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", nullptr, nullptr, nullptr);
  const auto plan = weir::table::make_plan(*job.measurement, {});
  sqlite3_exec(db, weir::sqlite_sink::create_sql(plan).c_str(), nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, weir::sqlite_sink::insert_sql(plan).c_str(), -1, &insert, nullptr);
  std::vector<weir::table::SeriesId> ids;
  for (const auto* s : job.series) ids.push_back(weir::table::series_id(*s));
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.delivery(state.range(1) != 0);
    const weir_batch& b = *batch.get();
    state.ResumeTiming();
    sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
    std::string time;
    for (std::uint32_t row = 0; row < kRows; ++row) {
      if (row % kSeries == 0) {
        char text[40];
        const time_t second = static_cast<time_t>(b.times[row] / 1'000'000'000);
        tm parts{};
        gmtime_r(&second, &parts);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S.000000", &parts);
        time = text;
      }
      const weir_string* labels = b.series[row]->label_values;
      sqlite3_bind_text(insert, 1, time.data(), static_cast<int>(time.size()), SQLITE_STATIC);
      sqlite3_bind_blob(insert, 2, ids[row % kSeries].data(), 16, SQLITE_STATIC);
      for (int l = 0; l < 2; ++l) {
        sqlite3_bind_text(insert, 3 + l, labels[l].data, static_cast<int>(labels[l].size),
                          SQLITE_STATIC);
      }
      for (std::uint32_t f = 0; f < job.fields; ++f) {
        sqlite3_bind_double(insert, static_cast<int>(5 + f), b.columns[f].v.f64[row]);
      }
      if (sqlite3_step(insert) != SQLITE_DONE) state.SkipWithError(sqlite3_errmsg(db));
      sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  sqlite3_finalize(insert);
  sqlite3_close(db);
}

const std::vector<std::string> kNames{"fields", "again"};
BENCHMARK(BM_BareLoop)->ArgNames(kNames)->ArgsProduct({{1, 10}, {0, 1}});
BENCHMARK(BM_Sink)->ArgNames(kNames)->ArgsProduct({{1, 10}, {0, 1}});

}  // namespace

BENCHMARK_MAIN();
