// weir/rows.hpp - schemas and batches in C++: thin wrappers that own what they should.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/abi.h"
#include "weir/options.hpp"

namespace weir {

using Time = std::int64_t;  // ns since the Unix epoch, UTC

inline bool bit(const std::uint8_t* bitmap, std::uint32_t i) {
  return (bitmap[i / 8] >> (i % 8) & 1) != 0;
}
inline void set_bit(std::uint8_t* bitmap, std::uint32_t i, bool on) {
  const auto mask = static_cast<std::uint8_t>(1u << (i % 8));
  bitmap[i / 8] = static_cast<std::uint8_t>(on ? bitmap[i / 8] | mask : bitmap[i / 8] & ~mask);
}

inline bool has_value(const weir_column& column, std::uint32_t row) {
  return column.validity == nullptr || bit(column.validity, row);
}
inline std::string_view string_at(const weir_column& column, std::uint32_t row) {
  const std::int32_t begin = column.v.offsets[row];
  return {column.bytes + begin, static_cast<std::size_t>(column.v.offsets[row + 1] - begin)};
}

// A description of a measurement, to be registered with Host::measurement.
class Schema {
 public:
  explicit Schema(std::string name, std::string help = "")
      : name_(std::move(name)), help_(std::move(help)) {}

  Schema& label(std::string key) {
    labels_.push_back(std::move(key));
    return *this;
  }
  // `flat_name`: the full Prometheus name, when it is not measurement_field.
  Schema& field(std::string name, weir_type type, weir_metric metric, std::string unit,
                std::string help, std::string flat_name = "") {
    fields_.push_back({std::move(name),
                       std::move(unit),
                       std::move(help),
                       std::move(flat_name),
                       {},
                       type,
                       metric});
    return *this;
  }
  Schema& gauge(std::string name, std::string unit, std::string help, std::string flat = "") {
    return field(std::move(name), WEIR_F64, WEIR_GAUGE, std::move(unit), std::move(help),
                 std::move(flat));
  }
  Schema& counter(std::string name, std::string unit, std::string help, std::string flat = "") {
    return field(std::move(name), WEIR_F64, WEIR_COUNTER, std::move(unit), std::move(help),
                 std::move(flat));
  }
  Schema& histogram(std::string name, std::vector<double> bounds, std::string unit,
                    std::string help, std::string flat = "") {
    field(std::move(name), WEIR_HISTOGRAM, WEIR_GAUGE, std::move(unit), std::move(help),
          std::move(flat));
    fields_.back().bounds = std::move(bounds);
    return *this;
  }

  const std::string& name() const { return name_; }

  // Calls use(const weir_measurement&) with a view of this description.
  template <class Use>
  auto with_abi(Use use) const {
    std::vector<weir_field> fields(fields_.size());
    std::vector<const weir_field*> field_pointers;
    std::vector<const char*> label_pointers;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const Field& f = fields_[i];
      fields[i] = {sizeof(weir_field), f.type,
                   f.metric,           static_cast<std::uint32_t>(f.bounds.size()),
                   f.name.c_str(),     f.unit.c_str(),
                   f.help.c_str(),     f.flat_name.empty() ? nullptr : f.flat_name.c_str(),
                   f.bounds.data()};
      field_pointers.push_back(&fields[i]);
    }
    for (const auto& l : labels_) label_pointers.push_back(l.c_str());
    const weir_measurement m{sizeof(weir_measurement),
                             0,
                             static_cast<std::uint32_t>(fields_.size()),
                             static_cast<std::uint32_t>(labels_.size()),
                             name_.c_str(),
                             help_.c_str(),
                             field_pointers.data(),
                             label_pointers.data()};
    return use(m);
  }

 private:
  struct Field {
    std::string name, unit, help, flat_name;
    std::vector<double> bounds;
    weir_type type;
    weir_metric metric;
  };
  std::string name_, help_;
  std::vector<std::string> labels_;
  std::vector<Field> fields_;
};

