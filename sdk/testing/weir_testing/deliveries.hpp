// weir_testing/deliveries.hpp - rows for benchmarks of sinks: the same for each, so that figures
// compare. A measurement `bench` with labels host and device and gauges field_0, field_1, ...
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weir_testing/agent.hpp"

namespace weir::testing {

struct Deliveries {
  static constexpr std::uint32_t kRows = 10'000;  // of one
  static constexpr std::uint32_t kSeries = 100;
  static constexpr std::int64_t kBegin = 1795255200'000000000;

  Agent agent;
  Source source{agent.host()};
  const weir_measurement* measurement;
  std::vector<const weir_series*> series;
  std::uint32_t fields;
  std::int64_t time = kBegin;  // of the last row

  explicit Deliveries(std::uint32_t field_count, std::uint32_t series_count = kSeries)
      : fields(field_count) {
    Schema schema("bench");
    schema.label("host").label("device");
    for (std::uint32_t f = 0; f < fields; ++f) schema.gauge("field_" + std::to_string(f), "", "");
    measurement = source.measurement(schema);
    for (std::uint32_t i = 0; i < series_count; ++i) {
      series.push_back(source.series(measurement, {"fra1-node-17", "sda" + std::to_string(i)}));
    }
  }

  // kRows rows: every series once a second.
  Batch next() {
    Batch batch = source.batch(measurement, kRows);
    for (std::uint32_t i = 0; i < kRows; ++i) {
      if (i % series.size() == 0) time += 1'000'000'000;
      const std::uint32_t row = batch.add(series[i % series.size()], time);
      for (std::uint32_t f = 0; f < fields; ++f) batch.set(f, row, i * 0.25 + f);
    }
    return batch;
  }
};

// Processor time of this process so far.
inline double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace weir::testing
