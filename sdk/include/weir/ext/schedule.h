/* weir/ext/schedule.h - how often the agent collects a source.
 *
 * `host->extension(host, WEIR_EXT_SCHEDULE)` gives a `const weir_schedule *`; sources only. */
#ifndef WEIR_EXT_SCHEDULE_H
#define WEIR_EXT_SCHEDULE_H

#include "weir/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_EXT_SCHEDULE "weir.schedule/1"

/* Constant for the life of the component. */
typedef struct weir_schedule {
  uint32_t size;
  uint32_t reserved;
  /* ns between the times of two collections: a source that averages or samples over the past
   * covers (time - interval, time]. Above 0. Collections may be missed, or begin anywhere. */
  int64_t interval;
} weir_schedule;

#ifdef __cplusplus
}
#endif
#endif
