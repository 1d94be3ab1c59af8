// exposition_test.hpp - for tests: everything that an in-memory agent was given, in the Prometheus
// text format, sorted by name and labels, so that it can be read, diffed and given to promtool.
#pragma once

#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "weir_testing/agent.hpp"

namespace node_probe {

inline std::string exposition(const weir::testing::Agent& agent) {
  struct Family {
    std::string help, type;
    std::map<std::string, std::string> samples;  // labels -> value
  };
  const auto number = [](double value) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
  };
  const auto escaped = [](std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '\\' || c == '"') result += '\\';
      if (c == '\n') {
        result += "\\n";
      } else {
        result += c;
      }
    }
    return result;
  };
  std::map<std::string, Family> families;
  for (const weir_batch* batch : agent.emitted()) {
    const weir_measurement& m = *batch->measurement;
    for (std::uint32_t f = 0; f < m.field_count; ++f) {
      const weir_field& field = *m.fields[f];
      const std::string name =
          field.flat_name != nullptr ? field.flat_name : std::string(m.name) + "_" + field.name;
      Family& family = families[name];
      family.help = field.help;
      family.type = field.metric == WEIR_COUNTER   ? "counter"
                    : field.metric == WEIR_UNTYPED ? "untyped"
                                                   : "gauge";
      for (std::uint32_t row = 0; row < batch->rows; ++row) {
        const weir_column& column = batch->columns[f];
        if (!weir::has_value(column, row)) continue;
        std::string labels;
        for (std::uint32_t l = 0; l < m.label_count; ++l) {
          const std::string_view value = weir::view(batch->series[row]->label_values[l]);
          if (value.empty()) continue;
          labels += (labels.empty() ? "" : ",") + std::string(m.labels[l]) + "=\"" +
                    escaped(value) + "\"";
        }
        std::string value;
        switch (field.type) {
          case WEIR_F64: value = number(column.v.f64[row]); break;
          case WEIR_I64: value = std::to_string(column.v.i64[row]); break;
          case WEIR_U64: value = std::to_string(column.v.u64[row]); break;
          default: value = "NaN";
        }
        std::string& sample = family.samples[labels];
        sample = sample.empty() ? value : "twice: " + sample + " and " + value;
      }
    }
  }
  std::string text;
  for (const auto& [name, family] : families) {
    if (family.samples.empty()) continue;
    text += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + family.type + "\n";
    for (const auto& [labels, value] : family.samples) {
      text += name + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
    }
  }
  return text;
}

}  // namespace node_probe
