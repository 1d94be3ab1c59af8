// Rows of one measurement into batches of bounded size. One collection; emits what is left at its
// end.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "weir/weir.hpp"

namespace weir::iot {

class RowWriter {
 public:
  static constexpr std::uint32_t kRowsMax = 4096;

  // `rows_hint`: how many rows are likely to come.
  RowWriter(const weir::Source& agent, const weir_measurement* measurement, std::uint64_t rows_hint)
      : agent_(agent),
        measurement_(measurement),
        capacity_(static_cast<std::uint32_t>(std::clamp<std::uint64_t>(rows_hint, 1, kRowsMax))) {}

  // The batch in which the caller writes every field of the row that is returned.
  std::pair<weir::Batch&, std::uint32_t> add(const weir_series* series, Time time) {
    if (batch_ && batch_->rows() == batch_->capacity()) flush();
    if (!batch_) batch_ = std::make_unique<weir::Batch>(agent_.batch(measurement_, capacity_));
    const std::uint32_t row = batch_->add(series, time);
    return {*batch_, row};
  }
  void flush() {
    if (batch_) agent_.emit(std::move(*batch_));
    batch_.reset();
  }

 private:
  const weir::Source& agent_;
  const weir_measurement* measurement_;
  std::uint32_t capacity_;
  std::unique_ptr<weir::Batch> batch_;
};

}  // namespace weir::iot
