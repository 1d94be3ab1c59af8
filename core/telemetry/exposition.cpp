#include "core/telemetry/exposition.hpp"

#include <string_view>

#include "weir/format_number.hpp"
#include "weir/format_text.hpp"
#include "weir/options.hpp"

namespace weir::core {

namespace {

std::string name_of(const weir_measurement& schema, const weir_field& field) {
  return field.flat_name != nullptr ? field.flat_name : std::string(schema.name) + '_' + field.name;
}

const char* type_of(const weir_field& field) {
  return field.metric == WEIR_COUNTER ? "counter" : "gauge";
}

// Only texts of servers need it: ids and names of ours have nothing to escape.
void put_label(std::string& out, std::string_view value) {
  format::Buffer escaped;
  escaped.set_end(format::put_text<'"', '\\'>(
      escaped.reserve(value.size() * format::kEscapeRatioMax), value, [](char* p, char c) {
        if (c == '\n') return format::put(p, "\\n");
        if (c == '\\' || c == '"') *p++ = '\\';
        *p++ = c;
        return p;
      }));
  out += escaped.view();
}

void put_value(std::string& out, const weir_field& field, const weir_cell& value) {
  char number[format::kNumberBytesMax];
  const char* end = field.type == WEIR_F64 ? format::put_f64(number, value.f64)
                                           : format::put_u64(number, value.u64);
  out.append(number, static_cast<std::size_t>(end - number));
}

}  // namespace

void Exposition::add(void* context, const weir_measurement* schema, const weir_string* labels,
                     const weir_cell* values) noexcept {
  try {
    static_cast<Exposition*>(context)->add(*schema, labels, values);
  } catch (const std::exception&) {  // see the header
  }
}

void Exposition::add(const weir_measurement& schema, const weir_string* labels,
                     const weir_cell* values) {
  std::string text;
  for (std::uint32_t i = 0; i < schema.label_count; ++i) {
    const std::string_view value = view(labels[i]);
    if (value.empty()) continue;  // as if it were not there
    text += text.empty() ? '{' : ',';
    text += schema.labels[i];
    text += "=\"";
    put_label(text, value);
    text += '"';
  }
  if (!text.empty()) text += '}';
  text += ' ';
  for (std::uint32_t i = 0; i < schema.field_count; ++i) {
    const weir_field& field = *schema.fields[i];
    Family*& family = known_[&field];
    if (family == nullptr) {
      family = &families_.emplace_back();
      family->name = name_of(schema, field);
      family->head = "# HELP " + family->name + ' ' + field.help + "\n# TYPE " + family->name +
                     ' ' + type_of(field) + '\n';
    }
    family->samples += family->name;
    family->samples += text;
    put_value(family->samples, field, values[i]);
    family->samples += '\n';
  }
}

std::string Exposition::text() const {
  std::string all;
  for (const Family& family : families_) {
    all += family.head;
    all += family.samples;
  }
  return all;
}

}  // namespace weir::core
