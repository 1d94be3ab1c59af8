#include "emit/report.hpp"

namespace rmf {

namespace {
constexpr std::uint32_t kRowsPerBatch = 4096;
}

Table::Table(weir::Source source, const weir::Schema& schema)
    : source_(source), measurement_(source.measurement(schema)) {}

void Table::add(std::initializer_list<std::string_view> labels) {
  series_.push_back(source_.series(measurement_, labels));
}

void Table::open() {
  flush();
  const auto rows =
      static_cast<std::uint32_t>(std::min<std::size_t>(series_.size(), std::size_t{kRowsPerBatch}));
  batch_.emplace(source_.batch(measurement_, rows));
}

void Table::flush() {
  if (!batch_) return;
  values_ += std::uint64_t{batch_->rows()} * measurement_->field_count;
  source_.emit(std::move(*batch_));
  batch_.reset();
}

}  // namespace rmf
