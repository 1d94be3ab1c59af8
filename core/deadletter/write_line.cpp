// Rows as lines.
#include <cmath>

#include "core/config/fnv.hpp"
#include "core/deadletter/letter.hpp"
#include "weir/format_jsonl.hpp"
#include "weir/rows.hpp"

namespace weir::deadletter {

namespace {

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p != end) {
    const int step = *p < 0x80 ? 1 : format::utf8_step(p, end);
    if (step < 0) return false;
    p += step;
  }
  return true;
}

void put_string(std::string& out, std::string_view text) {
  std::string room(text.size() * format::kEscapeRatioMax + 2 + format::kSlack, '\0');
  out.append(room.data(), format::Jsonl::quoted(room.data(), text));
}

// Text that may hold any byte.
void put_bytes(std::string& out, std::string_view text) {
  if (is_utf8(text)) return put_string(out, text);
  constexpr char kHex[] = "0123456789abcdef";
  out += "{\"hex\":\"";
  for (const char c : text) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  out += "\"}";
}

void put_number(std::string& out, double v) {
  if (!std::isfinite(v)) {
    out += std::isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char text[format::kNumberBytesMax + format::kSlack];
  out.append(text, format::put_f64(text, v));
}

void put_value(std::string& out, const weir_field& field, const weir_column& c, std::uint32_t row) {
  switch (field.type) {
    case WEIR_F64: return put_number(out, c.v.f64[row]);
    case WEIR_I64: out += std::to_string(c.v.i64[row]); return;
    case WEIR_U64: out += std::to_string(c.v.u64[row]); return;
    case WEIR_BOOL: out += bit(c.v.bits, row) ? "true" : "false"; return;
    case WEIR_STRING: return put_bytes(out, string_at(c, row));
    default: break;
  }
  const std::size_t width = std::size_t{field.bound_count} + 1;
  out += "{\"counts\":[";
  for (std::size_t i = 0; i < width; ++i) {
    out += (i ? "," : "") + std::to_string(c.v.buckets[row * width + i]);
  }
  out += "],\"sum\":";
  put_number(out, c.sums[row]);
  out += ",\"count\":" + std::to_string(c.counts[row]) + "}";
}

}  // namespace

std::string schema_line(const weir_measurement& m, std::string& number) {
  std::string body = ",\"measurement\":";
  put_string(body, m.name);
  body += ",\"help\":";
  put_string(body, m.help);
  body += ",\"labels\":[";
  for (std::uint32_t i = 0; i < m.label_count; ++i) {
    if (i) body += ',';
    put_string(body, m.labels[i]);
  }
  body += "],\"fields\":[";
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const weir_field& f = *m.fields[i];
    body += (i ? ",{\"name\":" : "{\"name\":");
    put_string(body, f.name);
    body += ",\"type\":" + std::to_string(f.type) + ",\"metric\":" + std::to_string(f.metric);
    body += ",\"unit\":";
    put_string(body, f.unit);
    body += ",\"help\":";
    put_string(body, f.help);
    if (f.flat_name != nullptr) {
      body += ",\"flat_name\":";
      put_string(body, f.flat_name);
    }
    if (f.type == WEIR_HISTOGRAM) {
      body += ",\"bounds\":[";
      for (std::uint32_t b = 0; b < f.bound_count; ++b) {
        if (b) body += ',';
        put_number(body, f.bounds[b]);
      }
      body += ']';
    }
    body += '}';
  }
  body += "]}";
  Fnv hash;
  hash.text(body);
  number = hash.hex();
  return "{\"schema\":\"" + number + "\"" + body;
}

std::string row_line(const weir_batch& batch, std::uint32_t row, std::string_view schema_number,
                     std::string_view from, std::string_view reason, std::int64_t now) {
  const weir_measurement& m = *batch.measurement;
  format::TimeText at;
  std::string line = "{\"at\":\"" + std::string(at.at(now)) + "\",\"from\":";
  put_string(line, from);
  line += ",\"reason\":";
  put_string(line, reason);  // what is not UTF-8 is replaced
  line += ",\"schema\":\"" + std::string(schema_number) + "\",\"measurement\":";
  put_string(line, m.name);
  line += ",\"time\":" + std::to_string(batch.times[row]) + ",\"labels\":{";
  bool first = true;
  const auto key = [&](const char* name) {
    if (!first) line += ',';
    first = false;
    put_string(line, name);
    line += ':';
  };
  for (std::uint32_t i = 0; i < m.label_count; ++i) {
    const std::string_view value = view(batch.series[row]->label_values[i]);
    if (value.empty()) continue;
    key(m.labels[i]);
    put_bytes(line, value);
  }
  line += "},\"fields\":{";
  first = true;
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    if (!has_value(batch.columns[i], row)) continue;
    key(m.fields[i]->name);
    put_value(line, *m.fields[i], batch.columns[i], row);
  }
  return line + "}}";
}

}  // namespace weir::deadletter
