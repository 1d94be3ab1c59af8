// The tables of the agent's own keys; see model.hpp.
#include "core/config/model.hpp"

#include <algorithm>

namespace weir::config {

const OptionTable<LogOptions>& LogOptions::table() {
  static const OptionTable<LogOptions> t{
      option("level", &LogOptions::level, "The least severe lines that are written.")
          .def("info")
          .choices({"debug", "info", "warn", "error"}),
      option("format", &LogOptions::format, "Lines for people, or one JSON object a line.")
          .def("text")
          .choices({"text", "json"}),
  };
  return t;
}

const OptionTable<HttpOptions>& HttpOptions::table() {
  static const OptionTable<HttpOptions> t{
      option("listen", &HttpOptions::listen,
             "Address and port for health, status and metrics; off: none. 127.0.0.1:9465 if not "
             "written and it is free."),
      option("socket", &HttpOptions::socket,
             "Path of a Unix socket for the same; off: none. /run/weir/weir.sock if not written "
             "and its directory is there."),
      option("token", &HttpOptions::token,
             "What those who come over TCP must know; needed off loopback. At least 16 characters.")
          .secret(),
  };
  return t;
}

const OptionTable<AgentOptions>& AgentOptions::table() {
  static const OptionTable<AgentOptions> t{
      option("interval", &AgentOptions::interval,
             "How often a source is collected that does not say otherwise.")
          .def("15s")
          .min("10ms")
          .max("24h"),
      option("hostname", &AgentOptions::hostname,
             "The host's name in rows and ids; the system's own if not written."),
      option("labels", &AgentOptions::labels, "Labels put on every series of this agent."),
      option("data_dir", &AgentOptions::data_dir,
             "Directory for what must outlive the agent; made when it is needed.")
          .def("/var/lib/weir"),
      option("plugin_dirs", &AgentOptions::plugin_dirs,
             "Directories with plugins, besides the one that came with the agent."),
      option("shutdown_timeout", &AgentOptions::shutdown_timeout,
             "How long sinks may take to deliver what they hold when the agent stops.")
          .def("10s")
          .min("0")
          .max("1h"),
      option("max_series", &AgentOptions::max_series,
             "The most series that may exist at a time; rows of further ones are refused.")
          .def("2000000")
          .min("1")
          .max("100000000"),
      option("http", &AgentOptions::http, "Where the agent answers about itself."),
      option("log", &AgentOptions::log, "What the agent writes to its log."),
  };
  return t;
}

namespace {

template <class T>
Option<T> type_option(std::string T::*member) {
  return option("type", member, "Which plugin makes this component; see weir list.").required();
}
template <class T>
Option<T> required_option(bool T::*member) {
  return option("required", member,
                "The agent does not start without this component, and is not ready while it fails.")
      .def("false");
}
template <class T>
Option<T> isolation_option(Isolation T::*member) {
  return option("isolation", member, "Where it runs: none, in the agent's own process.")
      .def("none")
      .choices({"none"});
}

}  // namespace

const OptionTable<SourceOptions>& SourceOptions::table() {
  static const OptionTable<SourceOptions> t{
      type_option(&SourceOptions::type),
      option("interval", &SourceOptions::interval,
             "How often it is collected; the agent's interval if not written.")
          .min("10ms")
          .max("24h"),
      option("jitter", &SourceOptions::jitter,
             "Each collection is delayed by a part of this that follows from the host's name and "
             "the id.")
          .def("0s")
          .max("24h"),
      option("speed", &SourceOptions::speed_text,
             "How many times faster than real time a simulator's clock runs: 60x.")
          .def("1x"),
      option("labels", &SourceOptions::labels, "Labels put on every series of this source."),
      required_option(&SourceOptions::required),
      isolation_option(&SourceOptions::isolation),
  };
  return t;
}

const OptionTable<BufferOptions>& BufferOptions::table() {
  static const OptionTable<BufferOptions> t{
      option("type", &BufferOptions::type,
             "Where rows wait: in memory; or, sinks only, on disk, where they survive the agent; "
             "or in memory, and what is too much for it on disk.")
          .def("memory")
          .choices({"memory", "disk", "overflow"}),
      option("max_size", &BufferOptions::max_size,
             "The most that may wait; 16MiB in memory and 512MiB on disk if not written.")
          .min("64KiB")
          .max("1TiB"),
      option("memory", &BufferOptions::memory,
             "What type overflow takes of memory before it takes the disk.")
          .def("16MiB")
          .min("4MiB")
          .max("16GiB"),
      option("when_full", &BufferOptions::when_full,
             "block: sources wait. drop_oldest, drop_newest: rows are dropped and counted.")
          .def("drop_oldest")
          .choices({"block", "drop_oldest", "drop_newest"}),
      option("sync", &BufferOptions::sync,
             "When rows on disk also survive a loss of power: always, before they count as "
             "accepted; interval, within half a second; never, when the system likes.")
          .def("interval")
          .choices({"always", "interval", "never"}),
  };
  return t;
}

const OptionTable<ConsumerOptions>& ConsumerOptions::table() {
  static const OptionTable<ConsumerOptions> t{
      type_option(&ConsumerOptions::type),
      option("inputs", &ConsumerOptions::inputs,
             "Ids of the components it reads from; * and ? match parts of an id.")
          .required(),
      required_option(&ConsumerOptions::required),
      option("buffer", &ConsumerOptions::buffer, "The queue in front of it."),
      isolation_option(&ConsumerOptions::isolation),
  };
  return t;
}

const OptionTable<BatchOptions>& BatchOptions::table() {
  static const OptionTable<BatchOptions> t{
      option("max_rows", &BatchOptions::max_rows, "The most rows that one write is given.")
          .def("10000")
          .min("1")
          .max("10000000"),
      option("max_bytes", &BatchOptions::max_bytes, "The most bytes that one write is given.")
          .def("4MiB")
          .min("1KiB")
          .max("1GiB"),
      option("max_delay", &BatchOptions::max_delay,
             "How long rows wait for others, so that writes are fewer and larger.")
          .def("0s")
          .max("1h"),
  };
  return t;
}

const OptionTable<RetryOptions>& RetryOptions::table() {
  static const OptionTable<RetryOptions> t{
      option("initial", &RetryOptions::initial,
             "How long after a failed write the next one follows; doubles each time.")
          .def("1s")
          .min("1ms")
          .max("1h"),
      option("max", &RetryOptions::max, "The longest that it grows to.")
          .def("1m")
          .min("1ms")
          .max("24h"),
      option("breaker", &RetryOptions::breaker,
             "After so many failures in a row only single writes are tried, max/2 to max apart, "
             "until one succeeds; 0: never.")
          .def("5")
          .max("1000"),
  };
  return t;
}

const OptionTable<SinkOptions>& SinkOptions::table() {
  static const OptionTable<SinkOptions> t{
      option("batch", &SinkOptions::batch, "How much one write is given."),
      option("retry", &SinkOptions::retry, "When a failed write is tried again."),
      option("write_deadline", &SinkOptions::write_deadline,
             "How long one write may take: the sink gives up by then, and tries again.")
          .def("1m")
          .min("100ms")
          .max("24h"),
      option("dead_letters", &SinkOptions::dead_letters,
             "The most bytes of rejected rows that are kept, with the reason, in "
             "deadletters/ID.jsonl below data_dir; 0: none.")
          .def("64MiB")
          .max("1TiB"),
  };
  return t;
}

const weir_value* no_options() {
  static const weir_value none = [] {
    weir_value v{};
    v.size = sizeof v;
    v.type = WEIR_OPTION_GROUP;
    v.file = "";
    return v;
  }();
  return &none;
}

const char* choice_to_come(const weir_option& option, std::string_view choice) {
  const auto is = [&](const auto& table, std::string_view name, std::string_view to_come) {
    return choice == to_come && option.name == name &&
           std::count(table.data(), table.data() + table.size(), &option) != 0;
  };
  if (is(SourceOptions::table(), "isolation", "process") ||
      is(ConsumerOptions::table(), "isolation", "process")) {
    return "this version of Weir runs components in its own process only, expected none";
  }
  return nullptr;
}

}  // namespace weir::config
