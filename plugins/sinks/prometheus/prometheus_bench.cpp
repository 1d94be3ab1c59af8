// What a scrape and a write cost, beside prometheus-cpp (Collect + TextSerializer) with the same
// content in the same run. The benchmarks that say `per_series` divide by the series.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <netinet/in.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "body.hpp"
#include "exposition.hpp"
#include "server.hpp"
#include "store.hpp"

namespace weir::prometheus_sink {
namespace {

constexpr std::uint32_t kRowsPerBatch = 1000;
constexpr const char* kName = "node_cpu_seconds_total";
constexpr const char* kModes[] = {"user",   "nice", "system",  "idle",
                                  "iowait", "irq",  "softirq", "steal"};

// Series and batches made by hand: the agent of the tests is too slow for a million.
class Rows {
 public:
  explicit Rows(std::uint32_t count) : count_(count) {
    field_ = {sizeof field_,
              WEIR_F64,
              WEIR_COUNTER,
              0,
              "seconds_total",
              "seconds",
              "Seconds the CPUs spent in each mode.",
              nullptr,
              nullptr};
    fields_[0] = &field_;
    measurement_ = {sizeof measurement_, 0, 1, 3, "node_cpu", "", fields_, kLabels};
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < count; ++i) {
      cpus_.push_back("cpu" + std::to_string(i / 8 % 128));
      hosts_.push_back("host-" + std::to_string(i / 1024) + ".example.org");
      values_.push_back(random() % 100'000'000 / 100.0);
    }
    strings_.reserve(count * 3);
    for (std::uint32_t i = 0; i < count; ++i) {
      strings_.push_back(weir::abi_string(cpus_[i]));
      strings_.push_back(weir::abi_string(hosts_[i]));
      strings_.push_back(weir::abi_string(kModes[i % 8]));
      series_.push_back({sizeof(weir_series), i, 1, 0, i, &measurement_, &strings_[i * 3]});
    }
    for (auto& s : series_) pointers_.push_back(&s);
    times_.resize(count);
    batches_.resize((count + kRowsPerBatch - 1) / kRowsPerBatch);
    columns_.resize(batches_.size());
    for (std::uint32_t b = 0; b < batches_.size(); ++b) {
      const std::uint32_t first = b * kRowsPerBatch;
      columns_[b].v.f64 = &values_[first];
      batches_[b] = {sizeof(weir_batch),
                     std::min(kRowsPerBatch, count - first),
                     kRowsPerBatch,
                     0,
                     &measurement_,
                     &pointers_[first],
                     &times_[first],
                     &columns_[b],
                     1,
                     1,
                     b + 1};
      batch_pointers_.push_back(&batches_[b]);
    }
  }

  std::span<const weir_batch* const> batches() const { return batch_pointers_; }
  std::uint32_t count() const { return count_; }
  const std::string& cpu(std::uint32_t i) const { return cpus_[i]; }
  const std::string& host(std::uint32_t i) const { return hosts_[i]; }
  double value(std::uint32_t i) const { return values_[i]; }
  // Values that are no multiple of 1/1000: the slow way of writing a number.
  void make_arbitrary() {
    for (double& v : values_) v *= 1.000000001;
  }

