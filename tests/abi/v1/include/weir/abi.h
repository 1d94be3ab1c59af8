/* weir/abi.h - ABI 1: the only thing that the Weir agent and a plugin share.
 *
 * A plugin is a shared object that exports one symbol, `weir_plugin_open`. Everything else is
 * reached through the structs below. C++ authors want `weir/weir.hpp`, which wraps this header;
 * authors in other languages bind to this one. It is C11, and valid C++17, without dependencies.
 *
 * Rules that hold everywhere in this header
 *   Growth     Every struct begins with `size`, the sizeof that its writer was compiled with.
 *              Fields are only ever appended. Before you read a field that a later minor version
 *              added, test WEIR_HAS(pointer, field). Arrays that may grow are arrays of pointers.
 *   Versions   A plugin built against 1.x loads in every agent of version 1.y with y >= x.
 *   Strings    `const char *` is NUL-terminated UTF-8. `weir_string` is a pointer and a length in
 *              bytes, not terminated, and may hold any byte.
 *   Time       int64_t nanoseconds since 1970-01-01T00:00:00 UTC. Durations: nanoseconds.
 *   Errors     A function that can fail takes a `weir_error *`; it writes into the caller's
 *              buffer. The pointer is never NULL; the text need not be written.
 *   Exceptions Nothing is thrown across this boundary, in either direction.
 *   Threads    Each function says who may call it:
 *              [control]  the agent's one control thread;
 *              [work]     the thread that drives a component: one at a time, not always the
 *                         same one, never concurrently with [control] calls on that component;
 *              [any]      any thread, also one that the plugin started, between the begin of
 *                         `start` and the end of `stop`.
 *   Ownership  What a function returns belongs to the agent and lives as long as the component,
 *              unless the function says otherwise.
 */
#ifndef WEIR_ABI_H
#define WEIR_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_ABI_MAJOR 1u
#define WEIR_ABI_MINOR 0u

/* True when `*p`, written by the other side, is new enough to have `field`. */
#define WEIR_HAS(p, field) \
  ((p)->size >= (uint32_t)((const char *)(&(p)->field + 1) - (const char *)(p)))

#if defined(__GNUC__)
#define WEIR_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_EXPORT
#endif

/* ---- small types ----------------------------------------------------------------------- */

typedef struct weir_string {
  const char *data; /* `size` bytes, not terminated; may be NULL when size is 0 */
  uint64_t size;
} weir_string;

/* What a call came to. Values are part of the ABI. */
typedef int32_t weir_status;
enum {
  WEIR_OK = 0,
  WEIR_FULL = 1,   /* try_emit: a consumer that must not lose rows has no room; not taken */
  WEIR_RETRY = 2,  /* sink.write: transient; the agent delivers the same batches again later */
  WEIR_REJECT = 3, /* sink.write: permanent; the batches are dropped and counted as rejected */
  WEIR_ERROR = 4,  /* anything else; `weir_error` says what */
  WEIR_CONFIG = 5  /* create: the options cannot work; `weir_error.at` says which one */
};

typedef struct weir_value weir_value;
typedef struct weir_host weir_host;

/* A buffer of the caller's. A callee writes at most `capacity` bytes, NUL included. */
typedef struct weir_error {
  uint32_t size;
  uint32_t capacity;    /* bytes at `message`, at least 1 */
  char *message;        /* NUL-terminated; empty when nothing was written */
  const weir_value *at; /* the option that is wrong, or NULL; set with WEIR_CONFIG */
} weir_error;

/* ---- options --------------------------------------------------------------------------- */

/* One declaration per option. It parses the configuration, words its errors, and prints as
 * `weir describe`, as a table in the plugin's README and as JSON Schema. */
