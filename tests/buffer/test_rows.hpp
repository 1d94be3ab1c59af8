// Random chains of batches with every type of field, and what remains of them: a digest that is
// the same for a batch, for what the buffer gives back, and for what is replayed.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/buffer/disk_buffer.hpp"
#include "core/config/fnv.hpp"
#include "tests/pipeline/schema.hpp"

namespace weir::buffer {

// Of rows: measurement, labels, times, values and who made them.
class Digest {
 public:
  void batch(const weir_batch& b) {
    begin(*b.measurement, b.rows, b.source, b.epoch, b.sequence);
    for (std::uint32_t row = 0; row < b.rows; ++row) {
      for (std::uint32_t i = 0; i < b.measurement->label_count; ++i) {
        text(view(b.series[row]->label_values[i]));
      }
      values(*b.measurement, b.times, b.columns, row);
    }
  }
  void batch(const BatchView& b, const Definitions& definitions) {
    begin(*b.measurement, b.head.rows, b.head.source, b.head.epoch, b.head.sequence);
    std::vector<weir_string> labels;
    for (std::uint32_t row = 0; row < b.head.rows; ++row) {
      Definitions::values(*definitions.series(b.series[row]), labels);
      for (const weir_string& label : labels) text(view(label));
      values(*b.measurement, b.times, b.columns.data(), row);
    }
  }
  std::uint64_t value() const { return fnv_.value(); }

 private:
  static std::string_view view(const weir_string& s) { return {s.data, s.size}; }
  void text(std::string_view s) { fnv_.text(s); }
  void text(const char* s) { fnv_.text(s == nullptr ? "(null)" : s); }
  template <class T>
  void raw(const T* data, std::size_t count = 1) {
    fnv_.bytes(reinterpret_cast<const char*>(data), count * sizeof(T));
  }
  void begin(const weir_measurement& m, std::uint32_t rows, std::uint64_t source,
             std::uint64_t epoch, std::uint64_t sequence) {
    text(m.name);
    text(m.help);
    for (std::uint32_t i = 0; i < m.label_count; ++i) text(m.labels[i]);
    for (std::uint32_t i = 0; i < m.field_count; ++i) {
      const weir_field& f = *m.fields[i];
      text(f.name);
      text(f.unit);
      text(f.help);
      text(f.flat_name);
      raw(&f.type);
      raw(&f.metric);
      raw(f.bounds, f.bound_count);
    }
    raw(&rows);
    raw(&source);
    raw(&epoch);
    raw(&sequence);
  }
  void values(const weir_measurement& m, const std::int64_t* times, const weir_column* columns,
              std::uint32_t row) {
    raw(&times[row]);
    for (std::uint32_t i = 0; i < m.field_count; ++i) {
      const weir_column& c = columns[i];
      if (!has_value(c, row)) {
        text("absent");
        continue;
      }
      switch (m.fields[i]->type) {
        case WEIR_BOOL: text(bit(c.v.bits, row) ? "true" : "false"); break;
        case WEIR_STRING: text(string_at(c, row)); break;
        case WEIR_HISTOGRAM: {
          const std::size_t width = m.fields[i]->bound_count + 1;
          raw(&c.v.buckets[row * width], width);
          raw(&c.counts[row]);
          raw(&c.sums[row]);
          break;
        }
        default: raw(&c.v.u64[row]); break;
      }
    }
  }

  Fnv fnv_;
};

inline std::uint64_t digest_of(const Frame& frame) {
  Digest d;
  for (const BatchView& b : frame.batches) d.batch(b, *frame.definitions);
  return d.value();
}

// A chain as the buffer takes it, and what is to come back of it.
struct TestChain {
  std::vector<const weir_batch*> batches;
  std::uint64_t origin = 0;
  std::uint64_t rows = 0;
  std::uint64_t digest = 0;

