// Rows into a table of MySQL or MariaDB: the sink, and beside it a bare loop over the client
// library that writes the same rows into a table like it by INSERT of 1000 rows, which the sink is
// measured by. bench/peers/mysql_sink.py starts a server and runs this; by hand:
//   WEIR_MYSQL_SOCKET=/run/mysqld/mysqld.sock WEIR_MYSQL_USER=root sink_mysql_bench
// in a database `weir_bench`. Arguments: fields a row; indexes besides the key (0 or 4, as the
// documented tables have); LOAD DATA LOCAL (sink only).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <string>

#include "mysql.hpp"
#include "weir/table_series.hpp"
#include "weir_testing/deliveries.hpp"

namespace {

using weir::mysql_sink::Mysql;
using weir::testing::cpu_s;
using weir::testing::Deliveries;

constexpr std::uint32_t kRows = Deliveries::kRows, kSeries = Deliveries::kSeries;

std::string environment(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value == nullptr ? otherwise : value;
}

struct Job : Deliveries {
  weir::mysql_sink::Options options;
  MYSQL* server = mysql_init(nullptr);

  Job(std::uint32_t field_count, bool indexes) : Deliveries(field_count) {
    const std::string user = environment("WEIR_MYSQL_USER", "root");
    options.url = "mysql://" + user + "@localhost/weir_bench";
    options.socket = environment("WEIR_MYSQL_SOCKET", "/run/mysqld/mysqld.sock");
    options.connect_timeout = options.read_timeout = std::chrono::seconds(30);
    options.write_timeout = std::chrono::seconds(30);
    auto& t = options.tables["bench"];
    t.time = "time";
    for (const char* label : {"host", "device"}) t.columns[label].type = "VARCHAR(50)";
    if (indexes) {
      t.indexes = {
          {"a", "time"}, {"b", "host, device"}, {"c", "host, time"}, {"d", "host, device, time"}};
    }
    mysql_real_connect(server, "localhost", user.c_str(), "", "weir_bench", 0,
                       options.socket.c_str(), 0);
    run("DROP TABLE IF EXISTS bench");
  }
  ~Job() { mysql_close(server); }

  bool run(const std::string& sql) { return mysql_real_query(server, sql.data(), sql.size()) == 0; }
};

void BM_Sink(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)), state.range(1) != 0);
  job.options.local_infile = state.range(2) != 0;
  Mysql sink(weir::Sink(job.agent.host()), job.options);
  sink.start();
  const weir::Batch first = job.next();  // connects, and makes the table
  const weir_batch* opening = first.get();
  if (sink.write({&opening, 1}).code() != WEIR_OK) state.SkipWithError("not delivered");
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.next();
    const weir_batch* one = batch.get();
    cpu -= cpu_s();
    state.ResumeTiming();
    const weir::Status status = sink.write({&one, 1});
    cpu += cpu_s();
    if (status.code() != WEIR_OK) state.SkipWithError(status.why().c_str());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["cpu_s_per_million"] = cpu / static_cast<double>(state.iterations() * kRows) * 1e6;
  sink.stop();
}

void BM_BareLoop(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)), state.range(1) != 0);
  const auto plan = weir::table::make_plan(*job.measurement, job.options.tables);
  const auto insert = weir::mysql_sink::insert_sql(plan);
  if (!job.run(weir::mysql_sink::create_sql(plan, ""))) {
    state.SkipWithError(mysql_error(job.server));
  }
  std::vector<std::string> hex;
  for (const auto* s : job.series) {
    std::string text;
    for (const auto byte : weir::table::series_id(*s)) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", byte);
      text += two;
    }
    hex.push_back(text);
  }
  std::string sql;
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.next();
    const weir_batch& b = *batch.get();
    cpu -= cpu_s();
    state.ResumeTiming();
    job.run("START TRANSACTION");
    for (std::uint32_t row = 0; row < kRows; ++row) {
      if (row % 1000 == 0) sql = insert.head;
      const weir_string* labels = b.series[row]->label_values;
      char text[64];
      const time_t second = static_cast<time_t>(b.times[row] / 1'000'000'000);
      tm parts{};
      gmtime_r(&second, &parts);
      strftime(text, sizeof text, "'%Y-%m-%d %H:%M:%S.000000',0", &parts);
      sql.append("(x'").append(hex[row % kSeries]).append("','");
      sql.append(labels[0].data, labels[0].size).append("','");
      sql.append(labels[1].data, labels[1].size).append("',").append(text);
      for (std::uint32_t f = 0; f < job.fields; ++f) {
        std::snprintf(text, sizeof text, ",%.17g", b.columns[f].v.f64[row]);
        sql += text;
      }
      sql += "),";
      if (row % 1000 != 999) continue;
      sql.pop_back();
      if (!job.run(sql + insert.tail)) state.SkipWithError(mysql_error(job.server));
    }
    job.run("COMMIT");
    cpu += cpu_s();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["cpu_s_per_million"] = cpu / static_cast<double>(state.iterations() * kRows) * 1e6;
}

BENCHMARK(BM_BareLoop)
    ->ArgNames({"fields", "indexes"})
    ->ArgsProduct({{1, 10}, {0, 4}})
    ->UseRealTime()
    ->Iterations(30);
BENCHMARK(BM_Sink)
    ->ArgNames({"fields", "indexes", "load"})
    ->ArgsProduct({{1, 10}, {0, 4}, {0, 1}})
    ->UseRealTime()
    ->Iterations(30);

}  // namespace

BENCHMARK_MAIN();
