#include "agent_telemetry.hpp"

#include <stdexcept>

namespace weir::agent_telemetry {

AgentTelemetry::AgentTelemetry(Source source)
    : source_(source), telemetry_(source.extension<weir_telemetry>(WEIR_EXT_TELEMETRY)) {
  if (telemetry_ == nullptr) {
    throw std::runtime_error("this agent (" + std::string(source.agent_version()) +
                             ") has no " WEIR_EXT_TELEMETRY
                             "; remove this source, or run a newer agent");
  }
}

void AgentTelemetry::collect(Time time) {
  error_.clear();
  telemetry_->visit(source_.abi(), &visited, this);
  for (Known& known : tables_) known.table.emit(time);
  if (!error_.empty()) throw std::runtime_error(error_);
}

// Called through C: nothing may be thrown. A row that cannot be taken does not cost the others.
void AgentTelemetry::visited(void* context, const weir_measurement* schema,
                             const weir_string* labels, const weir_cell* values) {
  auto& self = *static_cast<AgentTelemetry*>(context);
  try {
    self.table_for(schema).add(labels, values);
  } catch (const std::exception& e) {
    if (self.error_.empty()) self.error_ = std::string(schema->name) + ": " + e.what();
  }
}

Table& AgentTelemetry::table_for(const weir_measurement* schema) {
  for (Known& known : tables_) {  // a dozen at most
    if (known.schema == schema) return known.table;
  }
  return tables_.emplace_back(Known{schema, Table(source_, *schema)}).table;
}

}  // namespace weir::agent_telemetry

using weir::agent_telemetry::AgentTelemetry;
WEIR_PLUGIN("agent_telemetry", "0.1.0",
            weir::source<AgentTelemetry>("agent_telemetry",
                                         "The agent's own counters: components, routes, process."))
