// Building, starting and stopping. Start goes against the stream, sinks first; stop goes with it.
#include "core/pipeline/pipeline.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "core/pipeline/wall_clock.hpp"
#include "core/pipeline/watchdog.hpp"
#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

// How long a plugin may take, after the timeout, to return from a call that it is in.
constexpr std::chrono::seconds kGrace{2};

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const config::Config> config, const HangLimits& limits)
    : config_(std::move(config)),
      limits_(limits),
      pools_(epochs_),
      registry_(epochs_, config_->agent.max_series),
      services_{pools_,
                registry_,
                config_->agent.hostname,
                config_->agent.data_dir,
                wall_now_ns(),
                [this](weir_telemetry_row row, void* context) { visit_telemetry(row, context); }},
      scheduler_(std::make_unique<Scheduler>()) {
  for (const config::Component& c : config_->components) {
    components_.push_back(std::make_shared<Component>(config_, c));
  }
  publish();
}

Pipeline::~Pipeline() {
  if (stopped_ || stop()) return;
  log_error("the agent ends without waiting for plugins that hang");
  _exit(1);
}

int Pipeline::start() {
  for (const config::Problem& warning : config_->warnings) {
    log(WEIR_LOG_WARN,
        warning.place.file + ':' + std::to_string(warning.place.line) + ':' +
            std::to_string(warning.place.column),
        warning.message);
  }
  for (auto& c : components_) {
    if (const int code = create(*c); code != 0) return code;
  }
  judge_required(components_);
  // Consumers before their producers, so that nothing is emitted to nobody.
  for (auto c = components_.rbegin(); c != components_.rend(); ++c) {
    if (const int code = start(**c); code != 0) return code;
  }
  for (auto& c : components_) {
    if (!c->collects()) continue;
    collectors_.push_back(c.get());
    schedule(c);
  }
  sort_routes();
  built_.store(true, std::memory_order_release);
  return 0;
}

std::shared_ptr<const Components> Pipeline::view() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

void Pipeline::publish() {
  // Who was left behind keeps nobody waiting any more.
  for (const auto& c : retired_) {
    if (c->is_processor()) write_watch_.remove(*c->host);
  }
  auto all = std::make_shared<const Components>(components_);
  const std::lock_guard lock(view_mutex_);
  view_.swap(all);
  digest_ = config_->digest;
}

std::string Pipeline::digest() const {
  const std::lock_guard lock(view_mutex_);
  return digest_;
}

void Pipeline::count_reload(ReloadResult result) {
  ++reloads_[static_cast<std::size_t>(result)];
  reload_was_good_ = result == ReloadResult::kDone;
}

std::vector<RouteTotals> Pipeline::route_totals() const {
  std::vector<RouteTotals> totals;
  if (!built_.load(std::memory_order_acquire)) return totals;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> known;
  const std::lock_guard lock(routes_mutex_);
  for (const auto& r : routes_) {
    const auto [at, is_new] = known.try_emplace({r->producer, r->consumer}, totals.size());
    if (is_new) totals.emplace_back(r->producer, r->consumer);
    totals[at->second].add(*r);
  }
  return totals;
}

void Pipeline::collect(Component& c, std::int64_t time) {
  CallError error;
  weir_status status;
  {
    Host::Staging staging(*c.host);
    status = contained_call(error, [&] { return c.type->collect(c.instance, time, &error); });
  }
  if (status != WEIR_OK) {
    c.collections.errors.fetch_add(1, std::memory_order_relaxed);
    c.host->trouble().set(error.text);
    log(WEIR_LOG_WARN, c.config.id, std::string("a collection failed: ") + error.text);
  } else if (c.collection_failing) {
    log(WEIR_LOG_INFO, c.config.id, "collects again");
  }
  c.collection_failing.store(status != WEIR_OK, std::memory_order_relaxed);
}

bool Pipeline::collect_once() {
  bool good = true;
  const std::int64_t time = wall_now_ns();
  for (auto& c : components_) {
    if (!c->is_source()) continue;
    if (!c->works()) {
      good = false;  // it was left out, and that was logged
    } else if (c->type->collect != nullptr) {
      collect(*c, time);
      good = good && !c->collection_failing;
    }
  }
  return good;
}

std::vector<Pipeline::Collector> Pipeline::collectors() const {
  std::vector<Collector> all;
  for (const Component* c : collectors_) all.push_back({c->config.id, c->interval()});
  return all;
}

bool Pipeline::collect(std::size_t collector, std::int64_t time) {
  Component& c = *collectors_[collector];
  collect(c, time);
  c.collections.collections.fetch_add(1, std::memory_order_relaxed);
  return !c.collection_failing;
}