 private:
  static constexpr const char* kLabels[] = {"cpu", "instance", "mode"};
  std::uint32_t count_;
  weir_field field_{};
  const weir_field* fields_[1];
  weir_measurement measurement_{};
  std::vector<std::string> cpus_, hosts_;
  std::vector<double> values_;
  std::vector<weir_string> strings_;
  std::vector<weir_series> series_;
  std::vector<const weir_series*> pointers_;
  std::vector<std::int64_t> times_;
  std::vector<weir_column> columns_;
  std::vector<weir_batch> batches_;
  std::vector<const weir_batch*> batch_pointers_;
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Store::Limits limits() { return {10'000'000, 3'600'000'000'000, false}; }

std::size_t allocated_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void per_series(benchmark::State& state, std::uint32_t series) {
  state.counters["per_series"] = benchmark::Counter(
      static_cast<double>(series),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Everything a scrape does but the socket: snapshot, text, frames.
void exposition(benchmark::State& state, bool arbitrary, bool gzip) {
  Rows rows(static_cast<std::uint32_t>(state.range(0)));
  if (arbitrary) rows.make_arbitrary();
  Store store(limits());
  Store::Outcome outcome;
  store.write(rows.batches(), now_ns(), outcome);
  std::size_t bytes = 0;
  Output out(64 * 1024);
  for (auto _ : state) {
    Body body(store.snapshot(now_ns()), Format::text, "", gzip, true);
    bool more = true;
    while (more) {
      out.clear();
      more = body.next(out);
      bytes += out.size();
      benchmark::DoNotOptimize(out.data());
    }
  }
  per_series(state, rows.count());
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
void BM_Exposition(benchmark::State& state) { exposition(state, false, false); }
void BM_ExpositionArbitraryDoubles(benchmark::State& state) { exposition(state, true, false); }
void BM_ExpositionGzip(benchmark::State& state) { exposition(state, false, true); }

void BM_PrometheusCpp(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  ::prometheus::Registry registry;
  auto& family = ::prometheus::BuildCounter()
                     .Name(kName)
                     .Help("Seconds the CPUs spent in each mode.")
                     .Register(registry);
  for (std::uint32_t i = 0; i < rows.count(); ++i) {
    family.Add({{"cpu", rows.cpu(i)}, {"instance", rows.host(i)}, {"mode", kModes[i % 8]}})
        .Increment(rows.value(i));
  }
  const ::prometheus::TextSerializer serializer;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = serializer.Serialize(registry.Collect());
    bytes += text.size();
    benchmark::DoNotOptimize(text.data());
  }
  per_series(state, rows.count());
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

// How long a writer can be kept waiting by a scrape.
void BM_Snapshot(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  Store store(limits());
  Store::Outcome outcome;
  store.write(rows.batches(), now_ns(), outcome);
  for (auto _ : state) benchmark::DoNotOptimize(store.snapshot(now_ns()).chunks.data());
}

// Rows of series that are known, in batches of 1000.
void BM_Write(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  Store store(limits());
  Store::Outcome outcome;
  store.write(rows.batches(), now_ns(), outcome);
  for (auto _ : state) store.write(rows.batches(), now_ns(), outcome);
  per_series(state, rows.count());
}

// The same while a scrape holds every chunk, so that each is copied.
void BM_WriteDuringScrape(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  Store store(limits());
  Store::Outcome outcome;
  store.write(rows.batches(), now_ns(), outcome);
  for (auto _ : state) {
    state.PauseTiming();
    const Snapshot snapshot = store.snapshot(now_ns());
    state.ResumeTiming();
    store.write(rows.batches(), now_ns(), outcome);
  }
  per_series(state, rows.count());
}

// Rows of series that are new; what they take in memory.
void BM_FirstWrite(benchmark::State& state) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::size_t before = allocated_bytes();
    auto store = std::make_unique<Store>(limits());
    Store::Outcome outcome;
    store->write(rows.batches(), now_ns(), outcome);
    bytes = std::max(bytes, allocated_bytes() - before);
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
  per_series(state, rows.count());
  state.counters["bytes_per_series"] = static_cast<double>(bytes) / rows.count();
}

// From the request on an open connection to the first byte of the answer.
void first_byte(benchmark::State& state, const char* accept_encoding) {
  const Rows rows(static_cast<std::uint32_t>(state.range(0)));
  Store store(limits());
  Store::Outcome outcome;
  store.write(rows.batches(), now_ns(), outcome);
  Server::Config config;
  config.listen = "127.0.0.1:0";
  config.series_ttl_ns = limits().ttl_ns;
  Server server(std::move(config), store);
  server.start();
  const std::string request = std::string("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ") +
                              accept_encoding + "\r\nConnection: close\r\n\r\n";
  std::vector<char> buffer(1 << 20);
  for (auto _ : state) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("connect");
    }
    const auto begin = std::chrono::steady_clock::now();
    if (send(client, request.data(), request.size(), 0) < 0) throw std::runtime_error("send");
    ssize_t got = recv(client, buffer.data(), buffer.size(), 0);
    const auto first = std::chrono::steady_clock::now();
    while (got > 0) got = recv(client, buffer.data(), buffer.size(), 0);
    const std::chrono::duration<double> to_first = first - begin;
    const std::chrono::duration<double> to_last = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(to_first.count());
    state.counters["whole_seconds"] = to_last.count();
    close(client);
  }
  server.stop();
}
void BM_FirstByte(benchmark::State& state) { first_byte(state, "identity"); }
void BM_FirstByteGzip(benchmark::State& state) { first_byte(state, "gzip"); }

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
}
BENCHMARK(BM_Exposition)->Apply(sizes);
BENCHMARK(BM_PrometheusCpp)->Apply(sizes);
BENCHMARK(BM_ExpositionArbitraryDoubles)->Apply(sizes);
BENCHMARK(BM_ExpositionGzip)->Apply(sizes);
BENCHMARK(BM_Snapshot)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Write)->Apply(sizes);
BENCHMARK(BM_WriteDuringScrape)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FirstWrite)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FirstByte)
    ->Arg(1'000'000)
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FirstByteGzip)
    ->Arg(1'000'000)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::prometheus_sink

BENCHMARK_MAIN();
