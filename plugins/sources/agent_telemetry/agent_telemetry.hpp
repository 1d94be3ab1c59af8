// The source agent_telemetry: what the agent counts about itself, as rows like any other.
#pragma once

#include <deque>
#include <string>

#include "table.hpp"
#include "weir/ext/telemetry.h"
#include "weir/weir.hpp"

namespace weir::agent_telemetry {

class AgentTelemetry {
 public:
  // Throws where the agent does not offer its telemetry.
  explicit AgentTelemetry(Source source);

  void collect(Time time);

 private:
  struct Known {
    const weir_measurement* schema;  // its address is its identity
    Table table;
  };

  static void visited(void* context, const weir_measurement* schema, const weir_string* labels,
                      const weir_cell* values);
  Table& table_for(const weir_measurement* schema);

  Source source_;
  const weir_telemetry* telemetry_;
  std::deque<Known> tables_;
  std::string error_;  // the first of this visit
};

}  // namespace weir::agent_telemetry
