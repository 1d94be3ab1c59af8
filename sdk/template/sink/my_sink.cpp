// How my_sink writes a row, and the macro that makes the class a plugin.
#include "my_sink.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>

namespace {

void append_number(std::string& out, auto value) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_value(std::string& out, const weir_field& field, const weir_column& column,
                  std::uint32_t row) {
  if (!weir::has_value(column, row)) {
    out += "null";
    return;
  }
  switch (field.type) {
    case WEIR_F64: return append_number(out, column.v.f64[row]);
    case WEIR_I64: return append_number(out, column.v.i64[row]);
    case WEIR_U64: return append_number(out, column.v.u64[row]);
    case WEIR_BOOL: out += weir::bit(column.v.bits, row) ? "true" : "false"; return;
    case WEIR_STRING: out += weir::string_at(column, row); return;
    case WEIR_HISTOGRAM: return append_number(out, column.sums[row]);
    default: out += "unknown";  // a type of a later minor version
  }
}

// name label=value... field=value... time
void append_row(std::string& out, const weir_batch& batch, std::uint32_t row) {
  const weir_measurement& m = *batch.measurement;
  out += m.name;
  for (std::uint32_t i = 0; i < m.label_count; ++i) {
    ((out += ' ') += m.labels[i]) += '=';
    out += weir::view(batch.series[row]->label_values[i]);
  }
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    ((out += ' ') += m.fields[i]->name) += '=';
    append_value(out, *m.fields[i], batch.columns[i], row);
  }
  append_number(out += ' ', batch.times[row]);
  out += '\n';
}

}  // namespace

MySink::MySink(weir::Sink agent, const Options& options) : agent_(agent), options_(options) {}

void MySink::check(const Options& options, weir::Problems& problems) {
  if (!options.path.starts_with('/')) problems.add("path", "must be absolute: begin it with '/'");
}

weir::Status MySink::write(std::span<const weir_batch* const> batches) {
  if (file_ == nullptr) {
    file_.reset(std::fopen(options_.path.c_str(), "ae"));
    if (file_ == nullptr) {
      return weir::Status::retry("cannot open '" + options_.path + "': " + std::strerror(errno));
    }
    agent_.info("writes to " + options_.path);
  }
  lines_.clear();
  for (const weir_batch* batch : batches) {
    for (std::uint32_t row = 0; row < batch->rows; ++row) append_row(lines_, *batch, row);
  }
  const bool written = std::fwrite(lines_.data(), 1, lines_.size(), file_.get()) == lines_.size();
  if (!written || std::fflush(file_.get()) != 0) {
    const std::string why = std::strerror(errno);
    file_.reset();  // opened again at the next attempt
    return weir::Status::retry("cannot write '" + options_.path + "': " + why);
  }
  return weir::Status::ok();
}

WEIR_PLUGIN("my_sink", "1.0.0", weir::sink<MySink>("my_sink", "Appends rows to a file."))
