// The agent's log: one line an event, to standard error, as text or as JSON.
//
// Repeated lines are collapsed. Under systemd lines carry journald priorities. spdlog does the
// work, behind this header, so that nothing else has to be compiled with it.
#pragma once

#include <string_view>

#include "weir/abi.h"

namespace weir::core {

enum class LogFormat { kText, kJson };

// Once, before threads. Until then `log` writes text at info and above.
void log_setup(weir_level level, LogFormat format);
// Any thread, at any time.
void log_set_level(weir_level level);
bool log_enabled(weir_level level);
// `component`: a component's id, or "" for the agent itself. Any thread.
void log(weir_level level, std::string_view component, std::string_view message);

inline void log_info(std::string_view message) { log(WEIR_LOG_INFO, "", message); }
inline void log_warn(std::string_view message) { log(WEIR_LOG_WARN, "", message); }
inline void log_error(std::string_view message) { log(WEIR_LOG_ERROR, "", message); }

}  // namespace weir::core
