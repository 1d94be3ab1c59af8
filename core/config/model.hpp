// core/config/model.hpp - a configuration that has been found to be right.
//
// The agent's own keys are declared with the same option tables as those of plugins, so that they
// are parsed, refused, described and put into the schema by the same code.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/arena.hpp"
#include "core/config/problems.hpp"
#include "core/config/witness.hpp"
#include "weir/options.hpp"

namespace weir::config {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };
enum class BufferType { kMemory, kDisk, kOverflow };
enum class Sync { kAlways, kInterval, kNever };
enum class WhenFull { kBlock, kDropOldest, kDropNewest };
enum class Isolation { kNone, kProcess };  // kProcess is to come, see choice_to_come

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  static const OptionTable<LogOptions>& table();
};

inline constexpr const char* kHttpListen = "127.0.0.1:9465";
inline constexpr const char* kHttpSocket = "/run/weir/weir.sock";

inline constexpr const char* kHttpOff = "off";
inline constexpr std::size_t kTokenBytesMin = 16;

struct HttpOptions {
  std::optional<std::string> listen;  // empty: kHttpListen, where nobody else is; "off": not at all
  std::optional<std::string> socket;  // empty: kHttpSocket, where its directory is; "off"
  std::string token;
  static const OptionTable<HttpOptions>& table();
};

struct AgentOptions {
  Duration interval{};
  std::string hostname;  // never empty: the host's own where none is configured
  std::map<std::string, std::string> labels;
  std::string data_dir;
  std::vector<std::string> plugin_dirs;
  Duration shutdown_timeout{};
  std::uint64_t max_series = 0;
  HttpOptions http;
  LogOptions log;
  static const OptionTable<AgentOptions>& table();
};

struct SourceOptions {
  std::string type;
  std::optional<Duration> interval;  // empty: the agent's
  Duration jitter{};
  std::string speed_text;
  double speed = 1;  // not 1 only where the type is time-driven
  std::map<std::string, std::string> labels;
  bool required = false;
  Isolation isolation = Isolation::kNone;
  // How often it is collected.
  Duration interval_or(const AgentOptions& agent) const {
    return interval.value_or(agent.interval);
  }
  static const OptionTable<SourceOptions>& table();
};

// Limits where none is written.
inline constexpr Bytes kMemoryBufferBytes{16u << 20};
inline constexpr Bytes kDiskBufferBytes{512u << 20};

struct BufferOptions {
  BufferType type = BufferType::kMemory;
  Bytes max_size;  // 0 as written: the default of the type, which `bind` puts in
  Bytes memory;    // of kOverflow
  WhenFull when_full = WhenFull::kDropOldest;
  Sync sync = Sync::kInterval;
  bool operator==(const BufferOptions&) const = default;
  static const OptionTable<BufferOptions>& table();
};

// Keys of processors and sinks.
struct ConsumerOptions {
  std::string type;
  std::vector<std::string> inputs;  // as written; Component::inputs has them resolved
  bool required = false;
  BufferOptions buffer;
  Isolation isolation = Isolation::kNone;
  static const OptionTable<ConsumerOptions>& table();
};

struct BatchOptions {
  std::uint64_t max_rows = 0;
  Bytes max_bytes;
  Duration max_delay{};
  bool operator==(const BatchOptions&) const = default;
  static const OptionTable<BatchOptions>& table();
};

struct RetryOptions {
  Duration initial{};
  Duration max{};
  std::uint32_t breaker = 0;
  bool operator==(const RetryOptions&) const = default;
  static const OptionTable<RetryOptions>& table();
};

// Keys that sinks have on top of ConsumerOptions.
struct SinkOptions {
  BatchOptions batch;
  RetryOptions retry;
  Duration write_deadline{};
  Bytes dead_letters;  // 0: rejected rows are not kept
  bool operator==(const SinkOptions&) const = default;
  static const OptionTable<SinkOptions>& table();
};

// The options of a component that is made in code and whose type has none.
const weir_value* no_options();

// What to say of a choice that a later version will have, or nullptr. It is offered once it is
// among the `.choices` of its option and no longer named here.
const char* choice_to_come(const weir_option& option, std::string_view choice);

struct Component {
  weir_kind kind = 0;
  std::string id;
  std::string type;
  const weir_component_type* descriptor = nullptr;  // nullptr: the plugin file was refused
  std::string refusal;                              // then why
  SourceOptions source;                             // of a source
  ConsumerOptions consumer;                         // of a processor or sink
  SinkOptions sink;                                 // of a sink
  const weir_value* options = nullptr;  // GROUP over descriptor->options; nullptr with descriptor
  std::vector<std::string> inputs;      // ids, patterns resolved, in the order of the files
  Place place;                          // of the id

  // A sink that has no place for rows of the past.
  bool present_only() const {
    return descriptor != nullptr && (descriptor->flags & WEIR_PRESENT_ONLY) != 0;
  }
  bool required() const { return kind == WEIR_SOURCE ? source.required : consumer.required; }
};

struct Config {
  AgentOptions agent;
  // Sources first, then processors, each after those that it reads from, then sinks.
  std::vector<Component> components;
  // Worth a log line, no reason to stop: a source that nothing reads from, a directory that is
  // not there.
  std::vector<Problem> warnings;
  std::vector<std::string> secrets;  // texts in it that must not be shown
  Witnesses witnesses;               // of the files that it was read from
  std::string digest;                // of what it says; see effective.hpp
  std::unique_ptr<Arena> values;     // what `options` point to
};

}  // namespace weir::config
