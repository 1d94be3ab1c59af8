// Helpers of this folder's tests and benchmarks: rows in, exposition out.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "exposition.hpp"
#include "store.hpp"
#include "weir_testing/agent.hpp"

namespace weir::prometheus_sink::testing {

// A store with an agent that makes rows for it, on a clock that stands still.
class Fixture {
 public:
  explicit Fixture(Store::Limits limits = {1000, 300'000'000'000, false}) : store(limits) {}

  const weir_measurement* measurement(const weir::Schema& schema) {
    return source.measurement(schema);
  }
  // One row: label values, then what `fill` writes.
  using Fill = std::function<void(weir::Batch&, std::uint32_t row)>;
  void add(const weir_measurement* m, std::initializer_list<std::string_view> labels,
           const Fill& fill) {
    weir::Batch batch = source.batch(m, 1);
    fill(batch, batch.add(source.series(m, labels), time_ns));
    source.emit(std::move(batch));
  }
  void add(const weir_measurement* m, std::initializer_list<std::string_view> labels,
           double value) {
    add(m, labels, [&](weir::Batch& b, std::uint32_t row) { b.set(0, row, value); });
  }
  // Writes what was added since, in one call.
  void write() {
    store.write(agent.emitted(), now_ns, outcome);
    agent.clear();
  }
  std::string text(Format format = Format::text, std::size_t piece_bytes = 1 << 20) {
    return text_of(store.snapshot(now_ns), format, piece_bytes);
  }
  static std::string text_of(const Snapshot& snapshot, Format format = Format::text,
                             std::size_t piece_bytes = 1 << 20) {
    Exposition exposition(snapshot, format);
    std::string all;
    Output out(16);
    bool more = true;
    while (more) {
      more = exposition.write(out, piece_bytes);
      all += out.view();
      out.clear();
    }
    return all;
  }

  weir::testing::Agent agent;
  weir::Source source{agent.host()};
  Store store;
  Store::Outcome outcome;
  std::int64_t now_ns = 1'000'000'000'000;
  weir::Time time_ns = 1'700'000'000'123'456'789;
};

}  // namespace weir::prometheus_sink::testing
