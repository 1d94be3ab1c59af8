// weir/format_influx.hpp - a row as a line for InfluxDB; the style's pieces: format.hpp.
//
// measurement,tag=value field=1,other=2i 1795255200000000000 as of the InfluxDB line protocol.
// What it cannot say is left out: no value, NaN, infinities, empty labels, and backslashes at the
// end of a label. Line ends in labels and strings become \n and \r in two characters, so that a
// line is a row. A histogram is the fields f_sum, f_count and, cumulative, f_le_<bound>.
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

struct Influx {
  static constexpr bool kNeedsField = true;  // a line without one is not valid

  static std::string key(std::string_view name) { return "," + std::string(name) + "="; }
  static std::vector<std::string> parts(const weir_field& f) {
    const std::string name = f.name;
    std::vector<std::string> keys{"," + name + "_sum=", "," + name + "_count="};
    for (std::uint32_t i = 0; i < f.bound_count; ++i) {
      keys.push_back("," + name + "_le_" + bound_text(f.bounds[i]) + "=");
    }
    return keys;
  }
  static char* line_end(char* p, char c) {
    *p++ = '\\';
    *p++ = c == '\n' ? 'n' : 'r';
    return p;
  }
  static char* tag(char* p, std::string_view value) {
    return put_text<',', '=', ' '>(p, value, [](char* to, char c) {
      if (c == '\n' || c == '\r') return line_end(to, c);
      if (c == ',' || c == '=' || c == ' ') *to++ = '\\';
      *to++ = c;
      return to;
    });
  }

  static void prefix(const weir_series& s, Buffer& out) {
    out.append(s.measurement->name);
    each_label(s, [&](std::string_view name, std::string_view value) {
      while (value.ends_with('\\')) value.remove_suffix(1);  // would escape what follows
      if (value.empty()) return;
      char* p = out.reserve(name.size() + value.size() * kEscapeRatioMax + 16);
      *p++ = ',';
      p = put(put(p, name), "=");
      out.set_end(tag(p, value));
    });
    out.append(" ");
  }
  static char* begin(char* p, TimeText&, std::int64_t) { return p; }
  static char* end(char* p, std::int64_t ns) {
    *p++ = ' ';
    p = put_i64(p, ns);
    *p++ = '\n';
    return p;
  }

  static char* key(char* p, std::string_view text, bool& any) {
    if (!any) text.remove_prefix(1);
    any = true;
    return put(p, text);
  }
  static char* name(char* p, const FieldPlan& f, bool& any) {
    const std::uint32_t comma = any ? 0 : 1;
    any = true;
    return put_padded(p, f.key + comma, f.key_size - comma);
  }
  static char* absent(char* p, const FieldPlan&) { return p; }
  static char* not_finite(char* p, const FieldPlan&, double, bool&) { return p; }
  static char* after_i64(char* p) {
    *p++ = 'i';
    return p;
  }
  static char* after_u64(char* p) {
    *p++ = 'u';
    return p;
  }
  static char* text(char* p, std::string_view value) {
    *p++ = '"';
    p = put_text<'"', '\\'>(p, value, [](char* to, char c) {
      if (c == '\n' || c == '\r') return line_end(to, c);
      if (c == '"' || c == '\\') *to++ = '\\';
      *to++ = c;
      return to;
    });
    *p++ = '"';
    return p;
  }
  static char* histogram(char* p, const FieldPlan& f, const weir_column& c, std::uint32_t row,
                         bool& any) {
    if (std::isfinite(c.sums[row])) p = put_f64(key(p, f.parts[0], any), c.sums[row]);
    p = after_u64(put_u64(key(p, f.parts[1], any), c.counts[row]));
    const std::uint64_t* buckets = c.v.buckets + std::size_t{row} * (f.bound_count + 1);
    std::uint64_t below = 0;
    for (std::uint32_t i = 0; i < f.bound_count; ++i) {
      p = after_u64(put_u64(key(p, f.parts[i + 2], any), below += buckets[i]));
    }
    return p;
  }
};

}  // namespace weir::format
