// How fast devices are simulated, by kind, and how much memory one takes in the plugin.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "iot_simulator.hpp"
#include "weir/ext/schedule.h"
#include "weir_testing/agent.hpp"

namespace weir::iot {
namespace {

constexpr Time kNoon = 1'795'428'000 * kSecond;

Options options_of(Kind kind, std::uint32_t count) {
  Options options;
  options.seed = 1;
  options.status = false;
  FleetOptions& fleet = options.devices.emplace()["dev"];
  fleet.kind = kind;
  fleet.count = count;
  if (kind == Kind::imu) fleet.motion = Motion::walking;
  return options;
}

// A host that counts what it is given and throws it away: what is measured is the plugin.
class CountingHost {
 public:
  explicit CountingHost(Time interval) : schedule_{sizeof(weir_schedule), 0, interval} {
    agent_.set_extension(WEIR_EXT_SCHEDULE, &schedule_);
    host_ = *agent_.host();
    host_.agent = this;
    // Functions of the agent in memory take a host that is its own.
    host_.extension = [](const weir_host* h, const char* id) {
      return self(h)->agent_.host()->extension(self(h)->agent_.host(), id);
    };
    host_.measurement = [](const weir_host* h, const weir_measurement* m, weir_error* e) {
      return self(h)->agent_.host()->measurement(self(h)->agent_.host(), m, e);
    };
    host_.series = [](const weir_host*, const weir_measurement*, const weir_string*, weir_error*) {
      static const weir_series kAny{};
      return &kAny;
    };
    host_.batch = [](const weir_host* h, const weir_measurement* m, std::uint32_t rows) {
      return self(h)->agent_.host()->batch(self(h)->agent_.host(), m, rows);
    };
    host_.batch_validity = [](const weir_host* h, weir_batch* b, std::uint32_t f) {
      return self(h)->agent_.host()->batch_validity(self(h)->agent_.host(), b, f);
    };
    host_.batch_string = [](const weir_host* h, weir_batch* b, std::uint32_t f, std::uint32_t row,
                            const char* data, std::uint64_t size) {
      return self(h)->agent_.host()->batch_string(self(h)->agent_.host(), b, f, row, data, size);
    };
    host_.emit = [](const weir_host* h, weir_batch* b) {
      self(h)->values_ += std::uint64_t{b->rows} * (b->measurement->field_count - 1);
      self(h)->agent_.host()->discard(self(h)->agent_.host(), b);
      return weir_status{WEIR_OK};
    };
    host_.discard = [](const weir_host* h, weir_batch* b) {
      self(h)->agent_.host()->discard(self(h)->agent_.host(), b);
    };
    host_.stopping = [](const weir_host*) { return 0u; };
  }
  const weir_host* get() const { return &host_; }
  std::uint64_t values() const { return values_; }  // without texts

 private:
  static CountingHost* self(const weir_host* h) { return static_cast<CountingHost*>(h->agent); }
  testing::Agent agent_;
  weir_schedule schedule_;
  weir_host host_;
  std::uint64_t values_ = 0;
};

void BM_Collect(benchmark::State& state, Kind kind) {
  const bool is_imu = kind == Kind::imu;
  CountingHost host(is_imu ? kSecond : 15 * kSecond);
  IotSimulator simulator(weir::Source(host.get()), options_of(kind, is_imu ? 20 : 2000));
  simulator.start();
  Time t = kNoon;
  for (auto _ : state) simulator.collect(t += is_imu ? kSecond : 15 * kSecond);
  state.SetItemsProcessed(static_cast<std::int64_t>(host.values()));
}
BENCHMARK_CAPTURE(BM_Collect, environment, Kind::environment);
BENCHMARK_CAPTURE(BM_Collect, vibration, Kind::vibration);
BENCHMARK_CAPTURE(BM_Collect, imu, Kind::imu);
BENCHMARK_CAPTURE(BM_Collect, energy, Kind::energy);
BENCHMARK_CAPTURE(BM_Collect, gps, Kind::gps);
BENCHMARK_CAPTURE(BM_Collect, end_device, Kind::end_device);

// A million devices: the time until they are there, and what the plugin keeps of each. The agent's
// own memory for series is not in it.
void BM_Million(benchmark::State& state) {
  constexpr std::uint32_t kDevices = 1'000'000;
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  double bytes = 0;
  for (auto _ : state) {
    CountingHost host(15 * kSecond);
    Options options = options_of(Kind::environment, kDevices);
    options.status = true;
    const double before = in_use();
    IotSimulator simulator(weir::Source(host.get()), options);
    simulator.start();
    bytes = (in_use() - before) / kDevices;
    simulator.collect(kNoon);
  }
  state.counters["bytes_per_device"] = bytes;
}
BENCHMARK(BM_Million)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace weir::iot

BENCHMARK_MAIN();
