// Building, starting and stopping. Start goes against the stream, sinks first; stop goes with it.
#include "core/pipeline/pipeline.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/pipeline/wall_clock.hpp"
#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

constexpr int kExitConfiguration = 78;
// How long a plugin may take, after the timeout, to return from a call that it is in.
constexpr std::chrono::seconds kGrace{2};

// In front of a disk: enough for a burst until the next append.
constexpr std::uint64_t kSpoolQueueBytes = 16u << 20;

buffer::SyncPolicy to_buffer(config::Sync s) {
  return s == config::Sync::kAlways  ? buffer::SyncPolicy::kAlways
         : s == config::Sync::kNever ? buffer::SyncPolicy::kNever
                                     : buffer::SyncPolicy::kInterval;
}

WhenFull to_core(config::WhenFull w) {
  return w == config::WhenFull::kBlock        ? WhenFull::kBlock
         : w == config::WhenFull::kDropOldest ? WhenFull::kDropOldest
                                              : WhenFull::kDropNewest;
}

// While it lives: at `soft`, nobody waits for room any more; at `hard`, the process ends even
// though a plugin does not return to the control thread.
class StopWatchdog {
 public:
  StopWatchdog(SteadyClock::time_point soft, SteadyClock::time_point hard,
               const std::function<void()>& give_up, const std::function<void()>& report)
      : thread_([=, this] {
          std::unique_lock lock(mutex_);
          if (done_.wait_until(lock, soft, [this] { return finished_; })) return;
          give_up();
          if (done_.wait_until(lock, hard, [this] { return finished_; })) return;
          report();
          log_error("a plugin does not return from its stop; the agent ends without it");
          _exit(1);
        }) {}
  ~StopWatchdog() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    done_.notify_all();
    thread_.join();
  }
  StopWatchdog(const StopWatchdog&) = delete;
  StopWatchdog& operator=(const StopWatchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace

Pipeline::Pipeline(std::unique_ptr<config::Config> config)
    : config_(std::move(config)),
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
    components_.push_back(std::make_unique<Component>(c));
  }
}

Pipeline::~Pipeline() {
  if (stopped_ || stop()) return;
  log_error("the agent ends without waiting for plugins that hang");
  _exit(1);
}

int Pipeline::leave_out(Component& c, const std::string& why, bool configuration) {
  c.type = nullptr;
  c.left_out = why;
  const bool fatal = configuration || c.config.required();
  log(WEIR_LOG_ERROR, c.config.id, why + (fatal ? "" : "; the agent goes on without it"));
  return fatal ? (configuration ? kExitConfiguration : 1) : 0;
}

std::chrono::nanoseconds Pipeline::interval(const Component& source) const {
  return source.config.source.interval_or(config_->agent);
}

int Pipeline::create(Component& c) {
  if (!c.works()) return leave_out(c, c.config.refusal, false);
  StaticLabels labels = config_->agent.labels;
  for (const auto& [key, value] : c.config.source.labels) labels[key] = value;
  c.host = std::make_unique<Host>(services_, c.config.id, std::move(labels),
                                  c.is_source() ? interval(c).count() : 0);
  CallError error;
  const weir_status status = contained_call(
      error, [&] { return c.type->create(c.host->abi(), c.config.options, &c.instance, &error); });
  if (status == WEIR_OK) return 0;
  c.instance = nullptr;  // an instance there is only with WEIR_OK
  std::string why = std::string("cannot be created: ") + error.text;
  if (status == WEIR_CONFIG && error.at != nullptr && error.at->line != 0) {
    why = std::string(error.at->file) + ':' + std::to_string(error.at->line) + ':' +
          std::to_string(error.at->column) + ": " + error.text;
  }
  return leave_out(c, why, status == WEIR_CONFIG);
}

// Connects it to its consumers, which have started, and starts it: from then on it may emit.
int Pipeline::start(Component& c) {
  if (!c.works()) return 0;
  if (!c.is_source()) {
    if (const std::string why = make_queue(c); !why.empty()) {
      log(WEIR_LOG_ERROR, c.config.id, why);
      return 1;  // going on without it would lose what the disk is to keep
    }
  }
  for (auto& consumer : components_) {
    const auto& inputs = consumer->config.inputs;
    if (!consumer->started ||
        std::find(inputs.begin(), inputs.end(), c.config.id) == inputs.end()) {
      continue;
    }
    Route& r = route(c.config.id, *consumer);
    r.to_required = consumer->config.kind == WEIR_SINK
                        ? consumer->config.required()
                        : consumer->host->output().reaches_required();
    c.host->output().connect(r);
  }
  CallError error;
  const auto call = [&] { return c.type->start(c.instance, &error); };
  if (c.type->start != nullptr && contained_call(error, call) != WEIR_OK) {
    destroy(c);
    c.spool.reset();
    // Its routes stay: what it emitted meanwhile is on them.
    return leave_out(c, std::string("cannot start: ") + error.text, false);
  }
  if (!c.is_source()) start_worker(c);
  c.started = true;
  ++running_;
  return 0;
}