bool Pipeline::settle(const std::function<bool()>& go_on) {
  const auto hurry = [this](bool on) {
    for (auto& c : components_) {
      if (c->worker) c->worker->hurry(on);
    }
  };
  // In the order of the stream: what was emitted is held further down before it is let go here.
  const auto empty = [this] {
    return std::all_of(routes_.begin(), routes_.end(),
                       [](const auto& r) { return r->rows_held.load() == 0; });
  };
  hurry(true);
  bool settled = empty();
  while (!settled && go_on()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    settled = empty();
  }
  hurry(false);
  return settled;
}

void Pipeline::give_up() {
  for (auto& c : components_) {
    if (c->queue) c->queue->give_up();
  }
}

void Pipeline::schedule() {
  scheduler_->start();
  phase_.store(Phase::kRunning, std::memory_order_release);
}

bool Pipeline::stop() {
  stopped_ = true;
  phase_.store(Phase::kStopping, std::memory_order_release);
  const auto timeout = config_->agent.shutdown_timeout;
  const auto begin = SteadyClock::now();
  const auto deadline = begin + timeout;
  bool clean = true;
  {
    // Sources, and producers that wait for room, get three quarters of the time: the rest is for
    // delivering what there is.
    const auto sources_deadline = begin + timeout * 3 / 4;
    const Watchdog watchdog(
        sources_deadline, [this] { give_up(); }, deadline + 3 * kGrace,
        [this] {
          report_routes();
          log_error("a plugin does not return from its stop; the agent ends without it");
          _exit(1);
        });
    for (auto& c : components_) {
      if (!c->host) continue;
      c->host->ends_by(deadline);
      if (c->is_source()) c->host->set_stopping();
    }
    for (const std::string& id : scheduler_->stop(sources_deadline + timeout / 8)) {
      log(WEIR_LOG_ERROR, id, "does not return from its collection; it is left behind");
      clean = false;
      for (auto& c : components_) c->hangs |= c->config.id == id;
    }
    // A source may wait for what becomes of its last rows.
    for (auto& c : components_) {
      if (c->worker) c->worker->hurry(true);
    }
    for (auto& c : components_) {
      if (c->is_source()) stop(*c);
    }
    // Processors are in the order of the stream: each is empty, and has emitted what it kept,
    // before the next must be.
    for (auto& c : components_) {
      if (!c->worker) continue;
      if (c->spool) {
        c->spool->end_input();
        continue;
      }
      c->worker->drain();
      if (c->config.kind == WEIR_PROCESSOR && c->worker->join_until(deadline)) stop(*c);
    }
    // No sink waits for the disk of another.
    for (auto& c : components_) {
      if (!c->spool || !c->worker) continue;
      if (!c->spool->join_input(deadline)) {
        log(WEIR_LOG_ERROR, c->config.id, "its disk does not answer; it is left behind");
        clean = false;
      }
      c->worker->drain();
    }
    for (auto& c : components_) {
      if (!c->worker) continue;
      if (!c->worker->join_until(deadline)) {
        c->host->set_stopping();
        c->worker->abandon();
      }
    }
    const auto grace = std::max(deadline, SteadyClock::now()) + kGrace;
    for (auto& c : components_) {
      if (!c->worker || c->worker->join_until(grace)) continue;
      log(WEIR_LOG_ERROR, c->config.id, "does not return from its call; it is left behind");
      c->hangs = true;
      clean = false;
      c->worker->detach();
      if (!c->spool) lose_held(*c);
    }
    for (auto& c : components_) {
      if (c->queue && !c->hangs) c->queue->drop_rest();
      if (!c->is_source()) stop(*c);
    }
    for (auto& c : components_) {
      // Who was left behind may still tell a source what became of its rows.
      if (c->instance == nullptr || c->hangs || (!clean && c->is_source())) continue;
      destroy(*c);
    }
    std::vector<RouteTotals> ended;
    clean = reap(ended) && clean;
    for (const auto& c : retired_) {
      if (c->hangs && c->queue && !c->spool) lose_held(*c);
    }
  }
  report_routes();
  return clean;
}

std::uint64_t Pipeline::dead_letters_not_kept() const {
  std::uint64_t rows = 0;
  for (const auto& c : components_) rows += c->letters ? c->letters->rows_not_kept.load() : 0;
  return rows;
}

std::string to_text(const RouteTotals& t) {
  std::string text = std::to_string(t.offered) + " rows in, ";
  if (t.recovered != 0) text += std::to_string(t.recovered) + " found on the disk, ";
  text += std::to_string(t.delivered) + " delivered";
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    dropped += t.dropped[i];
    if (t.dropped[i] == 0) continue;
    text += ", " + std::to_string(t.dropped[i]) + " dropped (" + kDropReasonNames[i] + ")";
  }
  if (dropped == 0) text += ", 0 dropped";
  return text + ", " + std::to_string(t.held()) + " held";
}

void Pipeline::report_routes() const {
  for (const RouteTotals& t : route_totals()) {
    log(WEIR_LOG_INFO, "route " + t.producer + " -> " + t.consumer, to_text(t));
  }
}

}  // namespace weir::core
