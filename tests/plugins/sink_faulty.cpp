// A sink with one fault, which an option names: what `weir plugin test` has to find. Written
// against the ABI, since weir.hpp leaves no room for some of them. Its `path` is required, and not
// used.
#include <cstring>
#include <string_view>

#include "weir/abi.h"

namespace {

const char* const kFaults[] = {"none",         "retains",     "unknown_status", "no_reason",
                               "writes_batch", "rejects_all", "crash_in_write", nullptr};
const weir_option kPath{sizeof(weir_option),
                        WEIR_OPTION_STRING,
                        WEIR_OPTION_REQUIRED,
                        0,
                        "path",
                        "Where it would write.",
                        nullptr,
                        nullptr,
                        nullptr,
                        nullptr,
                        nullptr,
                        nullptr};
const weir_option kFault{sizeof(weir_option),
                         WEIR_OPTION_ENUM,
                         0,
                         0,
                         "fault",
                         "What is wrong.",
                         "none",
                         nullptr,
                         nullptr,
                         nullptr,
                         kFaults,
                         nullptr};
const weir_option* const kOptions[] = {&kPath, &kFault};

struct Faulty {
  const weir_host* host;
  std::string_view fault;
};

weir_status create(const weir_host* host, const weir_value* options, void** instance, weir_error*) {
  const weir_string& fault = options->items[1]->string;
  *instance = new Faulty{host, {fault.data, fault.size}};
  return WEIR_OK;
}

void destroy(void* instance) { delete static_cast<Faulty*>(instance); }

weir_status write(void* instance, const weir_batch* const* batches, std::uint32_t, weir_error*) {
  const Faulty& self = *static_cast<Faulty*>(instance);
  const weir_batch* batch = batches[0];
  if (self.fault == "retains") self.host->retain(self.host, batch);
  if (self.fault == "unknown_status") return 77;
  if (self.fault == "no_reason") return WEIR_RETRY;
  if (self.fault == "writes_batch") batch->times[0] += 1;
  if (self.fault == "rejects_all") self.host->reject(self.host, batch, 0, batch->rows, "");
  if (self.fault == "crash_in_write") __builtin_trap();
  return WEIR_OK;
}

weir_component_type describe() {
  weir_component_type type{};
  type.size = sizeof type;
  type.kind = WEIR_SINK;
  type.name = "faulty";
  type.summary = "Has one fault, for tests.";
  type.options = kOptions;
  type.option_count = 2;
  type.create = create;
  type.destroy = destroy;
  type.write = write;
  return type;
}

}  // namespace

extern "C" WEIR_EXPORT const weir_plugin* weir_plugin_open(std::uint32_t, std::uint32_t,
                                                           weir_error*) {
  static const weir_component_type type = describe();
  static const weir_component_type* const types[] = {&type};
  static const weir_plugin plugin{
      sizeof(weir_plugin), WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "faulty", "1.0.0", 1, 0, types};
  return &plugin;
}
