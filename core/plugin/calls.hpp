// Calls into a plugin. Nothing may be thrown across the boundary, and the SDK sees to that; where a
// plugin does it all the same, it is an error of that component and not the end of the agent.
#pragma once

#include <exception>
#include <string>

#include "core/telemetry/log.hpp"
#include "weir/abi.h"

namespace weir::core {

// A buffer for what a plugin has to say, in the form that its functions take.
struct CallError : weir_error {
  CallError() : weir_error{sizeof(weir_error), sizeof text, text, nullptr} {}
  CallError(const CallError&) = delete;
  CallError& operator=(const CallError&) = delete;

  char text[1024] = "";
};

inline void write_error(weir_error* error, const std::string& text) {
  if (error == nullptr || error->capacity == 0) return;
  error->message[text.copy(error->message, error->capacity - 1)] = '\0';
}

// What `call` returns; WEIR_ERROR and `error` where it throws.
template <class Call>
weir_status contained_call(weir_error& error, Call call) noexcept {
  try {
    return call();
  } catch (const std::exception& e) {
    write_error(&error,
                std::string("the plugin threw an exception, which it must not: ") + e.what());
  } catch (...) {
    write_error(&error, "the plugin threw an exception, which it must not");
  }
  return WEIR_ERROR;
}

// For the calls that return nothing: what they throw is logged.
template <class Call>
void contained_call(const std::string& component_id, Call call) noexcept {
  CallError error;
  const weir_status status = contained_call(error, [&] {
    call();
    return weir_status{WEIR_OK};
  });
  if (status != WEIR_OK) log(WEIR_LOG_ERROR, component_id, error.text);
}

}  // namespace weir::core
