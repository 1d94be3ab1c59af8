// The life of the agent: load, start, wait for a signal, stop.
#include "core/cli/run.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/cli/check.hpp"
#include "core/cli/hide_secrets.hpp"
#include "core/cli/service_manager.hpp"
#include "core/http/api.hpp"
#include "core/http/server.hpp"
#include "core/pipeline/drop_report.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/pipeline/wall_clock.hpp"
#include "core/plugin/loader.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/pages.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;
// For what a plugin is in when a reload is to end.
constexpr std::chrono::seconds kReloadGrace{6};
// How often the control thread looks around, at the least.
constexpr std::chrono::seconds kLookPeriod{10};

// Chooses level and format; false, after saying why, where a command line's word is none.
bool choose_log(const RunArgs& args, const config::LogOptions& options, weir_level& level,
                core::LogFormat& format) {
  static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  static constexpr const char* kFormats[] = {"text", "json"};
  level = static_cast<weir_level>(options.level) + WEIR_LOG_DEBUG;
  format = static_cast<core::LogFormat>(options.format);
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
  return choose(args.log_level, kLevels, "log-level",
                [&](unsigned i) { level = WEIR_LOG_DEBUG + i; }) &&
         choose(args.log_format, kFormats, "log-format",
                [&](unsigned i) { format = static_cast<core::LogFormat>(i); });
}

