// weir/format.hpp - rows as text: JSON lines, CSV or InfluxDB line protocol.
//
//   weir::format::Encoder encoder(weir::format::Format::jsonl);
//   weir::format::Buffer out;
//   encoder.append(batch, out);   // one line a row; then write out.view()
//
// What a line looks like is written down in plugins/sinks/file/README.md. Made for speed: what
// belongs to a series is rendered once and found again by the series' index and generation, what
// belongs to a measurement once, a time once for all rows that share it. Nothing is allocated per
// row. One thread at a time.
//
// A format is a style, a struct of functions that write the pieces of a row:
//   key(name), parts(field)     the text before a value; rendered once per measurement
//   prefix(series, out)         measurement and labels; rendered once per series
//   begin, end                  what precedes the prefix and what ends the line
//   name                        the key again, into the row; sets `any`: a field was written
//   absent, not_finite          what stands for no value, and for NaN and infinities
//   text, histogram, after_i64, after_u64
// Names of measurements, labels and fields need no escaping, by the rules of abi.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_csv.hpp"
#include "weir/format_influx.hpp"
#include "weir/format_jsonl.hpp"
#include "weir/format_number.hpp"
#include "weir/format_plan.hpp"
#include "weir/format_series.hpp"
#include "weir/format_text.hpp"
#include "weir/rows.hpp"

namespace weir::format {

enum class Format { jsonl, csv, influx };

class Encoder {
 public:
  // `cache_bytes_max` bounds what is kept per series.
  explicit Encoder(Format format, std::size_t cache_bytes_max = std::size_t{32} << 20)
      : format_(format), prefixes_(cache_bytes_max) {}

  // Appends `rows` rows from `first_row` on, one line each. Throws std::bad_alloc, and then `out`
  // ends with a whole line.
  void append(const weir_batch& batch, std::uint32_t first_row, std::uint32_t rows, Buffer& out) {
    skipped_.clear();
    switch (format_) {
      case Format::jsonl: return append_as<Jsonl>(batch, first_row, rows, out);
      case Format::csv: return append_as<Csv>(batch, first_row, rows, out);
      case Format::influx: return append_as<Influx>(batch, first_row, rows, out);
    }
  }
  void append(const weir_batch& batch, Buffer& out) { append(batch, 0, batch.rows, out); }

  // Rows that the last `append` left out, because no field of theirs can be said in this format
  // (influx: all are absent, NaN or infinite). The caller counts them.
  const std::vector<std::uint32_t>& skipped() const { return skipped_; }

  Format format() const { return format_; }
  const PrefixCache& cache() const { return prefixes_; }

 private:
  template <class Style>
  void append_as(const weir_batch& batch, std::uint32_t first_row, std::uint32_t rows,
                 Buffer& out) {
    const Plan& plan = plans_.find<Style>(*batch.measurement);
    for (std::uint32_t row = first_row; row < first_row + rows; ++row) {
      const weir_series& series = *batch.series[row];
      const std::string_view prefix =
          prefixes_.find(series, [&](Buffer& text) { Style::prefix(series, text); });
      std::size_t bytes_max = plan.row_bytes_max + prefix.size();
      for (const std::uint32_t field : plan.strings) {
        bytes_max += string_at(batch.columns[field], row).size() * kEscapeRatioMax;
      }
      char* p = out.reserve(bytes_max);
      p = Style::begin(p, time_, batch.times[row]);
      p = put_padded(p, prefix.data(), prefix.size());
      bool any = false;
      p = put_fields<Style>(p, plan, batch, row, any);
      if (Style::kNeedsField && !any) {
        skipped_.push_back(row);
      } else {
        out.set_end(Style::end(p, batch.times[row]));
      }
    }
  }

  template <class Style>
  static char* put_fields(char* p, const Plan& plan, const weir_batch& batch, std::uint32_t row,
                          bool& any) {
    for (const FieldPlan& f : plan.fields) {
      const weir_column& c = batch.columns[f.index];
      if (!has_value(c, row)) {
        p = Style::absent(p, f);
        continue;
      }
      switch (f.type) {
        case WEIR_F64: {
          const double value = c.v.f64[row];
          p = std::isfinite(value) ? put_f64(Style::name(p, f, any), value)
                                   : Style::not_finite(p, f, value, any);
          break;
        }
        case WEIR_I64: p = Style::after_i64(put_i64(Style::name(p, f, any), c.v.i64[row])); break;
        case WEIR_U64: p = Style::after_u64(put_u64(Style::name(p, f, any), c.v.u64[row])); break;
        case WEIR_BOOL:
          p = put(Style::name(p, f, any), bit(c.v.bits, row) ? "true" : "false");
          break;
        case WEIR_STRING: p = Style::text(Style::name(p, f, any), string_at(c, row)); break;
        default: p = Style::histogram(p, f, c, row, any); break;
      }
    }
    return p;
  }

  Format format_;
  PrefixCache prefixes_;
  Plans plans_;
  TimeText time_;
  std::vector<std::uint32_t> skipped_;
};

}  // namespace weir::format
