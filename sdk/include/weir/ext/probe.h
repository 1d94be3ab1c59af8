/* weir/ext/probe.h - whether the other side of a component is there and lets it in.
 *
 * A component offers it: `type->extension(instance, WEIR_EXT_PROBE)` gives a `const weir_probe *`,
 * or NULL where it cannot be asked. `weir check --probe` calls it, on an instance that was created
 * and is not started. */
#ifndef WEIR_EXT_PROBE_H
#define WEIR_EXT_PROBE_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_PROBE "weir.probe/1"

/* Lives as long as the instance. */
typedef struct weir_probe {
  uint32_t size;
  uint32_t reserved;
  /* [work] After `create`, without `start`; `destroy` follows, no other function is called in
   * between. Connects as the component does when it works, proves who it is, asks something that
   * changes nothing, and takes its leave. It writes nothing, there or here: no row, no table, no
   * message, no file, and it disturbs no agent that works with the same configuration (a broker's
   * session needs another name). Probes of other components run at the same time, of the same type
   * too.
   *
   * `limit`: ns that it may take, above 0; its own options may set less. For a sink
   * weir.deadline/1 tells until when it is waited for, which is somewhat longer.
   *
   * WEIR_OK: what it needs is there. `found` says what, for people ("MariaDB 10.11.6 at db:3306");
   *   `capacity` bytes of the caller's, at least 1, for NUL-terminated UTF-8, empty before; left
   *   empty, it is what weir.state/1 was told by `connected`.
   * WEIR_FULL: something that one process alone can have, a port, is taken, which is as it should
   *   be where the agent itself runs already; `error` says what.
   * WEIR_ERROR and others: `error` says what is wrong, and what to do, as `write` would say it.
   * Neither text holds a secret.
   *
   * NULL: there is nothing to ask; the component works with nobody but the agent and its host. */
  weir_status (*probe)(void *instance, int64_t limit, char *found, uint32_t capacity,
                       weir_error *error);
} weir_probe;

#ifdef __cplusplus
}
#endif
#endif
