// The agent's own rows as Prometheus text, format 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/
//
// For a host that runs no sink `prometheus`: the same names and types as the source
// `agent_telemetry` gives there, without the labels of the configuration.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "weir/ext/telemetry.h"

namespace weir::core {

class Exposition {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // A weir_telemetry_row; the context is an Exposition. A row for which there is no memory is left
  // out.
  static void add(void* context, const weir_measurement* schema, const weir_string* labels,
                  const weir_cell* values) noexcept;

  // Families in the order in which their first row came.
  std::string text() const;

 private:
  void add(const weir_measurement& schema, const weir_string* labels, const weir_cell* values);

  struct Family {
    std::string name, head, samples;
  };
  std::deque<Family> families_;
  std::map<const weir_field*, Family*> known_;
};

}  // namespace weir::core
