/* A sink built against the frozen header of ABI 1, in C: it writes what it is given to a file.
 *
 * The first line is its own options as it read them, one of every type; then one line a row:
 * name, labels, fields, time. `start` opens the file and `stop` writes "stopped" and closes it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/abi.h"

typedef struct writer {
  const weir_host* host;
  const weir_value* options; /* valid until destroy returns */
  FILE* file;
} writer;

#define OPTION(ident, type, def) \
  { sizeof(weir_option), type, 0, 0, ident, "For the test.", def, NULL, NULL, NULL, NULL, NULL }
static const weir_option path = {sizeof(weir_option),
                                 WEIR_OPTION_STRING,
                                 WEIR_OPTION_REQUIRED,
                                 0,
                                 "path",
                                 "The file.",
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL};
static const weir_option flag = OPTION("flag", WEIR_OPTION_BOOL, "true");
static const weir_option number = OPTION("number", WEIR_OPTION_INT, "-42");
static const weir_option ratio = OPTION("ratio", WEIR_OPTION_FLOAT, "0.5");
static const weir_option text = OPTION("text", WEIR_OPTION_STRING, "hello");
static const weir_option wait_time = OPTION("wait_time", WEIR_OPTION_DURATION, "1500ms");
static const weir_option room = OPTION("room", WEIR_OPTION_SIZE, "64KiB");
static const char* const colours[] = {"red", "green", "blue", NULL};
static const weir_option colour = {sizeof(weir_option),
                                   WEIR_OPTION_ENUM,
                                   0,
                                   0,
                                   "colour",
                                   "For the test.",
                                   "green",
                                   NULL,
                                   NULL,
                                   NULL,
                                   colours,
                                   NULL};
static const weir_option list = OPTION("list", WEIR_OPTION_LIST, NULL);
static const weir_option map = OPTION("map", WEIR_OPTION_MAP, NULL);
static const weir_option* const children[] = {&number, &text};
#define GROUP_OPTION(ident, type)                                                          \
  {                                                                                        \
    sizeof(weir_option), type, 0, 2, ident, "For the test.", NULL, NULL, NULL, NULL, NULL, \
        children                                                                           \
  }
static const weir_option group = GROUP_OPTION("group", WEIR_OPTION_GROUP);
static const weir_option group_list = GROUP_OPTION("group_list", WEIR_OPTION_GROUP_LIST);
static const weir_option group_map = GROUP_OPTION("group_map", WEIR_OPTION_GROUP_MAP);
static const weir_option* const options[] = {&path,      &flag,       &number,   &ratio, &text,
                                             &wait_time, &room,       &colour,   &list,  &map,
                                             &group,     &group_list, &group_map};

static void print_string(FILE* out, weir_string s) { fwrite(s.data, 1, (size_t)s.size, out); }

static void print_value(FILE* out, const weir_value* v) {
  if (v->key.size != 0) {
    print_string(out, v->key);
    fputc('=', out);
  } else if (v->option != NULL && v->option->name != NULL) {
    fprintf(out, "%s=", v->option->name);
  }
  if (!v->has_value && v->item_count == 0) {
    fputs("none", out);
    return;
  }
  switch (v->type) {
    case WEIR_OPTION_FLOAT: fprintf(out, "%g", v->f64); return;
    case WEIR_OPTION_STRING: print_string(out, v->string); return;
    case WEIR_OPTION_ENUM:
      fprintf(out, "%" PRId64 ":", v->i64);
      print_string(out, v->string);
      return;
    case WEIR_OPTION_BOOL:
    case WEIR_OPTION_INT:
    case WEIR_OPTION_DURATION:
    case WEIR_OPTION_SIZE: fprintf(out, "%" PRId64, v->i64); return;
    default: break;
  }
  fputc('[', out);
  for (uint32_t i = 0; i < v->item_count; ++i) {
    if (i != 0) fputc(' ', out);
    print_value(out, v->items[i]);
  }
  fputc(']', out);
}