typedef uint32_t weir_option_type;
enum {
  WEIR_OPTION_BOOL = 1,   /* true | false                                    -> i64 0 or 1 */
  WEIR_OPTION_INT = 2,    /* 42, -1                                          -> i64 */
  WEIR_OPTION_FLOAT = 3,  /* 0.5, 1e3                                        -> f64 */
  WEIR_OPTION_STRING = 4, /* text                                            -> string */
  WEIR_OPTION_DURATION = 5, /* 500ms, 15s, 1h30m, 7d; 0                      -> i64 ns */
  WEIR_OPTION_SIZE = 6,   /* 64KiB, 512MiB, 1GB, 100B; 0                     -> i64 bytes */
  WEIR_OPTION_ENUM = 7,   /* one of `choices`                                -> i64 index, string */
  WEIR_OPTION_LIST = 8,   /* a sequence of strings, or one string            -> items */
  WEIR_OPTION_MAP = 9,    /* a map of strings to strings                     -> items with key */
  WEIR_OPTION_GROUP = 10, /* a map with the keys of `children`             -> items, one a child */
  WEIR_OPTION_GROUP_LIST = 11, /* a sequence of such maps                 -> items, each a GROUP */
  WEIR_OPTION_GROUP_MAP = 12   /* a map of names to such maps                -> items with key */
};

enum { /* weir_option.flags */
  WEIR_OPTION_REQUIRED = 1u << 0, /* must be written in the configuration */
  WEIR_OPTION_SECRET = 1u << 1    /* never shown: printed as *** everywhere */
};

typedef struct weir_option {
  uint32_t size;
  weir_option_type type;
  uint32_t flags;
  uint32_t child_count;
  const char *name;         /* snake_case, unique among its siblings */
  const char *help;         /* one sentence */
  const char *default_text; /* as it would be written in YAML; NULL: none, the value is not set */
  const char *min_text;     /* inclusive bound of INT, FLOAT, DURATION, SIZE; NULL: none */
  const char *max_text;
  const char *unit;           /* of INT and FLOAT, for people; NULL: none */
  const char *const *choices; /* ENUM: NULL-terminated; else NULL */
  const struct weir_option *const *children; /* GROUP, GROUP_LIST, GROUP_MAP */
} weir_option;

/* A validated value with its place in the configuration. Immutable; any thread may read it. */
struct weir_value {
  uint32_t size;
  weir_option_type type;
  uint32_t is_set; /* 1: written in the configuration. 0: the default, or nothing at all */
  uint32_t has_value; /* 1: `i64`, `f64`, `string` or `items` hold a value */
  const weir_option *option;
  const char *file; /* where it was written, or where its parent was; never NULL */
  uint32_t line;    /* from 1; 0 when nowhere */
  uint32_t column;  /* from 1, in characters */
  int64_t i64;      /* BOOL, INT, DURATION (ns), SIZE (bytes), ENUM (index into choices) */
  double f64;       /* FLOAT; INT too */
  weir_string string; /* STRING, ENUM */
  weir_string key;    /* in a MAP or GROUP_MAP: this item's key */
  uint32_t item_count;
  uint32_t reserved;
  const weir_value *const *items; /* GROUP: parallel to option->children */
};

/* ---- measurements, series, batches ------------------------------------------------------ */

typedef uint32_t weir_type;
enum {
  WEIR_F64 = 1,
  WEIR_I64 = 2,
  WEIR_U64 = 3,
  WEIR_BOOL = 4,
  WEIR_STRING = 5,
  WEIR_HISTOGRAM = 6
};

typedef uint32_t weir_metric;
enum {
  WEIR_GAUGE = 1,   /* goes up and down; also the kind of strings and states */
  WEIR_COUNTER = 2, /* only grows, except when it starts again from 0 */
  WEIR_INFO = 3,    /* a constant 1 that exists to carry its labels */
  WEIR_UNTYPED = 4  /* a number whose source does not say which: "untyped" in Prometheus's text
                     * format, "unknown" in OpenMetrics */
};

typedef struct weir_field {
  uint32_t size;
  weir_type type;
  weir_metric metric;
  uint32_t bound_count;
  const char *name; /* [A-Za-z0-9_]+, unique in its measurement */
  const char *unit; /* base unit as in OpenMetrics: seconds, bytes, ratio...; "" when none */
  const char *help; /* one sentence; "" allowed */
  /* The full name where metrics are flat (Prometheus). NULL: measurement_field. */
  const char *flat_name;
  /* WEIR_HISTOGRAM: upper bounds, inclusive, strictly ascending and finite. There are
   * bound_count + 1 buckets, the last for everything above. */
  const double *bounds;
} weir_field;

/* The schema of a kind of row. Two components may register one name with different labels or
 * fields; a field that both have must agree in type and metric. Sinks group by name. */
