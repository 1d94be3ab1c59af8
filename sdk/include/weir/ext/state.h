/* weir/ext/state.h - what a component tells about the other side: its server, its device.
 *
 * `host->extension(host, WEIR_EXT_STATE)` gives a `const weir_state *`. The agent logs a
 * connection that is made or lost, once, and carries all of it in its telemetry. */
#ifndef WEIR_EXT_STATE_H
#define WEIR_EXT_STATE_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_STATE "weir.state/1"

typedef struct weir_state {
  uint32_t size;
  uint32_t reserved;
  /* [any] The connection was made. `peer` says to what, for people: "MariaDB 10.11.6 at db:3306";
   * UTF-8, copied, at most 256 bytes of it; never a password. Again while connected: another
   * peer, counted as another connection. */
  void (*connected)(const weir_host *host, weir_string peer);
  /* [any] The connection is gone. `why` for people; empty: on purpose, which is not logged.
   * Nothing happens where there was none. */
  void (*disconnected)(const weir_host *host, weir_string why);
  /* [any] A figure of the other side or of the protocol, as it now is: "in_flight",
   * "replication_lag_seconds". `name`: [a-z][a-z0-9_]*, at most 64 bytes, the unit last; at most
   * 32 of them a component, what is beyond is ignored. Costs a lock and a search: a few times a
   * write, not for each row. */
  void (*figure)(const weir_host *host, weir_string name, double value);
} weir_state;

#ifdef __cplusplus
}
#endif
#endif
