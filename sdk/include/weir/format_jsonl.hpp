// weir/format_jsonl.hpp - a row as a line of JSON; the style's pieces are named in format.hpp.
//
// {"time":"...","measurement":"m","labels":{"k":"v"},"fields":{"f":1}} as of RFC 8259. A field
// without a value is left out; NaN and infinities, which JSON does not have, are null.
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

struct Jsonl {
  static constexpr bool kNeedsField = false;

  static std::string key(std::string_view name) { return ",\"" + std::string(name) + "\":"; }
  static std::vector<std::string> parts(const weir_field& f) {
    std::string open = "{\"bounds\":[";
    for (std::uint32_t i = 0; i < f.bound_count; ++i) {
      open += (i ? "," : "") + bound_text(f.bounds[i]);
    }
    return {open + "],\"counts\":["};
  }
  static char* quoted(char* p, std::string_view text) {
    *p++ = '"';
    p = put_text<'"', '\\'>(p, text, [](char* to, char c) {
      *to++ = '\\';
      switch (c) {
        case '"': *to++ = '"'; return to;
        case '\\': *to++ = '\\'; return to;
        case '\n': *to++ = 'n'; return to;
        case '\r': *to++ = 'r'; return to;
        case '\t': *to++ = 't'; return to;
        case '\b': *to++ = 'b'; return to;
        case '\f': *to++ = 'f'; return to;
        default: break;
      }
      constexpr char kHex[] = "0123456789abcdef";
      to = put(to, c == 0x7f ? "u007" : c < 0x10 ? "u000" : "u001");
      *to++ = kHex[c & 15];
      return to;
    });
    *p++ = '"';
    return p;
  }

  static void prefix(const weir_series& s, Buffer& out) {
    out.append("\",\"measurement\":\"");
    out.append(s.measurement->name);
    out.append("\",\"labels\":{");
    bool first = true;
    each_label(s, [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      char* p = out.reserve(name.size() + value.size() * kEscapeRatioMax + 16);
      p = put(p, first ? "\"" : ",\"");
      p = put(put(p, name), "\":");
      out.set_end(quoted(p, value));
      first = false;
    });
    out.append("},\"fields\":{");
  }
  static char* begin(char* p, TimeText& time, std::int64_t ns) {
    p = put(p, "{\"time\":\"");
    const std::size_t size = time.at(ns).size();
    return put_padded(p, time.padded(), size);
  }
  static char* end(char* p, std::int64_t) { return put(p, "}}\n"); }

  static char* name(char* p, const FieldPlan& f, bool& any) {
    const std::uint32_t comma = any ? 0 : 1;  // the key's own comma
    any = true;
    return put_padded(p, f.key + comma, f.key_size - comma);
  }
  static char* absent(char* p, const FieldPlan&) { return p; }
  static char* not_finite(char* p, const FieldPlan& f, double, bool& any) {
    return put(name(p, f, any), "null");
  }
  static char* after_i64(char* p) { return p; }
  static char* after_u64(char* p) { return p; }
  static char* text(char* p, std::string_view value) { return quoted(p, value); }
  static char* histogram(char* p, const FieldPlan& f, const weir_column& c, std::uint32_t row,
                         bool& any) {
    p = put(name(p, f, any), f.parts[0]);
    const std::size_t width = std::size_t{f.bound_count} + 1;
    for (std::size_t i = 0; i < width; ++i) {
      p = put_u64(p, c.v.buckets[row * width + i]);
      *p++ = ',';
    }
    p = put(p - 1, "],\"sum\":");
    p = std::isfinite(c.sums[row]) ? put_f64(p, c.sums[row]) : put(p, "null");
    p = put_u64(put(p, ",\"count\":"), c.counts[row]);
    *p++ = '}';
    return p;
  }
};

}  // namespace weir::format
