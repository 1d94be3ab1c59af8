// A measurement and batches of it, for tests of the core's parts.
#pragma once

#include <string>

#include "core/pipeline/batch.hpp"
#include "core/pipeline/registry.hpp"
#include "weir/rows.hpp"

namespace weir::core {

// A registry with one measurement of every type of field, and one series.
struct Fixture {
  Epochs epochs;
  Registry registry{epochs, 1000};
  const weir_measurement* all;
  const weir_series* series;
  BatchPool* pool = BatchPool::make(epochs);

  Fixture() {
    std::string error;
    all = Schema("all", "Every type.")
              .label("key")
              .field("f", WEIR_F64, WEIR_GAUGE, "", "")
              .field("i", WEIR_I64, WEIR_GAUGE, "", "")
              .field("u", WEIR_U64, WEIR_COUNTER, "", "")
              .field("b", WEIR_BOOL, WEIR_GAUGE, "", "")
              .field("s", WEIR_STRING, WEIR_GAUGE, "", "")
              .histogram("h", {1, 2, 5}, "", "")
              .with_abi(
                  [&](const weir_measurement& m) { return registry.measurement(m, {}, error); });
    series = intern("a");
  }
  ~Fixture() { pool->close(); }

  const weir_series* intern(const std::string& value) {
    std::string error;
    const weir_string text = abi_string(value);
    return registry.series(all, &text, {}, error);
  }
  // A batch of `rows` rows of `series` as a chain of one.
  Batch* batch(std::uint32_t rows) {
    Batch* b = pool->acquire(all, rows);
    b->abi.rows = rows;
    for (std::uint32_t i = 0; i < rows; ++i) {
      b->abi.series[i] = series;
      b->abi.times[i] = i;
      append_string(b, 4, i, "x", 1);
    }
    b->chain_rows = rows;
    b->chain_bytes = b->bytes;
    return b;
  }
};

}  // namespace weir::core
