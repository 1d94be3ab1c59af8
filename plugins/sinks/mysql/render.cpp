#include "render.hpp"

#include <cmath>

#include "weir/rows.hpp"
#include "weir/table_series.hpp"

namespace weir::mysql_sink {

namespace {

constexpr std::size_t kSeriesBytesMax = 64 << 20;  // of the cache

template <Form form>
constexpr char kSeparator = form == Form::tuple ? ',' : '\t';
template <Form form>
constexpr std::string_view kNull = form == Form::tuple ? "NULL" : "\\N";

// Well-formed text as a value. Escapes that both forms read alike: backslash, quote, NUL, and what
// ends a line or a field.
template <Form form>
void append_text(std::string_view text, format::Buffer& out) {
  char* p = out.reserve(text.size() * format::kEscapeRatioMax + 2);
  if constexpr (form == Form::tuple) *p++ = '\'';
  p = format::put_text<'\\', '\''>(p, text, [](char* at, char c) {
    switch (c) {
      case '\0': return format::put(at, "\\0");
      case '\\': return format::put(at, "\\\\");
      case '\'': return format::put(at, "\\'");
      case '\n': return format::put(at, "\\n");
      case '\t': return format::put(at, "\\t");
      default: *at = c; return at + 1;
    }
  });
  if constexpr (form == Form::tuple) *p++ = '\'';
  out.set_end(p);
}

// NaN and infinities have no place in a column of MySQL.
template <Form form>
char* put_real(char* p, double value) {
  if (!std::isfinite(value)) return format::put(p, kNull<form>);
  return format::put_f64(p, value);
}

template <Form form>
void append_series(const table::Plan& plan, const weir_series& series, format::Buffer& out) {
  constexpr const char* kHex = "0123456789abcdef";
  char* p = out.reserve(64);
  if constexpr (form == Form::tuple) p = format::put(p, "(x'");
  for (const std::uint8_t byte : table::series_id(series)) {
    *p++ = kHex[byte >> 4];
    *p++ = kHex[byte & 15];
  }
  if constexpr (form == Form::tuple) *p++ = '\'';
  *p++ = kSeparator<form>;
  out.set_end(p);
  for (const table::Column& c : plan.columns) {
    if (c.part != table::Part::label) continue;
    const std::string_view value = view(series.label_values[c.index]);
    if (value.empty()) {
      out.append(kNull<form>);
    } else {
      append_text<form>(value, out);
    }
    out.append({&kSeparator<form>, 1});
  }
}

}  // namespace

Renderer::Renderer(Form form) : form_(form), series_(kSeriesBytesMax) {}

void Renderer::append(const table::Plan& plan, const weir_batch& batch, std::uint32_t first,
                      std::uint32_t count, format::Buffer& out, std::vector<std::size_t>& ends) {
  if (form_ == Form::tuple) {
    append_rows<Form::tuple>(plan, batch, first, count, out, ends);
  } else {
    append_rows<Form::line>(plan, batch, first, count, out, ends);
  }
}

template <Form form>
void Renderer::append_rows(const table::Plan& plan, const weir_batch& batch, std::uint32_t first,
                           std::uint32_t count, format::Buffer& out,
                           std::vector<std::size_t>& ends) {
  for (std::uint32_t row = first; row < first + count; ++row) {
    const weir_series& series = *batch.series[row];
    out.append(series_.find(
        series, [&](format::Buffer& text) { append_series<form>(plan, series, text); }));
    char* p = out.reserve(80);
    if constexpr (form == Form::tuple) *p++ = '\'';
    p = format::put(p, time_.at(batch.times[row], plan.time_digits));
    if constexpr (form == Form::tuple) *p++ = '\'';
    *p++ = kSeparator<form>;
    p = format::put_u64(p, table::beyond(batch.times[row], plan.time_digits));
    out.set_end(p);
    for (const table::Column& c : plan.columns) {
      if (c.part == table::Part::label) continue;
      out.append({&kSeparator<form>, 1});
      append_field<form>(c, batch, row, out);
    }
    out.append(form == Form::tuple ? ")," : "\n");
    ends.push_back(out.size());
  }
}

template <Form form>
void Renderer::append_field(const table::Column& c, const weir_batch& batch, std::uint32_t row,
                            format::Buffer& out) {
  const weir_column& column = batch.columns[c.index];
  if (!has_value(column, row)) return out.append(kNull<form>);
  const weir_field& field = *batch.measurement->fields[c.index];
  char* p = out.reserve(format::kNumberBytesMax);
  switch (c.part) {
    case table::Part::count: return out.set_end(format::put_u64(p, column.counts[row]));
    case table::Part::sum: return out.set_end(put_real<form>(p, column.sums[row]));
    case table::Part::mean: return out.set_end(put_real<form>(p, table::mean(column, row)));
    case table::Part::buckets:
      text_.clear();
      table::append_buckets(field, column, row, text_);
      return append_text<form>(text_.view(), out);
    default: break;
  }
  switch (field.type) {
    case WEIR_F64: return out.set_end(put_real<form>(p, column.v.f64[row]));
    case WEIR_I64: return out.set_end(format::put_i64(p, column.v.i64[row]));
    case WEIR_U64: return out.set_end(format::put_u64(p, column.v.u64[row]));
    case WEIR_BOOL: return out.append(bit(column.v.bits, row) ? "1" : "0");
    default: return append_text<form>(string_at(column, row), out);
  }
}

}  // namespace weir::mysql_sink
