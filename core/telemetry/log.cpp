// spdlog behind log.hpp: formatters for text, JSON and journald, and collapsing of repeats.
#include "core/telemetry/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "core/telemetry/collapse.hpp"

namespace weir::core {

namespace {

spdlog::level::level_enum to_spdlog(weir_level level) {
  switch (level) {
    case WEIR_LOG_DEBUG: return spdlog::level::debug;
    case WEIR_LOG_WARN: return spdlog::level::warn;
    case WEIR_LOG_ERROR: return spdlog::level::err;
    default: return spdlog::level::info;
  }
}

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append_time(spdlog::memory_buf_t& out, spdlog::log_clock::time_point time) {
  const std::time_t seconds = spdlog::log_clock::to_time_t(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()) %
                  std::chrono::seconds(1);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  append(out, {text, n});
  const auto rest = static_cast<int>(ms.count());
  const char tail[] = {'.', static_cast<char>('0' + rest / 100),
                       static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10),
                       'Z'};
  append(out, {tail, sizeof tail});
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug: return "debug";
    case spdlog::level::warn: return "warn";
    case spdlog::level::err: return "error";
    default: return "info";
  }
}

// The payload is "component\x1fmessage".
void split(const spdlog::details::log_msg& msg, std::string_view& component,
           std::string_view& message) {
  const std::string_view payload{msg.payload.data(), msg.payload.size()};
  const std::size_t separator = payload.find('\x1f');
  component = separator == std::string_view::npos ? "" : payload.substr(0, separator);
  message = separator == std::string_view::npos ? payload : payload.substr(separator + 1);
}

// A line stays a line, whatever a message holds.
void append_line(spdlog::memory_buf_t& out, std::string_view text) {
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t';
    out.push_back(control ? ' ' : c);
  }
}

void append_json(spdlog::memory_buf_t& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      append(out, "\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

class TextFormatter final : public spdlog::formatter {
 public:
  explicit TextFormatter(bool journald, bool colour) : journald_(journald), colour_(colour) {}
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    std::string_view component, message;
    split(msg, component, message);
    if (journald_) {
      // sd-daemon(3): syslog priorities; journald adds the time.
      append(out, msg.level == spdlog::level::err     ? "<3>"
                  : msg.level == spdlog::level::warn  ? "<4>"
                  : msg.level == spdlog::level::debug ? "<7>"
                                                      : "<6>");
    } else {
      append_time(out, msg.time);
      const std::string_view name = level_name(msg.level);
      append(out, colour_of(msg.level));
      out.push_back(' ');
      append(out, name);
      append(out, std::string_view("      ").substr(0, 6 - name.size()));
      append(out, colour_ ? "\x1b[0m" : "");
    }
    if (!component.empty()) {
      append(out, component);
      append(out, ": ");
    }
    append_line(out, message);
    out.push_back('\n');
  }
  std::unique_ptr<formatter> clone() const override {
    return std::make_unique<TextFormatter>(journald_, colour_);
  }

 private:
  std::string_view colour_of(spdlog::level::level_enum level) const {
    if (!colour_) return "";
    return level == spdlog::level::err    ? "\x1b[31m"
           : level == spdlog::level::warn ? "\x1b[33m"
                                          : "\x1b[2m";
  }
  bool journald_, colour_;
};

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    std::string_view component, message;
    split(msg, component, message);
    append(out, "{\"time\":\"");
    append_time(out, msg.time);
    append(out, "\",\"level\":\"");
    append(out, level_name(msg.level));
    if (!component.empty()) {
      append(out, "\",\"component\":");
      append_json(out, component);
      append(out, ",\"message\":");
    } else {
      append(out, "\",\"message\":");
    }
    append_json(out, message);
    append(out, "}\n");
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

// Whether standard error goes to the journal: systemd.exec(5), $JOURNAL_STREAM.
bool is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

std::shared_ptr<spdlog::logger> make_logger(weir_level level, LogFormat format) {
  auto terminal = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  if (format == LogFormat::kJson) {
    terminal->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    terminal->set_formatter(
        std::make_unique<TextFormatter>(is_journal(), isatty(STDERR_FILENO) != 0));
  }
  auto logger = std::make_shared<spdlog::logger>("weir", std::move(terminal));
  logger->set_level(to_spdlog(level));
  return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = make_logger(WEIR_LOG_INFO, LogFormat::kText);
  return instance;
}

Collapse& collapse() {
  static Collapse instance;
  return instance;
}

}  // namespace

void log_setup(weir_level level, LogFormat format) { logger() = make_logger(level, format); }

void log_set_level(weir_level level) { logger()->set_level(to_spdlog(level)); }

bool log_enabled(weir_level level) { return logger()->should_log(to_spdlog(level)); }

void log(weir_level level, std::string_view component, std::string_view message) {
  if (!log_enabled(level)) return;
  static std::mutex mutex;
  Collapse::Verdict verdict{};
  {
    const std::lock_guard lock(mutex);
    verdict = collapse().judge(level, component, message, Collapse::Clock::now());
  }
  if (!verdict.write) return;
  std::string payload(component);
  payload += '\x1f';
  payload += message;
  if (verdict.held_back != 0) {
    payload += " (and " + std::to_string(verdict.held_back) + " more times before)";
  }
  logger()->log(to_spdlog(level), spdlog::string_view_t(payload.data(), payload.size()));
}

}  // namespace weir::core
