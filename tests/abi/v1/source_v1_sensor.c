/* A source built against the frozen header of ABI 1, in C: every type of field, a label, a null.
 *
 * Each collection emits `rows` rows (option, default 3) of the measurement v1_sample whose values
 * follow from the row number alone, so that a test can say exactly what a sink must see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/abi.h"

typedef struct sensor {
  const weir_host* host;
  const weir_measurement* measurement;
  const weir_series* series[16];
  uint32_t rows;
} sensor;

#define FIELD(ident, type, metric, unit) \
  { sizeof(weir_field), type, metric, 0, ident, unit, "A value.", NULL, NULL }
static const double bounds[] = {0.5, 1.0};
static const weir_field temperature = FIELD("temperature", WEIR_F64, WEIR_GAUGE, "celsius");
static const weir_field balance = FIELD("balance", WEIR_I64, WEIR_GAUGE, "");
static const weir_field events = FIELD("events", WEIR_U64, WEIR_COUNTER, "");
static const weir_field on = FIELD("on", WEIR_BOOL, WEIR_GAUGE, "");
static const weir_field state = FIELD("state", WEIR_STRING, WEIR_GAUGE, "");
static const weir_field latency = {sizeof(weir_field), WEIR_HISTOGRAM, WEIR_GAUGE, 2,     "latency",
                                   "seconds",          "A value.",     NULL,       bounds};
static const weir_field* const fields[] = {&temperature, &balance, &events, &on, &state, &latency};
static const char* const labels[] = {"sensor"};
static const weir_measurement wanted = {sizeof(weir_measurement),     0,      6,     1, "v1_sample",
                                        "Made by a plugin of ABI 1.", fields, labels};

static weir_status create(const weir_host* host, const weir_value* options, void** instance,
                          weir_error* error) {
  sensor* self = calloc(1, sizeof *self);
  if (self == NULL) return WEIR_ERROR;
  self->host = host;
  self->rows = (uint32_t)options->items[0]->i64;
  self->measurement = host->measurement(host, &wanted, error);
  for (uint32_t i = 0; self->measurement != NULL && i < self->rows; ++i) {
    char name[16];
    const int size = snprintf(name, sizeof name, "s%u", i);
    const weir_string value = {name, (uint64_t)size};
    self->series[i] = host->series(host, self->measurement, &value, error);
    if (self->series[i] == NULL) self->measurement = NULL;
  }
  if (self->measurement == NULL) {
    free(self);
    return WEIR_ERROR;
  }
  *instance = self;
  return WEIR_OK;
}

static void destroy(void* instance) { free(instance); }

static weir_status collect(void* instance, int64_t time, weir_error* error) {
  sensor* self = instance;
  weir_batch* batch = self->host->batch(self->host, self->measurement, self->rows);
  if (batch == NULL) {
    snprintf(error->message, error->capacity, "no memory for %u rows", self->rows);
    return WEIR_ERROR;
  }
  uint8_t* validity = self->host->batch_validity(self->host, batch, 1);
  for (uint32_t row = 0; row < self->rows; ++row) {
    char text[16];
    const int size = snprintf(text, sizeof text, "state-%u", row);
    const uint8_t bit = (uint8_t)(1u << (row % 8));
    batch->series[row] = self->series[row];
    batch->times[row] = time;
    batch->columns[0].v.f64[row] = 20.5 + row;
    batch->columns[1].v.i64[row] = -(int64_t)row;
    if (row % 2 == 1) validity[row / 8] &= (uint8_t)~bit;
    batch->columns[2].v.u64[row] = 1000 + row;
    if (row % 8 == 0) batch->columns[3].v.bits[row / 8] = 0;
    if (row % 2 == 0) batch->columns[3].v.bits[row / 8] |= bit;
    self->host->batch_string(self->host, batch, 4, row, text, (uint64_t)size);
    for (uint32_t b = 0; b < 3; ++b) batch->columns[5].v.buckets[row * 3 + b] = row + b;
    batch->columns[5].sums[row] = 0.25 * row;
    batch->columns[5].counts[row] = 3 * row + 3;
  }
  batch->rows = self->rows;
  return self->host->emit(self->host, batch);
}

static const weir_option rows_option = {sizeof(weir_option),
                                        WEIR_OPTION_INT,
                                        0,
                                        0,
                                        "rows",
                                        "Rows per collection.",
                                        "3",
                                        "1",
                                        "16",
                                        "rows",
                                        NULL,
                                        NULL};
static const weir_option* const options[] = {&rows_option};

static const weir_component_type type = {.size = sizeof(weir_component_type),
                                         .kind = WEIR_SOURCE,
                                         .flags = WEIR_TIME_DRIVEN,
                                         .option_count = 1,
                                         .name = "v1_sensor",
                                         .summary = "Emits every type of field.",
                                         .options = options,
                                         .create = create,
                                         .destroy = destroy,
                                         .collect = collect};
static const weir_component_type* const types[] = {&type};
static const weir_plugin plugin = {
    sizeof(weir_plugin), WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "v1_sensor", "1.0.0", 1, 0, types};

const weir_plugin* weir_plugin_open(uint32_t agent_abi_major, uint32_t agent_abi_minor,
                                    weir_error* error) {
  (void)agent_abi_major, (void)agent_abi_minor, (void)error;
  return &plugin;
}
