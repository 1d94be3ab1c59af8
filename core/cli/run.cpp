// The life of the agent: load, start, wait for a signal, stop.
#include "core/cli/run.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "core/cli/check.hpp"
#include "core/cli/service_manager.hpp"
#include "core/http/api.hpp"
#include "core/http/server.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/plugin/loader.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/pages.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;

bool setup_log(const RunArgs& args, const config::LogOptions& options) {
  static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  static constexpr const char* kFormats[] = {"text", "json"};
  auto level = static_cast<weir_level>(options.level) + WEIR_LOG_DEBUG;
  auto format = static_cast<core::LogFormat>(options.format);
  const auto choose = [](const std::string& word, const auto& names, const char* option, auto set) {
    if (word.empty()) return true;
    for (unsigned i = 0; i < std::size(names); ++i) {
      if (word == names[i]) {
        set(i);
        return true;
      }
    }
    std::fprintf(stderr, "weir: --%s %s: expected one of", option, word.c_str());
    for (const char* name : names) std::fprintf(stderr, " %s", name);
    std::fputs("\n", stderr);
    return false;
  };
  if (!choose(args.log_level, kLevels, "log-level",
              [&](unsigned i) { level = WEIR_LOG_DEBUG + i; }) ||
      !choose(args.log_format, kFormats, "log-format",
              [&](unsigned i) { format = static_cast<core::LogFormat>(i); })) {
    return false;
  }
  core::log_setup(level, format);
  return true;
}

// What was asked for and cannot be had ends the agent, as any port does that a component cannot
// have; where nothing was written, the agent goes without. False: it ends.
bool open_http(http::Server& server, const config::HttpOptions& options) {
  // `listen` changes the place to what was bound.
  const auto open = [](const char* key, const std::optional<std::string>& written,
                       const char* usual, auto listen) {
    std::string where = written ? *written : usual;
    if (where == config::kHttpOff) return true;
    const std::string why = listen(where);
    if (why.empty()) {
      core::log(WEIR_LOG_INFO, "http", "health, status and metrics are on " + where);
    } else if (written) {
      core::log(WEIR_LOG_ERROR, "http", std::string("agent.http.") + key + ": " + why);
    } else {
      core::log(WEIR_LOG_WARN, "http",
                why + "; there are no health, status and metrics there: write another agent.http." +
                    key + ", or off");
    }
    return why.empty() || !written;
  };
  // Who has no such directory has no package that made it, and needs no word about it.
  const std::string directory = std::filesystem::path(config::kHttpSocket).parent_path();
  const bool usual_socket = access(directory.c_str(), W_OK) == 0;
  return open("listen", options.listen, config::kHttpListen,
              [&](std::string& where) {
                const std::string written = where;
                std::string why = server.listen(where);
                if (!why.empty()) return why;
                where = server.address();
                return server.is_loopback() || !options.token.empty()
                           ? why
                           : written + " is " + where + ", which others can reach; expected an " +
                                 "agent.http.token, or an address of loopback";
              }) &&
         open("socket", options.socket, usual_socket ? config::kHttpSocket : config::kHttpOff,
              [&](std::string& where) { return server.listen_unix(where); });
}

// Tells the service manager meanwhile how it goes.
int wait_for_signal(const sigset_t& signals, ServiceManager& manager,
                    const core::Pipeline& pipeline) {
  int number = 0;
  if (!manager.listens()) {
    sigwait(&signals, &number);
    return number;
  }
  while (number <= 0) {
    manager.tick(pipeline);
    const std::int64_t wait_ns = manager.period().count();
    const timespec wait{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
    number = sigtimedwait(&signals, nullptr, &wait);
  }
  return number;
}

}  // namespace

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Somebody at a terminal who presses Ctrl-C again while the agent drains means it.
void let_interrupt_kill() {
  signal(SIGINT, [](int) { _exit(kExitFailure); });
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
}

std::unique_ptr<config::Config> load(const RunArgs& args) {
  config::Problems problems;
  const config::Document document = config::read(args.request, problems);
  const config::AgentOptions agent = config::agent_options(document, problems);
  if (!setup_log(args, agent.log)) return nullptr;
  core::Loader loader(agent.plugin_dirs);
  std::unique_ptr<config::Config> config = config::bind(document, loader, problems);
  if (config != nullptr) return config;  // the pipeline logs its warnings
  print_warnings(problems, stderr);
  std::fputs(problems.text().c_str(), stderr);
  return nullptr;
}

int run(const RunArgs& args) {
  const sigset_t signals = block_signals();
  ServiceManager manager;
  std::unique_ptr<config::Config> config = load(args);
  if (config == nullptr) return kExitConfiguration;
  core::log_info("weir " + std::string(core::agent_version()) + " starts with " +
                 args.request.path);

  const config::HttpOptions http_options = config->agent.http;
  core::Pipeline pipeline(std::move(config));
  const http::Api api(pipeline, http_options.token,
                      std::filesystem::absolute(args.request.path).lexically_normal());
  http::Server server([&api](const http::Request& request) { return api.handle(request); });
  if (!open_http(server, http_options)) return kExitFailure;
  server.start();
  if (const int code = pipeline.start(); code != 0) return code;
  pipeline.schedule();
  const std::size_t count = pipeline.component_count();
  core::log_info("running: " + std::to_string(count) + (count == 1 ? " component" : " components"));
  core::forget_code();

  for (;;) {
    const int signal_number = wait_for_signal(signals, manager, pipeline);
    if (signal_number != SIGHUP) {
      core::log_info(signal_number == SIGTERM ? "SIGTERM: stopping" : "SIGINT: stopping");
      break;
    }
    core::log_warn("SIGHUP: this version does not reload; restart the agent instead");
  }
  let_interrupt_kill();
  manager.stopping();
  const bool clean = pipeline.stop();
  core::log_info(clean ? "stopped" : "stopped without waiting for plugins that hang");
  if (!clean) _exit(kExitFailure);
  return 0;
}

}  // namespace weir::cli
