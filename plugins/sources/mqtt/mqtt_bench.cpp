// From messages to batches: decoding and gathering by format, 100 messages at a time, without a
// broker. bench/peers/mqtt_source.py has the way from a broker, beside a bare subscriber.
#include <benchmark/benchmark.h>

#include "decoder.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir_testing/agent.hpp"

namespace weir::mqtt_source {
namespace {

std::string payload_of(PayloadFormat format) {
  switch (format) {
    case PayloadFormat::json:
      return R"({"at":1795255200,"device":"env-1","temp":21.53,"hum":40.5,"on":true})";
    case PayloadFormat::reading:
      return R"({"device_id":"env-1","name":"temperature","value":21.53,"unit":"celsius",)"
             R"("timestamp":"2026-11-21T10:00:00.000Z","owner_id":"acme"})";
    case PayloadFormat::influx: {
      std::string lines;
      for (int i = 0; i < 100; ++i) {
        lines += "environment,device_id=env-" + std::to_string(i) +
                 ",owner_id=acme temperature=21.53,humidity=40.5,pressure=1013.25 "
                 "1795255200000000000\n";
      }
      return lines;
    }
    default: {
      format::Buffer out;
      const std::vector<payload::ImuSample> samples(64);
      payload::encode_imu_packet(0, 1'795'255'200'000'000, samples, out);
      return std::string(out.view());
    }
  }
}

void decode(benchmark::State& state, PayloadFormat format) {
  testing::Agent agent;
  const Source source(agent.host());
  Rows rows(source);
  Subscription options;
  options.format = format;
  if (format == PayloadFormat::json) {
    options.time = "at";
    options.labels = {{"device", "device"}};
  }
  const auto decoder = make_decoder(options);
  const std::string payload = payload_of(format);
  const std::vector<Point::Label> labels{{"site", "fra"}};
  std::int64_t points = 0, messages = 0;
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) {
      const std::string why = decoder->decode({"t", payload, 0, labels}, rows);
      if (!why.empty()) return state.SkipWithError(why.c_str());
    }
    messages += 100;
    for (const Batch& batch : rows.take()) {
      points += std::int64_t{batch.rows()} * batch.get()->measurement->field_count;
    }
  }
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(messages), benchmark::Counter::kIsRate);
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(points), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(messages * static_cast<std::int64_t>(payload.size()));
}

BENCHMARK_CAPTURE(decode, json, PayloadFormat::json);
BENCHMARK_CAPTURE(decode, reading, PayloadFormat::reading);
BENCHMARK_CAPTURE(decode, influx_100_lines, PayloadFormat::influx);
BENCHMARK_CAPTURE(decode, imu_64_samples, PayloadFormat::imu);

}  // namespace
}  // namespace weir::mqtt_source

BENCHMARK_MAIN();