typedef struct weir_measurement {
  uint32_t size;
  uint32_t id; /* dense, from 0, unique in the process; written by the agent */
  uint32_t field_count; /* 1 to 1024 */
  uint32_t label_count; /* 0 to 64 */
  const char *name;     /* [A-Za-z_][A-Za-z0-9_]*, up to 200 bytes */
  const char *help;
  const weir_field *const *fields;
  /* Label keys, [A-Za-z_][A-Za-z0-9_]*. In what a sink sees, labels of the agent and of the
   * source follow the measurement's own. */
  const char *const *labels;
} weir_measurement;

/* One measurement with one set of label values. A pointer stays valid for as long as its owner
 * has not released it, and while a batch that holds it is alive. A sink that keeps something per
 * series keeps it under `index` and compares `generation`: an index is used again after a series
 * has expired, then with another generation. */
typedef struct weir_series {
  uint32_t size;
  uint32_t index;      /* dense, from 0, over all measurements */
  uint32_t generation; /* from 1 */
  uint32_t reserved;
  uint64_t hash; /* FNV-1a of name and labels: the same in every run and on every host */
  const weir_measurement *measurement;
  const weir_string *label_values; /* parallel to measurement->labels; empty: not present */
} weir_series;

/* One field of a batch, `rows` values. Laid out as in the Apache Arrow columnar format
 * (https://arrow.apache.org/docs/format/Columnar.html): little endian, 8-byte aligned, bitmaps
 * least significant bit first. This struct is frozen; it does not grow. */
typedef struct weir_column {
  uint8_t *validity; /* bitmap, 1 = there is a value; NULL = every row has one */
  union {
    double *f64;
    int64_t *i64;
    uint64_t *u64;
    uint8_t *bits;     /* WEIR_BOOL: bitmap */
    int32_t *offsets;  /* WEIR_STRING: rows + 1 offsets into `bytes`; offsets[0] is 0 */
    uint64_t *buckets; /* WEIR_HISTOGRAM: (bound_count + 1) counts a row, not cumulative */
  } v;
  char *bytes;      /* WEIR_STRING */
  double *sums;     /* WEIR_HISTOGRAM: sum of all observations, one a row */
  uint64_t *counts; /* WEIR_HISTOGRAM: number of observations, one a row: sum of its buckets */
  void *reserved[3];
} weir_column;

/* Rows of one measurement. Mutable from `batch` to `emit`, by one thread; immutable after. */
typedef struct weir_batch {
  uint32_t size;
  uint32_t rows;     /* rows in use. A source writes it before it emits */
  uint32_t capacity; /* rows there is room for; written by the agent */
  uint32_t reserved;
  const weir_measurement *measurement;
  const weir_series **series; /* [capacity], one a row; none may be NULL */
  int64_t *times;             /* [capacity], ns since the epoch, UTC */
  weir_column *columns;       /* [measurement->field_count] */
  /* Who made it and in which order: written by the agent when it is emitted. (source, epoch,
   * sequence) is unique; a redelivered batch carries the same three. */
  uint64_t source;   /* FNV-1a of "<hostname>/<component id>" */
  uint64_t epoch;    /* start of the agent that made it, ns since the Unix epoch */
  uint64_t sequence; /* from 1; batches need not come in its order */
} weir_batch;

/* ---- what the agent gives to a component ------------------------------------------------ */

typedef uint32_t weir_level;
enum {
  WEIR_LOG_DEBUG = 1,
  WEIR_LOG_INFO = 2,
  WEIR_LOG_WARN = 3,
  WEIR_LOG_ERROR = 4
};

/* The agent as one component sees it: made before `create`, valid until `destroy` returns. Pass
 * it back as the first argument of its functions. No function pointer is NULL. */
