// Interning and copying.
#include "core/buffer/replay.hpp"

#include <cstring>

#include "weir/rows.hpp"

namespace weir::core {

namespace {

// The rows of one column; false when memory is exhausted.
bool copy_column(Batch& to, std::uint32_t field, const weir_column& from, std::uint32_t rows) {
  weir_column& column = to.abi.columns[field];
  const std::size_t bitmap_bytes = (std::size_t{rows} + 7) / 8;
  if (from.validity != nullptr) {
    std::memcpy(make_validity(&to, field), from.validity, bitmap_bytes);
  }
  const weir_field& f = *to.abi.measurement->fields[field];
  switch (f.type) {
    case WEIR_BOOL: std::memcpy(column.v.bits, from.v.bits, bitmap_bytes); break;
    case WEIR_STRING:
      for (std::uint32_t row = 0; row < rows; ++row) {
        const std::string_view text = string_at(from, row);
        if (!append_string(&to, field, row, text.data(), text.size())) return false;
      }
      break;
    case WEIR_HISTOGRAM:
      std::memcpy(column.v.buckets, from.v.buckets,
                  std::size_t{rows} * (std::size_t{f.bound_count} + 1) * 8);
      std::memcpy(column.counts, from.counts, std::size_t{rows} * 8);
      std::memcpy(column.sums, from.sums, std::size_t{rows} * 8);
      break;
    default: std::memcpy(column.v.u64, from.v.u64, std::size_t{rows} * 8); break;
  }
  return true;
}

}  // namespace

void Replay::forget() {
  for (const weir_series* s : series_) {
    if (s != nullptr) registry_.release(s);
  }
  series_.clear();
  measurements_.clear();
}

const weir_measurement* Replay::measurement(const buffer::BatchView& view, std::string& error) {
  const std::uint32_t id = view.head.measurement;
  if (id >= measurements_.size()) measurements_.resize(id + 1);
  if (measurements_[id] == nullptr) {
    measurements_[id] = registry_.measurement_as_seen(*view.measurement, error);
  }
  return measurements_[id];
}

const weir_series* Replay::series(std::uint32_t id, const weir_measurement* m,
                                  const buffer::Frame& frame, std::string& error) {
  if (id >= series_.size()) series_.resize(id + 1);
  if (series_[id] == nullptr) {
    buffer::Definitions::values(*frame.definitions->series(id), values_);
    series_[id] = registry_.series_as_seen(m, values_.data(), error);
  }
  return series_[id];
}

Batch* Replay::batch(const buffer::BatchView& view, const buffer::Frame& frame,
                     std::string& error) {
  const weir_measurement* m = measurement(view, error);
  if (m == nullptr) return nullptr;
  const std::uint32_t rows = view.head.rows;
  Batch* to = pool_.acquire(m, rows);
  if (to == nullptr) {
    error = "out of memory for rows of '" + std::string(m->name) + "'";
    return nullptr;
  }
  for (std::uint32_t row = 0; row < rows; ++row) {
    const bool same = row != 0 && view.series[row] == view.series[row - 1];
    to->abi.series[row] =
        same ? to->abi.series[row - 1] : series(view.series[row], m, frame, error);
    if (to->abi.series[row] == nullptr) {
      release(to);
      return nullptr;
    }
  }
  std::memcpy(to->abi.times, view.times, std::size_t{rows} * 8);
  for (std::uint32_t i = 0; i < m->field_count; ++i) {
    if (!copy_column(*to, i, view.columns[i], rows)) {
      error = "out of memory for strings of '" + std::string(m->name) + "'";
      release(to);
      return nullptr;
    }
  }
  to->abi.rows = rows;
  to->abi.source = view.head.source;
  to->abi.epoch = view.head.epoch;
  to->abi.sequence = view.head.sequence;
  return to;
}

Batch* Replay::chain(const buffer::Frame& frame, std::string& error, bool* lasting) {
  if (frame.segment != segment_) {
    forget();
    segment_ = frame.segment;
  }
  Batch* head = nullptr;
  Batch* tail = nullptr;
  for (const buffer::BatchView& view : frame.batches) {
    Batch* next = batch(view, frame, error);
    if (next == nullptr) {
      if (lasting != nullptr) *lasting = measurements_[view.head.measurement] == nullptr;
      if (head != nullptr) release(head);
      return nullptr;
    }
    next->next = nullptr;
    (head == nullptr ? head : tail->next) = next;
    tail = next;
    head->chain_rows = (head == next ? 0 : head->chain_rows) + next->abi.rows;
    head->chain_bytes = (head == next ? 0 : head->chain_bytes) + next->bytes;
  }
  return head;
}

}  // namespace weir::core
