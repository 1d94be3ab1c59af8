// See plugin_test_rows.hpp.
#include "core/cli/plugin_test_rows.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "core/cli/plugin_test_child.hpp"
#include "core/pipeline/wall_clock.hpp"
#include "weir/weir.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kFeedSeconds = 60;  // the past that a feed begins in
constexpr std::uint32_t kFeedBatches = 2, kFeedTimes = 5;

std::string name_of(const weir_measurement& m, std::uint32_t field) {
  return std::string(m.name) + "." + m.fields[field]->name;
}

std::string number(double v) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

// Of a field of a number.
double number_at(const weir_field& field, const weir_column& c, std::uint32_t row) {
  switch (field.type) {
    case WEIR_F64: return c.v.f64[row];
    case WEIR_I64: return static_cast<double>(c.v.i64[row]);
    case WEIR_U64: return static_cast<double>(c.v.u64[row]);
    default: return 1;
  }
}

void check_value(const weir_measurement& m, std::uint32_t f, const weir_column& c,
                 std::uint32_t row) {
  const weir_field& field = *m.fields[f];
  if (!has_value(c, row)) return;
  const double value = number_at(field, c, row);
  if (field.metric == WEIR_COUNTER && !(value >= 0)) {
    fail("counter " + name_of(m, f) + " is " + number(value) + ", expected at least 0");
  }
  if (field.metric == WEIR_INFO && value != 1) {
    fail("information " + name_of(m, f) + " is " + number(value) + ", expected 1");
  }
  if (field.type != WEIR_HISTOGRAM) return;
  const std::size_t width = std::size_t{field.bound_count} + 1;
  const std::uint64_t* buckets = c.v.buckets + row * width;
  const std::uint64_t sum = std::accumulate(buckets, buckets + width, std::uint64_t{0});
  if (sum != c.counts[row]) {
    fail("histogram " + name_of(m, f) + " counts " + std::to_string(c.counts[row]) +
         ", expected the sum of its buckets, " + std::to_string(sum));
  }
}

std::string value_text(const weir_field& field, const weir_column& c, std::uint32_t row) {
  if (!has_value(c, row)) return "none";
  switch (field.type) {
    case WEIR_I64: return std::to_string(c.v.i64[row]);
    case WEIR_U64: return std::to_string(c.v.u64[row]);
    case WEIR_BOOL: return bit(c.v.bits, row) ? "true" : "false";
    case WEIR_STRING: return '"' + std::string(string_at(c, row)) + '"';
    case WEIR_F64: return number(c.v.f64[row]);
    default: break;
  }
  const std::size_t width = std::size_t{field.bound_count} + 1;
  std::string text = "sum " + number(c.sums[row]);
  for (std::size_t i = 0; i < width; ++i) {
    text += ' ' + std::to_string(c.v.buckets[row * width + i]);
  }
  return text;
}

std::string series_text(const weir_series& s) {
  std::string text = s.measurement->name;
  for (std::uint32_t i = 0; i < s.measurement->label_count; ++i) {
    text +=
        std::string(" ") + s.measurement->labels[i] + "=" + std::string(view(s.label_values[i]));
  }
  return text;
}

weir::Schema feed_schema() {
  weir::Schema schema("weir_plugin_test", "Rows that weir plugin test makes.");
  schema.label("device").label("place");
  schema.gauge("level", "celsius", "A gauge, at times without a value.");
  schema.counter("done", "", "A counter.");
  schema.field("signed", WEIR_I64, WEIR_GAUGE, "", "A whole number.");
  schema.field("unsigned", WEIR_U64, WEIR_COUNTER, "", "A whole number above 2^63.");
  schema.field("on", WEIR_BOOL, WEIR_GAUGE, "", "A state.");
  schema.field("text", WEIR_STRING, WEIR_GAUGE, "", "A text.");
  schema.histogram("duration", {0.1, 1, 10}, "seconds", "A histogram.");
  schema.field("known", WEIR_F64, WEIR_INFO, "", "An information.");
  return schema;
}

void write_row(weir::Batch& batch, const weir_series* series, std::int64_t time) {
  const std::uint32_t row = batch.add(series, time);
  batch.set(0, row, 20.5 + row);
  if (row % 3 == 1) batch.set_null(0, row);
  batch.set(1, row, static_cast<double>(time) / kSecond);
  batch.set_i64(2, row, -1 - static_cast<std::int64_t>(row));
  batch.set_u64(3, row, (std::uint64_t{1} << 63) + row);
  batch.set_bool(4, row, row % 2 == 0);
  batch.set_string(5, row, row % 2 == 0 ? "a \"quoted\" 'text', \\ and\na line" : "");
  batch.set_histogram(6, row, std::vector<std::uint64_t>{1, 0, 2, row}, 12.5);
  batch.set(7, row, 1);
}

}  // namespace

void check_rows(const Batches& batches) {
  std::set<std::pair<const weir_series*, std::int64_t>> seen;
  for (const weir_batch* b : batches) {
    const weir_measurement& m = *b->measurement;
    for (std::uint32_t row = 0; row < b->rows; ++row) {
      const weir_series& s = *b->series[row];
      if (s.measurement != &m) {
        fail("a row of '" + series_text(s) + "' is in a batch of '" + m.name +
             "', expected the series of its measurement");
      }
      if (b->times[row] <= 0) {
        fail("a row of '" + series_text(s) + "' has the time " + std::to_string(b->times[row]) +
             ", expected ns since 1970");
      }
      if (!seen.emplace(&s, b->times[row]).second) {
        fail("'" + series_text(s) + "' has two rows at " + std::to_string(b->times[row]) +
             ", expected one a time");
      }
      for (std::uint32_t f = 0; f < m.field_count; ++f) check_value(m, f, b->columns[f], row);
    }
  }
}

std::vector<std::string> lines(const Batches& batches) {
  std::vector<std::string> all;
  for (const weir_batch* b : batches) {
    const weir_measurement& m = *b->measurement;
    for (std::uint32_t row = 0; row < b->rows; ++row) {
      std::string line = std::to_string(b->times[row]) + ' ' + series_text(*b->series[row]);
      for (std::uint32_t f = 0; f < m.field_count; ++f) {
        line += std::string(" ") + m.fields[f]->name + ":" +
                value_text(*m.fields[f], b->columns[f], row);
      }
      all.push_back(std::move(line));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

Feed::Feed(Stage& stage)
    : host_(stage.services(), "rows", {}, kSecond),
      basket_(host_.output()),
      time_(core::wall_now_ns() - kFeedSeconds * kSecond) {
  const weir::Source source(host_.abi());
  measurement_ = source.measurement(feed_schema());
  for (const auto& place : {"hall 1", "\"x\", {y}=z\\",
                            "Stra\xc3\x9f"
                            "e"}) {
    series_.push_back(source.series(measurement_, {"d1", place}));
  }
}

const Batches& Feed::next() {
  basket_.empty();
  const weir::Source source(host_.abi());
  for (std::uint32_t i = 0; i < kFeedBatches; ++i) {
    const auto rows = static_cast<std::uint32_t>(series_.size() * kFeedTimes);
    weir::Batch batch = source.batch(measurement_, rows);
    for (std::uint32_t t = 0; t < kFeedTimes; ++t) {
      time_ += kSecond;
      for (const weir_series* series : series_) write_row(batch, series, time_);
    }
    source.emit(std::move(batch));
  }
  batches_ = basket_.take();
  return batches_;
}

}  // namespace weir::cli::plugin_test_detail
