#include "table.hpp"

#include <utility>

namespace weir::agent_telemetry {

Table::Table(Source source, const weir_measurement& schema)
    : source_(source),
      label_count_(schema.label_count),
      field_count_(schema.field_count),
      measurement_(source.measurement(schema)) {}

bool Table::is(const Entry& entry, const weir_string* labels) const {
  for (std::uint32_t i = 0; i < label_count_; ++i) {
    if (view(labels[i]) != entry.labels[i]) return false;
  }
  return true;
}

void Table::add(const weir_string* labels, const weir_cell* values) {
  std::size_t at = rows_;
  while (at < entries_.size() && !is(entries_[at], labels)) ++at;
  if (at == entries_.size()) {
    Entry entry;
    for (std::uint32_t i = 0; i < label_count_; ++i) entry.labels.emplace_back(view(labels[i]));
    entries_.reserve(entries_.size() + 1);  // nothing may fail after the series is interned
    entry.series = source_.series(measurement_, std::span(labels, label_count_));
    entries_.push_back(std::move(entry));
  }
  values_.insert(values_.end(), values, values + field_count_);
  std::swap(entries_[rows_++], entries_[at]);
}

void Table::emit(Time time) {
  if (rows_ > 0) {
    Batch batch = source_.batch(measurement_, rows_);
    const weir_cell* value = values_.data();
    for (std::uint32_t i = 0; i < rows_; ++i) {
      const std::uint32_t row = batch.add(entries_[i].series, time);
      for (std::uint32_t f = 0; f < field_count_; ++f, ++value) {
        switch (measurement_->fields[f]->type) {
          case WEIR_F64: batch.set(f, row, value->f64); break;
          case WEIR_I64: batch.set_i64(f, row, value->i64); break;
          default: batch.set_u64(f, row, value->u64); break;
        }
      }
    }
    source_.emit(std::move(batch));
  }
  for (std::size_t i = rows_; i < entries_.size(); ++i) source_.release(entries_[i].series);
  entries_.resize(rows_);
  values_.clear();
  rows_ = 0;
}

}  // namespace weir::agent_telemetry