// The queue in memory, and the disk behind it. Empty, or why it cannot be had.
std::string Pipeline::make_queue(Component& c) {
  const config::BufferOptions& buffer = c.config.consumer.buffer;
  const bool overflow = buffer.type == config::BufferType::kOverflow;
  const std::uint64_t memory = overflow ? buffer.memory.count
                               : buffer.type == config::BufferType::kDisk
                                   ? std::min(buffer.max_size.count, kSpoolQueueBytes)
                                   : buffer.max_size.count;
  c.queue = std::make_unique<ConsumerQueue>(memory, to_core(buffer.when_full));
  if (buffer.type == config::BufferType::kMemory) return "";
  buffer::Options options;
  options.bytes_max = buffer.max_size.count;
  options.sync = to_buffer(buffer.sync);
  std::string error;
  c.spool = Spool::open(c.config.id, services_.data_dir + "/buffers/" + c.config.id,
                        overflow ? Spool::Use::kOverflow : Spool::Use::kAlways, options, *c.queue,
                        registry_, pools_, error);
  if (c.spool == nullptr) return "its disk buffer cannot be used: " + error;
  // What was found there goes on before anything is emitted: the routes have to be there.
  std::vector<Route*> routes;
  for (const std::string& input : c.config.inputs) routes.push_back(&route(input, c));
  if (auto rest = c.spool->adopt(routes)) routes_.push_back(std::move(rest));
  return "";
}

Route& Pipeline::route(const std::string& producer, Component& consumer) {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const auto& r) {
    return r->producer == producer && r->consumer == consumer.config.id;
  });
  if (found != routes_.end()) return **found;
  routes_.push_back(std::make_unique<Route>(producer, consumer.config.id, *consumer.queue));
  return *routes_.back();
}

void Pipeline::start_worker(Component& c) {
  if (c.config.kind == WEIR_PROCESSOR) {
    c.worker = std::make_unique<ProcessorWorker>(*c.host, *c.queue, *c.type, c.instance);
  } else {
    const config::SinkOptions& sink = c.config.sink;
    Inbox& inbox = c.spool ? static_cast<Inbox&>(*c.spool) : *c.queue;
    if (sink.dead_letters.count != 0) {
      c.letters = std::make_unique<deadletter::Writer>(
          deadletter::file_path(services_.data_dir, c.config.id), sink.dead_letters.count);
    }
    c.worker = std::make_unique<SinkWorker>(
        *c.host, inbox, *c.type, c.instance,
        WritePolicy{{sink.batch.max_rows, sink.batch.max_bytes.count, sink.batch.max_delay},
                    {sink.retry.initial, sink.retry.max, sink.retry.breaker},
                    sink.write_deadline},
        c.letters.get());
    write_watch_.add(*c.host, sink.write_deadline);
  }
  if (c.spool) c.spool->start();
  c.worker->start();
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
  // Consumers before their producers, so that nothing is emitted to nobody.
  for (auto c = components_.rbegin(); c != components_.rend(); ++c) {
    if (const int code = start(**c); code != 0) return code;
  }
  for (auto& c : components_) {
    if (!c->is_source() || !c->works() || c->type->collect == nullptr) continue;
    collectors_.push_back(c.get());
    scheduler_->add({c->config.id, interval(*c), c->config.source.jitter,
                     [this, &component = *c](std::int64_t time) { collect(component, time); },
                     &c->collections, c->config.source.speed});
  }
  // Told in the order of the stream.
  const auto position = [this](const std::unique_ptr<Route>& r) {
    return std::find_if(components_.begin(), components_.end(),
                        [&](const auto& c) { return c->config.id == r->producer; });
  };
  std::stable_sort(routes_.begin(), routes_.end(),
                   [&](const auto& a, const auto& b) { return position(a) < position(b); });
  write_watch_.start();
  built_.store(true, std::memory_order_release);
  return 0;
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
  for (const Component* c : collectors_) all.push_back({c->config.id, interval(*c)});
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

void Pipeline::destroy(Component& c) {
  contained_call(c.config.id, [&] { c.type->destroy(std::exchange(c.instance, nullptr)); });
}

// Ends what `start` of the plugin began; once.
void Pipeline::stop(Component& c) {
  if (!std::exchange(c.started, false) || c.hangs || c.type->stop == nullptr) return;
  contained_call(c.config.id, [&] { c.type->stop(c.instance); });
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
    StopWatchdog watchdog(
        sources_deadline, deadline + 3 * kGrace, [this] { give_up(); },
        [this] { report_routes(); });
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
      if (!c->spool) lose_held(c->config.id);
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
  }
  report_routes();
  return clean;
}

// What a consumer that was left behind has in memory goes with the process.
void Pipeline::lose_held(const std::string& consumer) {
  for (const auto& r : routes_) {
    if (r->consumer != consumer) continue;
    const std::int64_t held = r->rows_held.exchange(0, std::memory_order_relaxed);
    if (held > 0) r->dropped(DropReason::kShutdown, static_cast<std::uint64_t>(held));
  }
}

std::uint64_t Pipeline::dead_letters_not_kept() const {
  std::uint64_t rows = 0;
  for (const auto& c : components_) rows += c->letters ? c->letters->rows_not_kept.load() : 0;
  return rows;
}

void Pipeline::report_routes() const {
  for (const auto& r : routes_) {
    std::string text = std::to_string(r->rows_offered) + " rows in, ";
    if (r->rows_recovered != 0) {
      text += std::to_string(r->rows_recovered) + " found on the disk, ";
    }
    text += std::to_string(r->rows_delivered) + " delivered";
    std::uint64_t dropped = 0;
    for (std::size_t i = 0; i < kDropReasons; ++i) {
      dropped += r->rows_dropped[i];
      if (r->rows_dropped[i] == 0) continue;
      text += ", " + std::to_string(r->rows_dropped[i]) + " dropped (" + kDropReasonNames[i] + ")";
    }
    if (dropped == 0) text += ", 0 dropped";
    text += ", " + std::to_string(r->rows_held) + " held";
    log(WEIR_LOG_INFO, "route " + r->producer + " -> " + r->consumer, text);
  }
}

}  // namespace weir::core
