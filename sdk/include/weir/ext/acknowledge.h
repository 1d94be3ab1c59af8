/* weir/ext/acknowledge.h - to learn what became of rows that were emitted.
 *
 * `host->extension(host, WEIR_EXT_ACKNOWLEDGE)` gives a `const weir_acknowledge *`; sources only.
 * For a source that must tell its own peer when rows are safe: a bridge acknowledges its broker
 * only then, and what was on its way at a crash comes again from there. */
#ifndef WEIR_EXT_ACKNOWLEDGE_H
#define WEIR_EXT_ACKNOWLEDGE_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_ACKNOWLEDGE "weir.acknowledge/1"

typedef uint32_t weir_outcome;
enum {
  /* To send the same rows again would change nothing: every sink that counts has them (its server
   * has confirmed them, or they are in its disk buffer under its sync policy), or they can never
   * be delivered there, or a processor failed on them, which the agent has counted. */
  WEIR_DELIVERED = 1,
  /* Some sink that counts does not get them from here: its queue was full, or the agent stops.
   * They should be sent again. */
  WEIR_LOST = 2
};

/* Told once for each token, on any thread, also before `emit` has returned. It must not block and
 * may not call the agent, save `log`. */
typedef void (*weir_settled)(void *context, uint64_t token, weir_outcome outcome);

typedef struct weir_acknowledge {
  uint32_t size;
  uint32_t reserved;
  /* [any] Hands over `count` batches (1 to 1024) as one, as weir_host.emit does, and calls
   * `settled` when the outcome is known. The sinks that count are those that the source reaches,
   * directly or through processors, and that are `required`; where none is, all that it reaches;
   * where it reaches none, the rows are delivered at once. Rows that a processor keeps back and
   * emits later are settled when it has them: a chain of acknowledgement ends there.
   *
   * Every token is settled before `destroy` is called. While a source stops, sinks write at once
   * what they have: who wants to tell its peer what was still on its way waits for it in `stop`,
   * two seconds at most.
   * WEIR_OK; WEIR_ERROR for a malformed batch: all are discarded and `settled` is not called.
   * Batches without rows are discarded; where all are, they are delivered. */
  weir_status (*emit)(const weir_host *host, weir_batch *const *batches, uint32_t count,
                      weir_settled settled, void *context, uint64_t token);
} weir_acknowledge;

#ifdef __cplusplus
}
#endif
#endif
