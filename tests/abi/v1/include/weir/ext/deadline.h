/* weir/ext/deadline.h - by when a write should have ended.
 *
 * `host->extension(host, WEIR_EXT_DEADLINE)` gives a `const weir_deadline *`; sinks only. The
 * operator sets it (`write_deadline`); it is no later than the agent's end. A sink that has to wait
 * for its server waits no longer and returns WEIR_RETRY: its rows are safe with the agent. The
 * agent cannot end a call: one that takes longer is told in the log and the telemetry. */
#ifndef WEIR_EXT_DEADLINE_H
#define WEIR_EXT_DEADLINE_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_DEADLINE "weir.deadline/1"

typedef struct weir_deadline {
  uint32_t size;
  uint32_t reserved;
  /* [any] ns that the write under way has left; 0 or less: it should have ended. INT64_MAX while
   * no write is under way. */
  int64_t (*time_left)(const weir_host *host);
} weir_deadline;

#ifdef __cplusplus
}
#endif
#endif
