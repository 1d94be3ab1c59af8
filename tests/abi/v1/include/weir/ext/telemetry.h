/* weir/ext/telemetry.h - what the agent knows about itself, as rows.
 *
 * `host->extension(host, WEIR_EXT_TELEMETRY)` gives a `const weir_telemetry *`. */
#ifndef WEIR_EXT_TELEMETRY_H
#define WEIR_EXT_TELEMETRY_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_TELEMETRY "weir.telemetry/1"

typedef union weir_cell {
  double f64;
  int64_t i64;
  uint64_t u64;
} weir_cell;

/* Called once a row. `schema` is a description to be registered (its `id` means nothing); its
 * address is the same at every visit and it lives as long as the process. Its fields are F64 or
 * U64. `labels` is parallel to schema->labels, `values` to schema->fields; both are gone after
 * the call. */
typedef void (*weir_telemetry_row)(void *context, const weir_measurement *schema,
                                   const weir_string *labels, const weir_cell *values);

typedef struct weir_telemetry {
  uint32_t size;
  uint32_t reserved;
  /* [work][any] Calls `row` for every component, route and the process itself. Counters are read
   * one after the other: they may be apart by what happens in between. */
  void (*visit)(const weir_host *host, weir_telemetry_row row, void *context);
} weir_telemetry;

#ifdef __cplusplus
}
#endif
#endif