static weir_status create(const weir_host* host, const weir_value* values, void** instance,
                          weir_error* error) {
  (void)error;
  writer* self = calloc(1, sizeof *self);
  if (self == NULL) return WEIR_ERROR;
  self->host = host;
  self->options = values;
  *instance = self;
  return WEIR_OK;
}

static void destroy(void* instance) { free(instance); }

static weir_status start(void* instance, weir_error* error) {
  writer* self = instance;
  const weir_string name = self->options->items[0]->string;
  char file[4096];
  snprintf(file, sizeof file, "%.*s", (int)name.size, name.data);
  self->file = fopen(file, "w");
  if (self->file == NULL) {
    snprintf(error->message, error->capacity, "cannot open %s", file);
    return WEIR_ERROR;
  }
  fprintf(self->file, "options ");
  for (uint32_t i = 1; i < self->options->item_count; ++i) {
    if (i != 1) fputc(' ', self->file);
    print_value(self->file, self->options->items[i]);
  }
  fputc('\n', self->file);
  return WEIR_OK;
}

static void stop(void* instance) {
  writer* self = instance;
  fprintf(self->file, "stopped\n");
  fclose(self->file);
}

static void print_field(FILE* out, const weir_field* field, const weir_column* c, uint32_t row) {
  fprintf(out, " %s=", field->name);
  if (c->validity != NULL && (c->validity[row / 8] >> (row % 8) & 1) == 0) {
    fputs("null", out);
    return;
  }
  switch (field->type) {
    case WEIR_F64: fprintf(out, "%g", c->v.f64[row]); return;
    case WEIR_I64: fprintf(out, "%" PRId64, c->v.i64[row]); return;
    case WEIR_U64: fprintf(out, "%" PRIu64, c->v.u64[row]); return;
    case WEIR_BOOL: fputs((c->v.bits[row / 8] >> (row % 8) & 1) != 0 ? "yes" : "no", out); return;
    case WEIR_STRING:
      fwrite(c->bytes + c->v.offsets[row], 1, (size_t)(c->v.offsets[row + 1] - c->v.offsets[row]),
             out);
      return;
    default: break;
  }
  const uint32_t width = field->bound_count + 1;
  for (uint32_t b = 0; b < width; ++b) fprintf(out, "%" PRIu64 "/", c->v.buckets[row * width + b]);
  fprintf(out, "%g/%" PRIu64, c->sums[row], c->counts[row]);
}

static weir_status write_batches(void* instance, const weir_batch* const* batches, uint32_t count,
                                 weir_error* error) {
  writer* self = instance;
  for (uint32_t i = 0; i < count; ++i) {
    const weir_batch* batch = batches[i];
    const weir_measurement* m = batch->measurement;
    for (uint32_t row = 0; row < batch->rows; ++row) {
      fputs(m->name, self->file);
      for (uint32_t l = 0; l < m->label_count; ++l) {
        fprintf(self->file, " %s=", m->labels[l]);
        print_string(self->file, batch->series[row]->label_values[l]);
      }
      for (uint32_t f = 0; f < m->field_count; ++f) {
        print_field(self->file, m->fields[f], &batch->columns[f], row);
      }
      fprintf(self->file, " %" PRId64 "\n", batch->times[row]);
    }
  }
  if (fflush(self->file) != 0) {
    snprintf(error->message, error->capacity, "cannot write");
    return WEIR_RETRY;
  }
  return WEIR_OK;
}

static const weir_component_type type = {.size = sizeof(weir_component_type),
                                         .kind = WEIR_SINK,
                                         .option_count = sizeof options / sizeof *options,
                                         .name = "v1_writer",
                                         .summary = "Writes rows as text.",
                                         .options = options,
                                         .create = create,
                                         .start = start,
                                         .stop = stop,
                                         .destroy = destroy,
                                         .write = write_batches};
static const weir_component_type* const types[] = {&type};
static const weir_plugin plugin = {
    sizeof(weir_plugin), WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "v1_writer", "1.0.0", 1, 0, types};

const weir_plugin* weir_plugin_open(uint32_t agent_abi_major, uint32_t agent_abi_minor,
                                    weir_error* error) {
  (void)agent_abi_major, (void)agent_abi_minor, (void)error;
  return &plugin;
}
