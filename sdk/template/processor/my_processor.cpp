// What my_processor derives, and the macro that makes the class a plugin.
#include "my_processor.hpp"

#include <span>
#include <string_view>
#include <utility>

MyProcessor::MyProcessor(weir::Processor agent, const Options& options)
    : agent_(agent), options_(options) {}

void MyProcessor::process(const weir_batch& batch) {
  agent_.pass(batch);

  auto found = derived_.find(batch.measurement);
  if (found == derived_.end()) {
    found = derived_.emplace(batch.measurement, derive(*batch.measurement)).first;
  }
  const Derived& derived = found->second;
  if (derived.measurement == nullptr) return;

  const weir_column& column = batch.columns[derived.field];
  weir::Batch out = agent_.batch(derived.measurement, batch.rows);
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    if (!weir::has_value(column, row)) continue;
    const weir_series* series = series_for(*batch.series[row], derived.measurement);
    const bool exceeded = column.v.f64[row] > options_.limit;
    out.set(0, out.add(series, batch.times[row]), exceeded ? 1 : 0);
  }
  agent_.emit(std::move(out));
}

MyProcessor::Derived MyProcessor::derive(const weir_measurement& input) const {
  for (std::uint32_t i = 0; i < input.field_count; ++i) {
    if (input.fields[i]->name != options_.field || input.fields[i]->type != WEIR_F64) continue;
    weir::Schema schema(std::string(input.name) + "_limit", "Whether a limit is exceeded.");
    for (std::uint32_t l = 0; l < input.label_count; ++l) schema.label(input.labels[l]);
    schema.gauge("exceeded", "", "1 above the limit, else 0.");
    return {i, agent_.measurement(schema)};
  }
  return {};
}

// Interning costs a lock and a hash, so its result is kept under the input's index. An index is
// used again after a series has expired, then with another generation.
const weir_series* MyProcessor::series_for(const weir_series& input,
                                           const weir_measurement* measurement) {
  if (input.index >= cache_.size()) cache_.resize(input.index + 1);
  Cached& cached = cache_[input.index];
  if (cached.generation != input.generation) {
    if (cached.series != nullptr) agent_.release(cached.series);
    cached = {};
    cached.series =
        agent_.series(measurement, std::span(input.label_values, input.measurement->label_count));
    cached.generation = input.generation;
  }
  return cached.series;
}

WEIR_PLUGIN("my_processor", "1.0.0",
            weir::processor<MyProcessor>("my_processor", "Watches a field for a limit."))