  Chain chain() const { return {origin, batches}; }
};

// Makes chains; they live as long as this does, or until `clear`.
class TestRows {
 public:
  explicit TestRows(std::uint64_t seed = 1) : random_(seed) {
    std::string error;
    plain_ = Schema("plain")
                 .gauge("value", "seconds", "Help.", "plain_value_seconds")
                 .with_abi([&](const weir_measurement& m) {
                   return fixture_.registry.measurement(m, {}, error);
                 });
    plain_series_ = fixture_.registry.series(plain_, nullptr, {}, error);
    for (int i = 0; i < 20; ++i) series_.push_back(fixture_.intern("series " + std::to_string(i)));
  }
  ~TestRows() { clear(); }

  core::Registry& registry() { return fixture_.registry; }
  core::BatchPool& pool() { return *fixture_.pool; }
  const weir_measurement* every_type() const { return fixture_.all; }

  // One to three batches of up to `rows_max` rows each, of random content.
  TestChain chain(std::uint64_t origin, std::uint32_t rows_max) {
    TestChain result;
    result.origin = origin;
    Digest digest;
    for (std::uint64_t n = 1 + below(3); n != 0; --n) {
      const weir_batch* b = batch(static_cast<std::uint32_t>(1 + below(rows_max)));
      result.batches.push_back(b);
      result.rows += b->rows;
      digest.batch(*b);
    }
    result.digest = digest.value();
    return result;
  }
  const weir_batch* batch(std::uint32_t rows) {
    const bool plain = below(3) == 0;
    core::Batch* b = fixture_.pool->acquire(plain ? plain_ : fixture_.all, rows);
    b->abi.rows = rows;
    b->abi.source = below(3);
    b->abi.epoch = 7;
    b->abi.sequence = ++sequence_;
    for (std::uint32_t row = 0; row < rows; ++row) {
      b->abi.series[row] = plain ? plain_series_ : series_[below(series_.size())];
      b->abi.times[row] = static_cast<std::int64_t>(random_());
    }
    for (std::uint32_t i = 0; i < b->abi.measurement->field_count; ++i) fill(b, i, rows);
    batches_.push_back(b);
    return &b->abi;
  }
  // What comes from here on depends on the seed alone.
  void reseed(std::uint64_t seed) {
    clear();
    random_.seed(seed);
    sequence_ = 0;
  }
  void clear() {
    for (core::Batch* b : batches_) core::release(b);
    batches_.clear();
  }
  std::uint64_t below(std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random_);
  }

 private:
  void fill(core::Batch* b, std::uint32_t field, std::uint32_t rows) {
    weir_column& c = b->abi.columns[field];
    const weir_field& f = *b->abi.measurement->fields[field];
    for (std::uint32_t row = 0; row < rows; ++row) {
      if (f.type == WEIR_STRING) {
        const std::string text(below(40), static_cast<char>('a' + below(26)));
        core::append_string(b, field, row, text.data(), text.size());
      } else if (f.type == WEIR_BOOL) {
        set_bit(c.v.bits, row, below(2) == 0);
      } else if (f.type == WEIR_HISTOGRAM) {
        const std::size_t width = f.bound_count + 1;
        for (std::size_t i = 0; i < width; ++i) c.v.buckets[row * width + i] = below(100);
        c.counts[row] = below(1000);
        c.sums[row] = static_cast<double>(below(1000));
      } else {
        c.v.u64[row] = random_();
      }
    }
    if (below(2) == 0) {
      std::uint8_t* bitmap = core::make_validity(b, field);
      for (std::uint32_t row = 0; row < rows; ++row) set_bit(bitmap, row, below(4) != 0);
    }
  }

  core::Fixture fixture_;
  std::mt19937_64 random_;
  const weir_measurement* plain_;
  const weir_series* plain_series_;
  std::vector<const weir_series*> series_;
  std::vector<core::Batch*> batches_;
  std::uint64_t sequence_ = 0;
};

}  // namespace weir::buffer
