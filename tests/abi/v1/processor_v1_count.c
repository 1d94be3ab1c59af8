/* A processor built against the frozen header of ABI 1, in C: it passes every batch on untouched
 * and says after each, as a row of its own measurement v1_count, how many rows it has seen. */
#include <stdlib.h>

#include "weir/abi.h"

typedef struct counter {
  const weir_host* host;
  const weir_measurement* measurement;
  const weir_series* series;
  uint64_t rows;
} counter;

static const weir_field rows_field = {sizeof(weir_field), WEIR_U64, WEIR_COUNTER, 0, "rows", "",
                                      "Rows seen.",       NULL,     NULL};
static const weir_field* const fields[] = {&rows_field};
static const weir_measurement wanted = {sizeof(weir_measurement),     0,      1,   0, "v1_count",
                                        "Made by a plugin of ABI 1.", fields, NULL};

static weir_status create(const weir_host* host, const weir_value* options, void** instance,
                          weir_error* error) {
  (void)options;
  counter* self = calloc(1, sizeof *self);
  if (self == NULL) return WEIR_ERROR;
  self->host = host;
  self->measurement = host->measurement(host, &wanted, error);
  if (self->measurement != NULL) {
    self->series = host->series(host, self->measurement, NULL, error);
  }
  if (self->series == NULL) {
    free(self);
    return WEIR_ERROR;
  }
  *instance = self;
  return WEIR_OK;
}

static void destroy(void* instance) { free(instance); }

static weir_status process(void* instance, const weir_batch* batch, weir_error* error) {
  (void)error;
  counter* self = instance;
  self->rows += batch->rows;
  const weir_status passed = self->host->pass(self->host, batch);
  weir_batch* own = self->host->batch(self->host, self->measurement, 1);
  if (own == NULL || passed != WEIR_OK) return WEIR_ERROR;
  own->series[0] = self->series;
  own->times[0] = batch->times[0];
  own->columns[0].v.u64[0] = self->rows;
  own->rows = 1;
  return self->host->emit(self->host, own);
}

static const weir_component_type type = {.size = sizeof(weir_component_type),
                                         .kind = WEIR_PROCESSOR,
                                         .name = "v1_count",
                                         .summary = "Passes rows on and counts them.",
                                         .create = create,
                                         .destroy = destroy,
                                         .process = process};
static const weir_component_type* const types[] = {&type};
static const weir_plugin plugin = {
    sizeof(weir_plugin), WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "v1_count", "1.0.0", 1, 0, types};

const weir_plugin* weir_plugin_open(uint32_t agent_abi_major, uint32_t agent_abi_minor,
                                    weir_error* error) {
  (void)agent_abi_major, (void)agent_abi_minor, (void)error;
  return &plugin;
}