struct weir_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void *agent;              /* the agent's own; not for plugins */
  const char *component_id; /* the id under which the configuration names this component */
  const char *agent_version;
  const char *hostname;
  const char *data_dir; /* writable directory for what must outlive the process; may not exist */

  /* [any] The extension of that id ("weir.telemetry/1"), or NULL where this agent has none.
   * The result's type is documented in weir/ext/. */
  const void *(*extension)(const weir_host *host, const char *id);

  /* [any] Cheap test whether `log` at that level would be written: 1 or 0. */
  uint32_t (*log_enabled)(const weir_host *host, weir_level level);
  /* [any] Writes one line. The agent adds time, level and component id. Copied. At most 8 KiB. */
  void (*log)(const weir_host *host, weir_level level, const char *text, uint64_t text_size);

  /* [control][work][any] Registers a schema, or finds it. Everything in `wanted` is copied;
   * `wanted->id` is ignored. NULL and an error when it breaks a rule of weir_measurement. */
  const weir_measurement *(*measurement)(const weir_host *host, const weir_measurement *wanted,
                                         weir_error *error);

  /* [control][work][any] Interns a series: the same values give the same pointer. `values` is
   * parallel to the labels that this component registered (without those of agent and source)
   * and is copied. Costs a lock and a hash: keep the pointer. Each call is to be matched by one
   * `series_release`, or none, when the series lives as long as the component. NULL and an error
   * at the agent's limit of series or for a value over 64 KiB. */
  const weir_series *(*series)(const weir_host *host, const weir_measurement *measurement,
                               const weir_string *values, weir_error *error);
  /* [control][work][any] Gives one `series` call back. The pointer may still be in batches that
   * were emitted; it may not be put into further ones. */
  void (*series_release)(const weir_host *host, const weir_series *series);

  /* [control][work][any] An empty batch with room for `rows` rows (1 to 1,048,576), owned by the
   * caller until `emit`, `try_emit` or `discard`. Its columns are not initialised; validity is
   * NULL. NULL when memory is exhausted. */
  weir_batch *(*batch)(const weir_host *host, const weir_measurement *measurement, uint32_t rows);
  /* The four below: the thread that owns the batch. */
  /* The column's validity bitmap, made (all ones) if there is none yet. */
  uint8_t *(*batch_validity)(const weir_host *host, weir_batch *batch, uint32_t field);
  /* Writes a WEIR_STRING; rows in ascending order, none left out. WEIR_ERROR otherwise, or when
   * the column would exceed 2 GiB - 1. May move `bytes`. */
  weir_status (*batch_string)(const weir_host *host, weir_batch *batch, uint32_t field,
                              uint32_t row, const char *data, uint64_t size);
  void (*discard)(const weir_host *host, weir_batch *batch);

  /* [work][any] Hands a batch over; the agent owns it from here on, whatever the result. During
   * `collect` on the collecting thread it is kept back until `collect` returns, so that an
   * instant is delivered whole (or until 1 MiB has gathered). Waits while a consumer with
   * `when_full: block` has no room, and two seconds at most for an overflow buffer to make some.
   * WEIR_OK, or WEIR_ERROR for a malformed batch (rows > capacity, a NULL series, a string left
   * out), which is discarded and counted. rows == 0: discarded. */
  weir_status (*emit)(const weir_host *host, weir_batch *batch);
  /* [any] As emit, but never waits and never holds back: WEIR_FULL leaves the batch with the
   * caller, who should stop reading from wherever its rows come and try again. */
  weir_status (*try_emit)(const weir_host *host, weir_batch *batch);
  /* [work], processors: hands a batch that `process` was given on, untouched and uncopied; it
   * keeps its (source, epoch, sequence). */
  weir_status (*pass)(const weir_host *host, const weir_batch *batch);

  /* [work], sinks and processors: one reference more on a batch that `write` or `process` was
   * given, so that it outlives the call, until `release` [any].
   * Retained memory is not charged to the queue: a plugin bounds it itself. */
  void (*retain)(const weir_host *host, const weir_batch *batch);
  void (*release)(const weir_host *host, const weir_batch *batch);

  /* [work], sinks, during `write`: these rows can never be delivered. When `write` returns
   * WEIR_OK they count as rejected with the reason (copied), the others as delivered. When it
   * returns WEIR_RETRY or WEIR_ERROR this is forgotten: the whole comes again. Once a row. Rows
   * out of range are ignored. A whole batch: first_row 0, rows batch->rows. */
  void (*reject)(const weir_host *host, const weir_batch *batch, uint32_t first_row, uint32_t rows,
                 const char *reason);

  /* [any] 1 when the component is being stopped: a long call should return soon. */
  uint32_t (*stopping)(const weir_host *host);
};

/* ---- what a plugin gives to the agent --------------------------------------------------- */

typedef uint32_t weir_kind;
enum { WEIR_SOURCE = 1, WEIR_PROCESSOR = 2, WEIR_SINK = 3 };

