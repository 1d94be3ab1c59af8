// The life of the agent: load, start, wait for a signal, stop.
#include "core/cli/run.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "core/cli/check.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/plugin/loader.hpp"
#include "core/telemetry/log.hpp"

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

}  // namespace

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

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
  std::unique_ptr<config::Config> config = load(args);
  if (config == nullptr) return kExitConfiguration;
  core::log_info("weir " + std::string(core::agent_version()) + " starts with " +
                 args.request.path);

  core::Pipeline pipeline(std::move(config));
  if (const int code = pipeline.start(); code != 0) return code;
  pipeline.schedule();
  const std::size_t count = pipeline.component_count();
  core::log_info("running: " + std::to_string(count) + (count == 1 ? " component" : " components"));

  for (;;) {
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    if (signal_number != SIGHUP) {
      core::log_info(signal_number == SIGTERM ? "SIGTERM: stopping" : "SIGINT: stopping");
      break;
    }
    core::log_warn("SIGHUP: this version does not reload; restart the agent instead");
  }
  let_interrupt_kill();
  const bool clean = pipeline.stop();
  core::log_info(clean ? "stopped" : "stopped without waiting for plugins that hang");
  if (!clean) _exit(kExitFailure);
  return 0;
}

}  // namespace weir::cli
