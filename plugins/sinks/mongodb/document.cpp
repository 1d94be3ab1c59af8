#include "document.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "weir/rows.hpp"
#include "weir/table_value.hpp"

namespace weir::mongodb_sink {

namespace {

constexpr std::size_t kHeadBytesMax = 64 << 20;  // of the cache
constexpr const char* kNotFinite = "is not finite, which this server cannot keep";
constexpr const char* kNoDecimal = "is larger than 2^63-1, which this server cannot keep";

int length(std::string_view text) { return static_cast<int>(text.size()); }

const char* append_real(bson_t& out, std::string_view key, double value, const Limits& limits) {
  if (!limits.has_nonfinite && !std::isfinite(value)) return kNotFinite;
  bson_append_double(&out, key.data(), length(key), value);
  return nullptr;
}

const char* append_natural(bson_t& out, std::string_view key, std::uint64_t value,
                           const Limits& limits) {
  if (value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    bson_append_int64(&out, key.data(), length(key), static_cast<std::int64_t>(value));
    return nullptr;
  }
  if (!limits.has_decimal) return kNoDecimal;
  const bson_decimal128_t decimal{value, 0x3040'0000'0000'0000};  // value x 10^0
  bson_append_decimal128(&out, key.data(), length(key), &decimal);
  return nullptr;
}

// {count, sum, bounds: [...], counts: [...]}: a count a bucket, the last above the last bound.
const char* append_histogram(bson_t& out, std::string_view key, const weir_field& field,
                             const weir_column& column, std::uint32_t row, const Limits& limits) {
  bson_t document, list;
  char digits[16];
  const char* name = nullptr;
  bson_append_document_begin(&out, key.data(), length(key), &document);
  const char* problem = append_natural(document, "count", column.counts[row], limits);
  if (problem == nullptr) problem = append_real(document, "sum", column.sums[row], limits);
  bson_append_array_begin(&document, "bounds", -1, &list);
  for (std::uint32_t i = 0; i < field.bound_count; ++i) {
    const std::size_t size = bson_uint32_to_string(i, &name, digits, sizeof digits);
    bson_append_double(&list, name, static_cast<int>(size), field.bounds[i]);
  }
  bson_append_array_end(&document, &list);
  bson_append_array_begin(&document, "counts", -1, &list);
  const std::uint32_t width = field.bound_count + 1;
  for (std::uint32_t i = 0; i < width && problem == nullptr; ++i) {
    const std::size_t size = bson_uint32_to_string(i, &name, digits, sizeof digits);
    problem =
        append_natural(list, {name, size}, column.v.buckets[std::size_t{row} * width + i], limits);
  }
  bson_append_array_end(&document, &list);
  bson_append_document_end(&out, &document);
  return problem;
}

const char* append_value(bson_t& out, const Field& f, const weir_batch& batch, std::uint32_t row,
                         const Limits& limits) {
  const weir_column& column = batch.columns[f.index];
  const weir_field& field = *batch.measurement->fields[f.index];
  switch (f.part) {
    case Part::mean:
      if (column.counts[row] == 0) return nullptr;  // of no observations
      return append_real(out, f.name, table::mean(column, row), limits);
    case Part::sum: return append_real(out, f.name, column.sums[row], limits);
    case Part::count: return append_natural(out, f.name, column.counts[row], limits);
    case Part::value: break;
  }
  switch (field.type) {
    case WEIR_F64: return append_real(out, f.name, column.v.f64[row], limits);
    case WEIR_I64:
      bson_append_int64(&out, f.name.data(), length(f.name), column.v.i64[row]);
      return nullptr;
    case WEIR_U64: return append_natural(out, f.name, column.v.u64[row], limits);
    case WEIR_BOOL:
      bson_append_bool(&out, f.name.data(), length(f.name), bit(column.v.bits, row));
      return nullptr;
    case WEIR_HISTOGRAM: return append_histogram(out, f.name, field, column, row, limits);
    default: break;
  }
  const std::string_view text = string_at(column, row);
  if (text.size() + out.len > limits.document_bytes) return kTooLarge;
  append_text(out, f.name, text);
  return nullptr;
}

}  // namespace

std::string text_of(const Refusal& refusal, const weir_measurement& m) {
  std::string text = m.name;
  if (refusal.field != Refusal::kWhole) text += std::string(".") + m.fields[refusal.field]->name;
  return text + " " + refusal.why;
}

DocumentId document_id(std::int64_t time, const table::SeriesId& id) {
  DocumentId result;
  std::uint64_t bits = static_cast<std::uint64_t>(time) ^ (std::uint64_t{1} << 63);
  for (std::size_t i = 8; i-- > 0; bits >>= 8) result[i] = static_cast<std::uint8_t>(bits);
  std::memcpy(result.data() + 8, id.data(), id.size());
  return result;
}

void append_text(bson_t& out, std::string_view key, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  if (table::is_well_formed(value)) {
    bson_append_utf8(&out, key.data(), length(key), data, length(value));
  } else {
    bson_append_binary(&out, key.data(), length(key), BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(data),
                       static_cast<std::uint32_t>(value.size()));
  }
}

Refusal append_field(bson_t& out, const Field& field, const weir_batch& batch, std::uint32_t row,
                     const Limits& limits) {
  if (!has_value(batch.columns[field.index], row)) return {};
  return {append_value(out, field, batch, row, limits), field.index};
}

void append_head(bson_t& out, const DocumentId& id, const std::string& time_name,
                 std::int64_t time) {
  constexpr std::int64_t kNsInMs = 1'000'000;
  std::int64_t rest = time % kNsInMs;
  if (rest < 0) rest += kNsInMs;
  bson_append_binary(&out, "_id", 3, BSON_SUBTYPE_BINARY, id.data(),
                     static_cast<std::uint32_t>(id.size()));
  bson_append_date_time(&out, time_name.data(), length(time_name), (time - rest) / kNsInMs);
  if (rest != 0) bson_append_int32(&out, kRest, -1, static_cast<std::int32_t>(rest));
}

Heads::Heads() : cache_(kHeadBytesMax) {}

Heads::Head Heads::find(const Plan& plan, const weir_series& series) {
  const std::string_view text = cache_.find(series, [&](format::Buffer& out) {
    table::Labels labels;
    Bson document;
    for (const Label& label : plan.head) {
      const std::string_view value = view(series.label_values[label.index]);
      if (value.empty()) continue;
      labels.emplace_back(plan.measurement->labels[label.index], value);
      append_text(*document.get(), label.name, value);
    }
    const table::SeriesId id = table::id_of(table::netstrings(plan.id_name, std::move(labels)));
    out.append({reinterpret_cast<const char*>(id.data()), id.size()});
    out.append(bytes_of(*document.get()));
  });
  Head head;
  std::memcpy(head.id.data(), text.data(), head.id.size());
  head.labels = text.substr(head.id.size());
  return head;
}

Refusal append_flat(bson_t& out, const Plan& plan, const Heads::Head& head,
                    const std::string& time_name, bool labels_apart, const weir_batch& batch,
                    std::uint32_t row, const Limits& limits) {
  const std::int64_t time = batch.times[row];
  append_head(out, document_id(time, head.id), time_name, time);
  const BsonView labels(head.labels);
  if (labels_apart) {
    bson_append_document(&out, kLabels, -1, labels.get());
  } else {
    bson_concat(&out, labels.get());
  }
  for (const Field& field : plan.fields) {
    if (const Refusal refusal = append_field(out, field, batch, row, limits)) return refusal;
  }
  if (out.len > limits.document_bytes) return {kTooLarge};
  return {};
}

}  // namespace weir::mongodb_sink
