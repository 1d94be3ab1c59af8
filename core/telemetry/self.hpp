// The agent's own counters as rows: schemas, and the process's figures.
//
// One place that says what the agent tells about itself; the pipeline fills the rows in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "weir/ext/telemetry.h"

namespace weir::core {

struct ProcessFigures {
  double cpu_seconds;
  std::uint64_t resident_bytes;
  std::uint64_t virtual_bytes;
  std::uint64_t open_fds;
  std::uint64_t max_fds;
  std::uint64_t threads;
};
ProcessFigures process_figures();

// Descriptions, in the order of the fields that their comments name.
extern const weir_measurement kComponentInfo;   // {component,kind,type} 1
extern const weir_measurement kSourceSchema;    // {component} rows, batches, malformed,
                                                // collections, errors, missed, overruns, seconds,
                                                // last seconds
extern const weir_measurement kConsumerSchema;  // {component} calls, retries, errors, seconds,
                                                // failing, circuit, overdue seconds, queue
                                                // bytes, queue bytes max
extern const weir_measurement kRouteSchema;     // {source,consumer} offered, recovered, delivered,
                                                // held
extern const weir_measurement kRouteDroppedSchema;  // {source,consumer,reason} rows
extern const weir_measurement kSpoolSchema;         // {component} bytes, limit, rows, segments,
                                                    // damaged, failures of sync and of
                                                    // acknowledging, rows at risk, last append
extern const weir_measurement kDeadLetterSchema;    // {component} rows kept, not kept, bytes, limit
extern const weir_measurement kPeerSchema;          // {component} connected, connections, losses
extern const weir_measurement kPeerInfoSchema;      // {component,peer} 1
extern const weir_measurement kPeerFigureSchema;    // {component,figure} value
extern const weir_measurement kAgentSchema;  // series, retired, measurements, batches, clock jumps
extern const weir_measurement kBuildSchema;  // {version} 1
extern const weir_measurement kConfigurationSchema;  // {digest} 1
extern const weir_measurement kReloadSchema;         // {result} reloads
extern const weir_measurement kLastReloadSchema;     // good
extern const weir_measurement kProcessSchema;  // process_*: cpu, resident, virtual, fds, max fds,
                                               // threads, start time

// Calls `row` with labels and cells of the right number for the schema.
void telemetry_row(weir_telemetry_row row, void* context, const weir_measurement& schema,
                   std::initializer_list<std::string_view> labels,
                   std::initializer_list<weir_cell> cells);

inline weir_cell count(std::uint64_t v) {
  weir_cell c;
  c.u64 = v;
  return c;
}
inline weir_cell real(double v) {
  weir_cell c;
  c.f64 = v;
  return c;
}

}  // namespace weir::core
