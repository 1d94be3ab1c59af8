// weir/format_csv.hpp - a row as a record of CSV; the style's pieces are named in format.hpp.
//
// time,measurement,labels...,fields... as of RFC 4180 with "\n" at the end of a record. A value
// that is not there is an empty cell, an empty string "". A histogram is the columns f_sum,
// f_count and, cumulative, f_le_<bound>.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_number.hpp"
#include "weir/format_plan.hpp"
#include "weir/format_text.hpp"

namespace weir::format {

struct Csv {
  static constexpr bool kNeedsField = false;

  static std::string key(std::string_view) { return ","; }
  static std::vector<std::string> parts(const weir_field& f) {
    return {std::string(f.bound_count + 2, ',')};  // what stands for no histogram
  }
  static std::string header(const weir_measurement& m) {
    std::string text = "time,measurement";
    for (std::uint32_t i = 0; i < m.label_count; ++i) text += std::string(",") + m.labels[i];
    for (std::uint32_t i = 0; i < m.field_count; ++i) {
      const weir_field& f = *m.fields[i];
      const std::string field = std::string(",") + f.name;
      if (f.type != WEIR_HISTOGRAM) {
        text += field;
        continue;
      }
      text += field + "_sum" + field + "_count";
      for (std::uint32_t b = 0; b < f.bound_count; ++b) {
        text += field + "_le_" + bound_text(f.bounds[b]);
      }
    }
    return text + "\n";
  }
  static char* cell(char* p, std::string_view value) {
    bool quote = value.empty();
    for (const char c : value) quote |= c == ',' || c == '"' || c == '\n' || c == '\r';
    const auto twice = [](char* to, char c) {
      if (c == '"') *to++ = '"';
      *to++ = c;
      return to;
    };
    if (!quote) return put_text<>(p, value, twice);
    *p++ = '"';
    p = put_text<'"'>(p, value, twice);
    *p++ = '"';
    return p;
  }

  static void prefix(const weir_series& s, Buffer& out) {
    out.append(",");
    out.append(s.measurement->name);
    each_label(s, [&](std::string_view, std::string_view value) {
      char* p = out.reserve(value.size() * kEscapeRatioMax + 16);
      *p++ = ',';
      out.set_end(value.empty() ? p : cell(p, value));
    });
  }
  static char* begin(char* p, TimeText& time, std::int64_t ns) {
    const std::size_t size = time.at(ns).size();
    return put_padded(p, time.padded(), size);
  }
  static char* end(char* p, std::int64_t) {
    *p++ = '\n';
    return p;
  }

  static char* name(char* p, const FieldPlan&, bool&) {
    *p++ = ',';
    return p;
  }
  static char* absent(char* p, const FieldPlan& f) {
    return f.type == WEIR_HISTOGRAM ? put(p, f.parts[0]) : put(p, ",");
  }
  static char* not_finite(char* p, const FieldPlan&, double v, bool&) {
    *p++ = ',';
    return put(p, infinity_text(v));
  }
  static char* after_i64(char* p) { return p; }
  static char* after_u64(char* p) { return p; }
  static char* text(char* p, std::string_view value) { return cell(p, value); }
  static char* histogram(char* p, const FieldPlan& f, const weir_column& c, std::uint32_t row,
                         bool&) {
    *p++ = ',';
    p = std::isfinite(c.sums[row]) ? put_f64(p, c.sums[row]) : put(p, infinity_text(c.sums[row]));
    *p++ = ',';
    p = put_u64(p, c.counts[row]);
    const std::uint64_t* buckets = c.v.buckets + std::size_t{row} * (f.bound_count + 1);
    std::uint64_t below = 0;
    for (std::uint32_t i = 0; i < f.bound_count; ++i) {
      *p++ = ',';
      p = put_u64(p, below += buckets[i]);
    }
    return p;
  }
};

}  // namespace weir::format