bool setup_log(const RunArgs& args, const config::LogOptions& options) {
  weir_level level{};
  core::LogFormat format{};
  if (!choose_log(args, options, level, format)) return false;
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

// Secrets are rotated by whoever has nothing to do with the agent.
class Secrets {
 public:
  Secrets(const config::LoadRequest& request, const config::Config& config) : request_(request) {
    know(config, config.witnesses, true);
  }

  // What the configuration in use was made from, what the files were when they were read last, and
  // whether that was it.
  void know(const config::Config& config, const config::Witnesses& read, bool took) {
    used_ = config.witnesses;
    seen_ = read;
    for (const config::Witness& w : used_) {  // what could not be read now is still watched
      const bool is_seen = std::any_of(seen_.begin(), seen_.end(),
                                       [&](const auto& other) { return other.path == w.path; });
      if (!is_seen) seen_.push_back(w);
    }
    any_ = std::any_of(seen_.begin(), seen_.end(), [](const auto& w) { return w.secret; });
    pause_ = took ? kLookPeriod : std::min<std::chrono::seconds>(pause_ * 2, kPauseMax);
    retry_at_ = Clock::now() + pause_;
  }
  bool due() const { return any_ && Clock::now() >= due_; }
  // Whether to reload because of them: not where the configuration files have changed as well,
  // since whoever is writing them has not said so yet.
  bool ask_for_reload() {
    due_ = Clock::now() + kLookPeriod;
    const bool news = config::has_changed_secret(seen_);
    // A rotation that was caught half-way is tried again, and less often each time.
    const bool again = Clock::now() >= retry_at_ && config::has_changed_secret(used_);
    if (!news && !again) return false;
    config::Problems ignored;
    seen_ = config::read(request_, ignored).witnesses();
    const bool same = config::same_files(used_, seen_);
    retry_at_ = Clock::now() + (same ? pause_ : kPauseMax);
    if (!news && !same) return false;
    core::log_info(same ? "a secret has changed"
                        : "a secret has changed, and so have the configuration files: both are "
                          "used once a reload is asked for");
    return same;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kPauseMax{10};

  const config::LoadRequest& request_;
  config::Witnesses used_, seen_;
  bool any_ = false;
  std::chrono::seconds pause_ = kLookPeriod;
  Clock::time_point due_ = Clock::now() + kLookPeriod, retry_at_{};
};

// Looks after the secrets meanwhile, a change of which is like a SIGHUP, and tells how it goes: the
// service manager, and in the log of rows that full queues drop.
int wait_for_signal(const sigset_t& signals, ServiceManager& manager, Secrets& secrets,
                    core::DropReport& drops, const core::Pipeline& pipeline) {
  int number = 0;
  while (number <= 0) {
    if (secrets.due() && secrets.ask_for_reload()) return SIGHUP;
    manager.tick(pipeline);
    for (const auto& line : drops.look(pipeline.route_totals(), core::DropReport::Clock::now())) {
      core::log(WEIR_LOG_WARN, line.consumer, line.text);
    }
    std::chrono::nanoseconds period = kLookPeriod;
    if (manager.listens()) period = std::min(period, manager.period());
    const timespec wait{period.count() / 1'000'000'000, period.count() % 1'000'000'000};
    number = sigtimedwait(&signals, nullptr, &wait);
  }
  return number;
}

bool asked_to_end() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

// While it lives, the control thread may be in a call of a plugin: the service manager hears from
// the agent all the same, and whoever asks it to end gets that.
class ReloadWatch {
 public:
  ReloadWatch(ServiceManager& manager, const core::Pipeline& pipeline)
      : patience_(pipeline.config().agent.shutdown_timeout + kReloadGrace),
        thread_([this, &manager, &pipeline] { watch(manager, pipeline); }) {}
  ~ReloadWatch() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    done_.notify_all();
    thread_.join();
  }
  ReloadWatch(const ReloadWatch&) = delete;
  ReloadWatch& operator=(const ReloadWatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void watch(ServiceManager& manager, const core::Pipeline& pipeline) {
    std::unique_lock lock(mutex_);
    Clock::time_point asked{}, due{};
    while (!done_.wait_for(lock, std::chrono::milliseconds(200), [this] { return over_; })) {
      const auto now = Clock::now();
      if (now >= due) {
        manager.tick(pipeline);
        due = now + manager.period();
      }
      if (!asked_to_end()) continue;
      if (asked == Clock::time_point{}) asked = now;
      if (now - asked < patience_) continue;
      core::log_error("a plugin does not return from a reload; the agent ends without it");
      _exit(kExitFailure);
    }
  }

  const std::chrono::nanoseconds patience_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  std::thread thread_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// What a reload has read, and what came of it.
struct Reloaded {
  config::Witnesses witnesses;
  core::ReloadOutcome outcome;
};

// Reads the files again and has the pipeline become what they say.
Reloaded become(const RunArgs& args, core::Pipeline& pipeline, http::Api& api) {
  Reloaded all;
  config::Problems problems;
  std::shared_ptr<const config::Config> next;
  {
    const config::Document document = config::read(args.request, problems);
    all.witnesses = document.witnesses();
    core::Loader loader(config::agent_options(document, problems).plugin_dirs);
    next = config::bind(document, loader, problems);
  }
  if (next == nullptr) {
    all.outcome = {core::ReloadResult::kInvalid, lines_of(problems.text()), {}};
    return all;
  }
  hide_secrets(*next);
  for (const config::Problem& warning : next->warnings) {
    core::log(WEIR_LOG_WARN, config::to_string(warning.place), warning.message);
  }
  all.outcome = pipeline.reload(next, [] { return !asked_to_end(); });
  if (all.outcome.result != core::ReloadResult::kRefused) {
    weir_level level{};
    core::LogFormat format{};
    if (choose_log(args, next->agent.log, level, format)) core::log_set_level(level);
    api.set_token(next->agent.http.token);
  }
  core::forget_code();
  return all;
}

Reloaded reload(const RunArgs& args, core::Pipeline& pipeline, http::Api& api,
                http::Reloads& reloads, ServiceManager& manager) {
  using Result = core::ReloadResult;
  reloads.begin();
  manager.reloading();
  core::log_info("reloading " + args.request.path);
  Reloaded all;
  {
    const ReloadWatch watch(manager, pipeline);
    all = become(args, pipeline, api);
  }
  const Result result = all.outcome.result;
  const bool nothing = !core::took(result);
  const weir_level level = nothing                     ? WEIR_LOG_ERROR
                           : result == Result::kPartly ? WEIR_LOG_WARN
                                                       : WEIR_LOG_INFO;
  for (const std::string& line : all.outcome.lines) core::log(level, "", line);
  if (nothing) core::log_error("not reloaded: nothing has changed");
  pipeline.count_reload(result);
  reloads.end(result, all.outcome.lines, core::wall_now_ns());
  manager.reloaded();
  return all;
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
  if (config != nullptr) {
    hide_secrets(*config);
    return config;  // the pipeline logs its warnings
  }
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

  Secrets secrets(args.request, *config);
  const config::HttpOptions http_options = config->agent.http;
  core::Pipeline pipeline(std::move(config));
  http::Reloads reloads([] { kill(getpid(), SIGHUP); });
  http::Api api(pipeline, http_options.token,
                std::filesystem::absolute(args.request.path).lexically_normal(), &reloads);
  http::Server server([&api](const http::Request& request) { return api.handle(request); });
  if (!open_http(server, http_options)) return kExitFailure;
  server.start();
  if (const int code = pipeline.start(); code != 0) return code;
  pipeline.schedule();
  const std::size_t count = pipeline.component_count();
  core::log_info("running: " + std::to_string(count) + (count == 1 ? " component" : " components"));
  core::forget_code();

  core::DropReport drops;
  for (;;) {
    const int signal_number = wait_for_signal(signals, manager, secrets, drops, pipeline);
    if (signal_number != SIGHUP) {
      core::log_info(signal_number == SIGTERM ? "SIGTERM: stopping" : "SIGINT: stopping");
      break;
    }
    const Reloaded reloaded = reload(args, pipeline, api, reloads, manager);
    secrets.know(pipeline.config(), reloaded.witnesses, core::took(reloaded.outcome.result));
  }
  let_interrupt_kill();
  manager.stopping(pipeline.config().agent.shutdown_timeout);
  const bool clean = pipeline.stop();
  core::log_info(clean ? "stopped" : "stopped without waiting for plugins that hang");
  if (!clean) _exit(kExitFailure);
  return 0;
}

}  // namespace weir::cli