// A batch that is being written. Move-only; discarded unless it is emitted. One thread.
class Batch {
 public:
  Batch(const weir_host* host, const weir_measurement* measurement, std::uint32_t rows)
      : host_(host), batch_(host->batch(host, measurement, rows)) {
    if (batch_ == nullptr) throw std::bad_alloc();
  }
  Batch(Batch&& other) noexcept
      : host_(other.host_), batch_(std::exchange(other.batch_, nullptr)) {}
  Batch& operator=(Batch&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(batch_, other.batch_);
    return *this;
  }
  ~Batch() {
    if (batch_ != nullptr) host_->discard(host_, batch_);
  }

  // Begins the next row and returns its number. The caller then writes every field of it.
  std::uint32_t add(const weir_series* series, Time time) {
    if (batch_->rows == batch_->capacity) throw std::length_error("weir: the batch is full");
    const std::uint32_t row = batch_->rows++;
    batch_->series[row] = series;
    batch_->times[row] = time;
    return row;
  }

  // Each of these is for fields of its type; std::invalid_argument for another.
  void set(std::uint32_t field, std::uint32_t row, double value) {
    column(field, WEIR_F64).v.f64[row] = value;
  }
  void set_i64(std::uint32_t field, std::uint32_t row, std::int64_t value) {
    column(field, WEIR_I64).v.i64[row] = value;
  }
  void set_u64(std::uint32_t field, std::uint32_t row, std::uint64_t value) {
    column(field, WEIR_U64).v.u64[row] = value;
  }
  void set_bool(std::uint32_t field, std::uint32_t row, bool value) {
    set_bit(column(field, WEIR_BOOL).v.bits, row, value);
  }
  void set_string(std::uint32_t field, std::uint32_t row, std::string_view value) {
    if (host_->batch_string(host_, batch_, field, row, value.data(), value.size()) != WEIR_OK) {
      throw std::length_error("weir: the string column is full");
    }
  }
  // `buckets`: one count a bucket, not cumulative, the last above the last bound.
  void set_histogram(std::uint32_t field, std::uint32_t row, std::span<const std::uint64_t> buckets,
                     double sum) {
    weir_column& c = column(field, WEIR_HISTOGRAM);
    const std::size_t width = batch_->measurement->fields[field]->bound_count + 1;
    if (buckets.size() != width) throw std::length_error("weir: wrong number of buckets");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < width; ++i) {
      c.v.buckets[row * width + i] = buckets[i];
      count += buckets[i];
    }
    c.sums[row] = sum;
    c.counts[row] = count;
  }
  // No value. A string field needs set_string too (with ""): its rows follow each other.
  void set_null(std::uint32_t field, std::uint32_t row) {
    std::uint8_t* bitmap = host_->batch_validity(host_, batch_, field);
    if (bitmap == nullptr) throw std::bad_alloc();
    set_bit(bitmap, row, false);
  }

  // Whole columns, for those who fill them in a loop: `set_rows` afterwards.
  weir_column& column(std::uint32_t field) { return batch_->columns[field]; }
  const weir_series** series() { return batch_->series; }
  Time* times() { return batch_->times; }
  void set_rows(std::uint32_t rows) { batch_->rows = rows; }

  std::uint32_t rows() const { return batch_->rows; }
  std::uint32_t capacity() const { return batch_->capacity; }
  weir_batch* get() const { return batch_; }
  weir_batch* release() { return std::exchange(batch_, nullptr); }

 private:
  weir_column& column(std::uint32_t field, weir_type type) {
    const weir_field& f = *batch_->measurement->fields[field];
    if (f.type != type) wrong_type(f);
    return batch_->columns[field];
  }
  [[noreturn]] void wrong_type(const weir_field& f) const {
    throw std::invalid_argument(std::string("weir: ") + batch_->measurement->name + "." + f.name +
                                " is a field of another type than what is set");
  }

  const weir_host* host_;
  weir_batch* batch_;
};

}  // namespace weir