enum { /* weir_component_type.flags */
  /* A source whose rows are a function of the time given to `collect` and of nothing else: it
   * can be run faster than time, or over the past. */
  WEIR_TIME_DRIVEN = 1u << 0,
  /* A source that emits from events of its own; `collect` may be NULL. */
  WEIR_PUSH = 1u << 1,
  /* A sink that shows how things stand and keeps no past: a backfill leaves it out. */
  WEIR_PRESENT_ONLY = 1u << 2
};

/* Called by a plugin's `check` once a problem. `path` names the option: "listen", "tls.key",
 * "devices[3].name"; NULL: the component as a whole. Both are copied. */
typedef void (*weir_report)(void *context, const char *path, const char *message);

/* A type of component. Lifecycle: create, start, (collect | process | write)*, stop, destroy.
 * `destroy` may follow `create` directly, or a failed `start`; after `stop` only `destroy`. */
typedef struct weir_component_type {
  uint32_t size;
  weir_kind kind;
  uint32_t flags;
  uint32_t option_count;
  const char *name;    /* the `type:` of the configuration: [a-z][a-z0-9_]* */
  const char *summary; /* one line */
  const weir_option *const *options;

  /* [control] Reports everything that is wrong with options which each by itself is right.
   * No side effects, nothing outside is touched: `weir check` runs it. NULL: nothing to say. */
  void (*check)(const weir_value *options, weir_report report, void *context);

  /* [control] Makes an instance. `options` is a GROUP over the type's options, valid until
   * `destroy` returns. WEIR_OK with *instance set, WEIR_CONFIG or WEIR_ERROR. */
  weir_status (*create)(const weir_host *host, const weir_value *options, void **instance,
                        weir_error *error);
  /* [control] Takes what it needs: binds, opens, starts threads. A server that does not answer
   * is no reason to fail: that is what WEIR_RETRY of `write` is for. NULL: nothing to do. */
  weir_status (*start)(void *instance, weir_error *error);
  /* [control] Ends what `start` began; the plugin's threads have ended when it returns. NULL:
   * nothing to do. */
  void (*stop)(void *instance);
  /* [control] */
  void (*destroy)(void *instance);

  /* Sources. [work] Measures, and emits. `time` is the instant the collection stands for: write
   * it into the rows. WEIR_OK, or WEIR_ERROR: counted and logged; called again next time. */
  weir_status (*collect)(void *instance, int64_t time, weir_error *error);
  /* Processors. [work] The batch is the agent's and lives until the call returns. */
  weir_status (*process)(void *instance, const weir_batch *batch, weir_error *error);
  /* Sinks. [work] Delivers all `count` batches (at least 1), in order. WEIR_OK: all delivered,
   * save rejected rows. WEIR_RETRY: the same batches are delivered again, so that rows may be
   * delivered twice; a sink that knows better skips them. WEIR_REJECT: all are dropped and
   * counted. WEIR_ERROR: as WEIR_RETRY. */
  weir_status (*write)(void *instance, const weir_batch *const *batches, uint32_t count,
                       weir_error *error);

  /* [any] An extension that the component offers to the agent, or NULL. NULL: none. */
  const void *(*extension)(void *instance, const char *id);
} weir_component_type;

typedef struct weir_plugin {
  uint32_t size;
  uint16_t abi_major; /* WEIR_ABI_MAJOR and _MINOR that it was compiled with */
  uint16_t abi_minor;
  const char *name;
  const char *version;
  uint32_t type_count;
  uint32_t reserved;
  const weir_component_type *const *types;
} weir_plugin;

/* The one exported symbol. [control] Called once, right after the file was loaded. Returns what
 * lives as long as the process, or NULL and an error. A plugin may refuse an agent by version;
 * the agent checks the plugin's too. */
#define WEIR_PLUGIN_SYMBOL "weir_plugin_open"
typedef const weir_plugin *(*weir_plugin_open_fn)(uint32_t agent_abi_major,
                                                  uint32_t agent_abi_minor, weir_error *error);
WEIR_EXPORT const weir_plugin *weir_plugin_open(uint32_t agent_abi_major, uint32_t agent_abi_minor,
                                                weir_error *error);

#ifdef __cplusplus
}
#endif
#endif
