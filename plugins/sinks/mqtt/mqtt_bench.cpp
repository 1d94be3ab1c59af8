// Rows to an MQTT broker: the sink, and beside it a bare loop over libmosquitto that publishes the
// same messages with as many on their way, which the sink is measured by. bench/peers/mqtt_sink.py
// starts a broker and runs this; by hand: WEIR_MQTT_PORT=1883 sink_mqtt_bench
// Arguments: the quality of service; fields a row; rows a message.
#include <benchmark/benchmark.h>
#include <mosquitto.h>
#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "mqtt.hpp"
#include "weir/format.hpp"
#include "weir_testing/deliveries.hpp"

namespace {

using weir::mqtt_sink::Mqtt;
using weir::testing::cpu_s;
using weir::testing::Deliveries;

constexpr std::uint32_t kRows = Deliveries::kRows, kSeries = Deliveries::kSeries;
constexpr std::uint32_t kInFlight = 100;

int port() {
  const char* value = getenv("WEIR_MQTT_PORT");
  return value == nullptr ? 1883 : atoi(value);
}

struct Job : Deliveries {
  weir::mqtt_sink::Options options;

  explicit Job(const benchmark::State& state)
      : Deliveries(static_cast<std::uint32_t>(state.range(1))) {
    options.url = "mqtt://127.0.0.1:" + std::to_string(port());
    options.client_id = "weir-bench";
    options.topic = "bench/{label:host}/{label:device}";
    options.qos = static_cast<std::uint32_t>(state.range(0));
    options.rows_per_message = static_cast<std::uint32_t>(state.range(2));
    options.max_message.count = 1 << 20;
    options.in_flight = kInFlight;
    options.keep_alive = options.connect_timeout = options.write_timeout = std::chrono::seconds(30);
  }
};

void report(benchmark::State& state, double cpu) {
  const auto rows = static_cast<double>(state.iterations() * kRows);
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["cpu_s_per_million"] = cpu / rows * 1e6;
  state.counters["points"] =
      benchmark::Counter(rows * static_cast<double>(state.range(1)), benchmark::Counter::kIsRate);
  state.counters["messages"] =
      benchmark::Counter(rows / static_cast<double>(state.range(2)), benchmark::Counter::kIsRate);
}

void BM_Sink(benchmark::State& state) {
  Job job(state);
  Mqtt sink(weir::Sink(job.agent.host()), job.options);
  sink.start();
  const weir::Batch first = job.next();
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
  report(state, cpu);
  sink.stop();
}

// As a program would that has this one thing to do: libmosquitto's own thread, a topic and a line a
// row by snprintf, and a wait where a window is full.
struct Bare {
  ::mosquitto* handle;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint32_t in_flight = 0;
  bool connected = false;

  Bare() {
    mosquitto_lib_init();
    handle = mosquitto_new("bare-bench", true, this);
    mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, kInFlight);
    mosquitto_connect_callback_set(handle, [](::mosquitto*, void* self, int) {
      auto& bare = *static_cast<Bare*>(self);
      const std::lock_guard lock(bare.mutex);
      bare.connected = true;
      bare.changed.notify_all();
    });
    mosquitto_publish_callback_set(handle, [](::mosquitto*, void* self, int) {
      auto& bare = *static_cast<Bare*>(self);
      const std::lock_guard lock(bare.mutex);
      --bare.in_flight;
      bare.changed.notify_one();
    });
    mosquitto_connect(handle, "127.0.0.1", port(), 60);
    mosquitto_loop_start(handle);
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(10), [this] { return connected; });
  }
  ~Bare() {
    mosquitto_disconnect(handle);
    mosquitto_loop_stop(handle, false);
    mosquitto_destroy(handle);
  }
  void wait(std::uint32_t at_most) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_flight <= at_most; });
  }
  void publish(const std::string& topic, const std::string& payload, int qos) {
    wait(qos == 0 ? 1000 : kInFlight - 1);
    {
      const std::lock_guard lock(mutex);
      ++in_flight;
    }
    mosquitto_publish(handle, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                      payload.data(), qos, false);
  }
};

void append_line(const weir_batch& b, std::uint32_t row, std::uint32_t fields, std::string& out) {
  char text[64];
  const weir_string* labels = b.series[row]->label_values;
  const time_t second = static_cast<time_t>(b.times[row] / 1'000'000'000);
  tm parts{};
  gmtime_r(&second, &parts);
  strftime(text, sizeof text, "{\"time\":\"%Y-%m-%dT%H:%M:%SZ\"", &parts);
  out.append(text).append(",\"measurement\":\"bench\",\"labels\":{\"host\":\"");
  out.append(labels[0].data, labels[0].size).append("\",\"device\":\"");
  out.append(labels[1].data, labels[1].size).append("\"},\"fields\":{");
  for (std::uint32_t f = 0; f < fields; ++f) {
    std::snprintf(text, sizeof text, "%s\"field_%u\":%.17g", f == 0 ? "" : ",", f,
                  b.columns[f].v.f64[row]);
    out += text;
  }
  out += "}}";
}

void BM_BareLoop(benchmark::State& state) {
  Job job(state);
  Bare bare;
  if (!bare.connected) state.SkipWithError("not connected");
  const int qos = static_cast<int>(state.range(0));
  const auto together = static_cast<std::uint32_t>(state.range(2));
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const weir::Batch batch = job.next();
    const weir_batch& b = *batch.get();
    cpu -= cpu_s();
    state.ResumeTiming();
    for (std::uint32_t s = 0; s < (together == 1 ? 1 : kSeries); ++s) {
      const std::uint32_t step = together == 1 ? 1 : kSeries;
      std::string payload, topic;
      std::uint32_t rows = 0;
      for (std::uint32_t row = s; row < kRows; row += step) {
        if (!payload.empty()) payload += '\n';
        append_line(b, row, job.fields, payload);
        if (++rows < together && row + step < kRows) continue;
        const weir_string* labels = b.series[row]->label_values;
        topic.assign("bench/").append(labels[0].data, labels[0].size).append("/");
        topic.append(labels[1].data, labels[1].size);
        bare.publish(topic, payload, qos);
        payload.clear();
        rows = 0;
      }
    }
    bare.wait(0);
    cpu += cpu_s();
  }
  report(state, cpu);
}

BENCHMARK(BM_BareLoop)
    ->ArgNames({"qos", "fields", "rows"})
    ->ArgsProduct({{0, 1}, {1, 10}, {1, 50}})
    ->UseRealTime()
    ->Iterations(4);
BENCHMARK(BM_Sink)
    ->ArgNames({"qos", "fields", "rows"})
    ->ArgsProduct({{0, 1}, {1, 10}, {1, 50}})
    ->UseRealTime()
    ->Iterations(4);

}  // namespace

BENCHMARK_MAIN();
