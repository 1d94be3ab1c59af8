// Rows into Redis: the sink, and beside it bare loops over the client library that send the same
// commands in pipelines of 1000 rows, and, for hashes, also HSET without a look at the time, which
// is what the sink's promise costs. bench/run starts a server for it; by hand:
//   WEIR_REDIS_SOCKET=/run/redis/redis.sock sink_redis_bench
// Arguments: fields a row.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "redis.hpp"
#include "scripts.hpp"
#include "weir_testing/deliveries.hpp"

namespace {

using weir::redis_sink::Redis;
using weir::testing::cpu_s;
using weir::testing::Deliveries;

constexpr std::uint32_t kRows = Deliveries::kRows;
constexpr std::uint32_t kSeries = kRows;  // each with a hash and a stream of its own
constexpr int kPipeline = 1'000;          // rows that a bare loop sends before it looks at answers
constexpr int kHashesAtOnce = 64;         // as the sink writes with one script

enum class Bare { hset, script, stream };

std::string socket_path() {
  const char* path = getenv("WEIR_REDIS_SOCKET");
  return path == nullptr ? "/run/redis/redis-server.sock" : path;
}

struct Job : Deliveries {
  std::vector<std::string> names;
  weir::redis_sink::Options options;
  redisContext* server = redisConnectUnix(socket_path().c_str());

  explicit Job(std::uint32_t field_count) : Deliveries(field_count, kSeries) {
    options.url = "redis://localhost";
    options.socket = socket_path();
    options.connect_timeout = options.timeout = std::chrono::seconds(30);
    for (std::uint32_t f = 0; f < fields; ++f) names.push_back(measurement->fields[f]->name);
    if (server == nullptr || server->err != 0) throw std::runtime_error("no server");
    send({"FLUSHALL"});
    await(1);
  }
  ~Job() { redisFree(server); }

  void send(const std::vector<std::string>& words) {
    static std::vector<const char*> texts;
    static std::vector<std::size_t> sizes;
    texts.clear();
    sizes.clear();
    for (const std::string& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(server, static_cast<int>(words.size()), texts.data(), sizes.data());
  }
  void await(int answers) {
    for (void* reply = nullptr; answers > 0; --answers) {
      if (redisGetReply(server, &reply) != REDIS_OK) throw std::runtime_error(server->errstr);
      const bool is_error = static_cast<redisReply*>(reply)->type == REDIS_REPLY_ERROR;
      freeReplyObject(reply);
      if (is_error) throw std::runtime_error("the server refused a command");
    }
  }
  void append_values(const weir_batch& batch, std::uint32_t row, bool with_names,
                     std::vector<std::string>& to) {
    char text[32];
    for (std::size_t f = 0; f < names.size(); ++f) {
      std::snprintf(text, sizeof text, "%.17g", batch.columns[f].v.f64[row]);
      if (with_names) to.push_back(names[f]);
      to.emplace_back(text);
    }
  }
};

// Times `deliver(batch)` alone.
template <class Deliver>
void measure(benchmark::State& state, Job& job, Deliver deliver) {
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.next();
    cpu -= cpu_s();
    state.ResumeTiming();
    deliver(*batch.get());
    cpu += cpu_s();
  }
  const auto rows = static_cast<double>(state.iterations() * kRows);
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["cpu_s_per_million"] = cpu / rows * 1e6;
}

void sink(benchmark::State& state, Job& job) {
  Redis redis(weir::Sink(job.agent.host()), job.options);
  measure(state, job, [&](const weir_batch& batch) {
    const weir_batch* one = &batch;
    const weir::Status status = redis.write({&one, 1});
    if (status.code() != WEIR_OK) state.SkipWithError(status.why().c_str());
  });
  redis.stop();
}

void BM_Latest(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  job.options.latest.emplace();
  sink(state, job);
}

void BM_History(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  job.options.history.emplace().key = "weir:history:{measurement}:{labels}";
  job.options.history->max_length = 100;
  sink(state, job);
}

std::string time_text(std::int64_t time) {
  const time_t second = time / 1'000'000'000;
  tm parts{};
  gmtime_r(&second, &parts);
  char text[40];
  text[strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts)] = '\0';
  char all[64];
  std::snprintf(all, sizeof all, "%s.%09dZ", text, static_cast<int>(time % 1'000'000'000));
  return all;
}

template <Bare bare>
void BM_BareLoop(benchmark::State& state) {
  Job job(static_cast<std::uint32_t>(state.range(0)));
  const auto& script = weir::redis_sink::scripts()[weir::redis_sink::kLatestScript];
  job.send({"SCRIPT", "LOAD", std::string(script.text)});
  job.await(1);
  std::vector<std::string> words, arguments;
  measure(state, job, [&](const weir_batch& batch) {
    int sent = 0;
    for (std::uint32_t row = 0; row < batch.rows; ++row) {
      const weir_string* labels = batch.series[row]->label_values;
      const std::string key = ":bench:device:" + std::string(weir::view(labels[1])) +
                              ":host:" + std::string(weir::view(labels[0]));
      const std::int64_t time = batch.times[row];
      if (bare == Bare::hset) {
        words = {"HSET", "weir:latest" + key, "time", time_text(time)};
      } else if (bare == Bare::stream) {
        words = {"XADD",   "weir:history" + key,
                 "MAXLEN", "~",
                 "100",    std::to_string(time / 1'000'000) + "-0"};
      } else {
        const std::uint32_t at = row % kPipeline % kHashesAtOnce;
        const int of = std::min<int>(kHashesAtOnce, kPipeline - static_cast<int>(row % kPipeline));
        if (at == 0) {
          words = {"EVALSHA", script.id, std::to_string(of)};
          arguments = {"0", std::to_string(job.names.size()), "0"};
          arguments.insert(arguments.end(), job.names.begin(), job.names.end());
        }
        words.push_back("weir:latest" + key);
        arguments.push_back(time_text(time));
      }
      job.append_values(batch, row, bare != Bare::script, bare == Bare::script ? arguments : words);
      const bool is_last = row % kPipeline == kPipeline - 1;
      if (bare != Bare::script || row % kPipeline % kHashesAtOnce == kHashesAtOnce - 1 || is_last) {
        if (bare == Bare::script) words.insert(words.end(), arguments.begin(), arguments.end());
        job.send(words);
        ++sent;
      }
      if (is_last) job.await(std::exchange(sent, 0));
    }
  });
}

// Each many times, since a machine's mood changes; bench/run mixes them.
#define WEIR_BENCH_REDIS(...) \
  BENCHMARK(__VA_ARGS__)      \
      ->ArgName("fields")     \
      ->Arg(1)                \
      ->Arg(10)               \
      ->UseRealTime()         \
      ->Iterations(10)        \
      ->Repetitions(15)
WEIR_BENCH_REDIS(BM_BareLoop<Bare::hset>);
WEIR_BENCH_REDIS(BM_BareLoop<Bare::script>);
WEIR_BENCH_REDIS(BM_Latest);
WEIR_BENCH_REDIS(BM_BareLoop<Bare::stream>);
WEIR_BENCH_REDIS(BM_History);

}  // namespace

BENCHMARK_MAIN();
