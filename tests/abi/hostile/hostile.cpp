// Plugins that break the contract, each in its own way: one file, compiled once per case with
// HOSTILE_<CASE> defined. All start from a source that is right, so the case is the only fault.
// tests/e2e/test_hostile_plugins.py says what the agent must answer to each.
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "weir/abi.h"

namespace {

weir_status create(const weir_host*, const weir_value*, void** instance, weir_error* error) {
  static int something;
  *instance = &something;
#if defined(HOSTILE_CREATE_THROWS)
  throw std::runtime_error("thrown by create");
#elif defined(HOSTILE_CREATE_THROWS_INT)
  throw 42;
#elif defined(HOSTILE_CREATE_FAILS)
  std::snprintf(error->message, error->capacity, "the device is gone");
  return WEIR_ERROR;
#elif defined(HOSTILE_CREATE_GIVES_NOTHING)
  *instance = nullptr;
#endif
  static_cast<void>(error);
  return WEIR_OK;
}

void destroy(void*) {}

weir_status start(void*, weir_error*) {
#if defined(HOSTILE_START_THROWS)
  throw std::runtime_error("thrown by start");
#endif
  return WEIR_OK;
}

weir_status collect(void*, std::int64_t, weir_error*) {
#if defined(HOSTILE_COLLECT_THROWS)
  throw std::runtime_error("thrown by collect");
#endif
  return WEIR_OK;
}

weir_option option(const char* name) {
  weir_option o{};
  o.size = sizeof o;
  o.type = WEIR_OPTION_INT;
  o.name = name;
  o.help = "A number.";
  o.default_text = "1";
  return o;
}

weir_option first = option("first");
weir_option second = option("second");
const weir_option* const options[] = {&first, &second};

weir_component_type type{};
const weir_component_type* types[] = {&type};
weir_plugin plugin{};

#if defined(HOSTILE_INITIALISER_THROWS)
[[maybe_unused]] const int initialised = []() -> int {
  throw std::runtime_error("thrown while loading");
}();
#endif

void fill() {
  type.size = sizeof type;
  type.kind = WEIR_SOURCE;
  type.name = HOSTILE_NAME;
  type.summary = "A source that is wrong somewhere.";
  type.options = options;
  type.option_count = 2;
  type.create = create;
  type.start = start;
  type.destroy = destroy;
  type.collect = collect;
  plugin.size = sizeof plugin;
  plugin.abi_major = WEIR_ABI_MAJOR;
  plugin.abi_minor = WEIR_ABI_MINOR;
  plugin.name = HOSTILE_NAME;
  plugin.version = "6.6.6";
  plugin.type_count = 1;
  plugin.types = types;
}

}  // namespace

#if defined(HOSTILE_UNRESOLVED_SYMBOL)
extern "C" int function_that_nobody_has();
#endif

#if defined(HOSTILE_MISSING_SYMBOL)
extern "C" WEIR_EXPORT int another_symbol() {
  fill();
  return 0;
}
#else
extern "C" WEIR_EXPORT const weir_plugin* weir_plugin_open(std::uint32_t, std::uint32_t,
                                                           weir_error* error) {
  fill();
#if defined(HOSTILE_OTHER_MAJOR)
  plugin.abi_major = WEIR_ABI_MAJOR + 1;
#elif defined(HOSTILE_NEWER_MINOR)
  plugin.abi_minor = 999;
#elif defined(HOSTILE_OPEN_THROWS)
  throw std::runtime_error("thrown by weir_plugin_open");
#elif defined(HOSTILE_OPEN_REFUSES)
  std::snprintf(error->message, error->capacity, "this plugin wants a newer agent");
  return nullptr;
#elif defined(HOSTILE_OPEN_GIVES_NOTHING)
  return nullptr;
#elif defined(HOSTILE_UNRESOLVED_SYMBOL)
  plugin.type_count = static_cast<std::uint32_t>(function_that_nobody_has());
#elif defined(HOSTILE_DUPLICATE_OPTION)
  second.name = first.name;
#elif defined(HOSTILE_OPTION_WITHOUT_NAME)
  second.name = nullptr;
#elif defined(HOSTILE_OPTION_OF_UNKNOWN_TYPE)
  second.type = 77;
#elif defined(HOSTILE_BAD_DEFAULT)
  second.default_text = "many";
#elif defined(HOSTILE_ENUM_WITHOUT_CHOICES)
  second.type = WEIR_OPTION_ENUM;
#elif defined(HOSTILE_NULL_TYPES)
  plugin.types = nullptr;
#elif defined(HOSTILE_NULL_TYPE)
  types[0] = nullptr;
#elif defined(HOSTILE_NO_TYPES)
  plugin.type_count = 0;
#elif defined(HOSTILE_BAD_TYPE_NAME)
  type.name = "Bad Name";
#elif defined(HOSTILE_OTHER_TYPE_NAME)
  type.name = "something_else";
#elif defined(HOSTILE_UNKNOWN_KIND)
  type.kind = 77;
#elif defined(HOSTILE_NO_CREATE)
  type.create = nullptr;
#elif defined(HOSTILE_NO_COLLECT)
  type.collect = nullptr;
#elif defined(HOSTILE_SMALL_STRUCT)
  plugin.size = 8;
#endif
  static_cast<void>(error);
  return &plugin;
}
#endif
