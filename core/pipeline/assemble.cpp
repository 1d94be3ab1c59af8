// Single components of the pipeline: their instances, queues, routes and workers.
#include <algorithm>
#include <string_view>
#include <utility>

#include "core/pipeline/pipeline.hpp"
#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

constexpr int kExitConfiguration = 78;

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

bool reads_from(const Component& consumer, const std::string& producer) {
  const auto& inputs = consumer.inputs;
  return std::find(inputs.begin(), inputs.end(), producer) != inputs.end();
}

}  // namespace

void Component::succeed(const Component& before) {
  host->succeed(*before.host);
  collections.collections.store(before.collections.collections);
  collections.errors.store(before.collections.errors);
  collections.missed.store(before.collections.missed);
  collections.overruns.store(before.collections.overruns);
  collections.busy_ns.store(before.collections.busy_ns);
}

int Pipeline::leave_out(Component& c, const std::string& why, bool configuration) {
  c.type = nullptr;
  c.left_out = why;
  const bool fatal = configuration || c.config.required();
  log(WEIR_LOG_ERROR, c.config.id, why + (fatal ? "" : "; the agent goes on without it"));
  return fatal ? (configuration ? kExitConfiguration : 1) : 0;
}

// Empty, or why there is none; `configuration`: an option is wrong.
std::string Pipeline::make_instance(Component& c, bool& configuration) {
  configuration = false;
  if (!c.works()) return c.config.refusal;
  StaticLabels labels = c.owner->agent.labels;
  for (const auto& [key, value] : c.config.source.labels) labels[key] = value;
  c.host = std::make_unique<Host>(services_, c.config.id, std::move(labels),
                                  c.is_source() ? c.interval().count() : 0);
  CallError error;
  const weir_status status = contained_call(
      error, [&] { return c.type->create(c.host->abi(), c.config.options, &c.instance, &error); });
  if (status == WEIR_OK) return "";
  c.instance = nullptr;  // an instance there is only with WEIR_OK
  configuration = status == WEIR_CONFIG;
  if (configuration && error.at != nullptr && error.at->line != 0) {
    return std::string(error.at->file) + ':' + std::to_string(error.at->line) + ':' +
           std::to_string(error.at->column) + ": " + error.text;
  }
  return std::string("cannot be created: ") + error.text;
}

int Pipeline::create(Component& c) {
  bool configuration = false;
  const std::string why = make_instance(c, configuration);
  return why.empty() ? 0 : leave_out(c, why, configuration);
}

// Connects it to its consumers, which have started, and starts it: from then on it may emit.
int Pipeline::start(Component& c) {
  if (!c.works()) return 0;
  if (!c.is_source()) {
    make_queue(c);
    if (const std::string why = make_spool(c); !why.empty()) {
      log(WEIR_LOG_ERROR, c.config.id, why);
      return 1;  // going on without it would lose what the disk is to keep
    }
  }
  c.host->output().set_routes(routes_from(c, components_));
  const std::string why = start_instance(c);
  // Its routes stay: what it emitted meanwhile is on them.
  return why.empty() ? 0 : leave_out(c, why, false);
}

// Empty, or why it does not start; then the instance is gone.
std::string Pipeline::start_instance(Component& c, const Component* before) {
  CallError error;
  const auto call = [&] { return c.type->start(c.instance, &error); };
  if (c.type->start != nullptr && contained_call(error, call) != WEIR_OK) {
    destroy(c);
    if (before == nullptr) c.spool.reset();
    return std::string("cannot start: ") + error.text;
  }
  if (!c.is_source()) start_worker(c, before);
  c.started = true;
  ++running_;
  return "";
}

// The queue in memory.
void Pipeline::make_queue(Component& c) const {
  const config::BufferOptions& buffer = c.config.consumer.buffer;
  const std::uint64_t memory = buffer.type == config::BufferType::kOverflow ? buffer.memory.count
                               : buffer.type == config::BufferType::kDisk
                                   ? std::min(buffer.max_size.count, kSpoolQueueBytes)
                                   : buffer.max_size.count;
  c.queue = std::make_shared<ConsumerQueue>(memory, to_core(buffer.when_full));
}

// What is held on routes into that queue, by producer.
std::map<std::string, std::int64_t> Pipeline::held_in(const ConsumerQueue& queue) const {
  std::map<std::string, std::int64_t> held;
  for (const auto& r : routes_) {
    if (&r->queue == &queue) held[r->producer] += r->rows_held;
  }
  return held;
}

// The disk behind it, where there is one. Empty, or why it cannot be had. `before`: who had it.
std::string Pipeline::make_spool(Component& c, Component* before) {
  const config::BufferOptions& buffer = c.config.consumer.buffer;
  if (buffer.type == config::BufferType::kMemory) return "";
  buffer::Options options;
  options.bytes_max = buffer.max_size.count;
  options.sync = to_buffer(buffer.sync);
  const bool overflow = buffer.type == config::BufferType::kOverflow;
  std::string error;
  c.spool = Spool::open(c.config.id, services_.data_dir + "/buffers/" + c.config.id,
                        overflow ? Spool::Use::kOverflow : Spool::Use::kAlways, options, *c.queue,
                        registry_, pools_, error);
  if (c.spool == nullptr) return "its disk buffer cannot be used: " + error;
  // What was found there goes on before anything is emitted: the routes have to be there, also of
  // producers that are gone and whose rows come from the queue or the disk of before.
  const Spool::HeldBefore held = before == nullptr ? Spool::HeldBefore{} : held_in(*before->queue);
  for (const std::string& input : c.inputs) route(input, c);
  for (const auto& [producer, rows] : held) {
    if (rows != 0 && producer != Spool::kEarlier) route(producer, c);
  }
  std::vector<Route*> routes;
  for (const auto& r : routes_) {
    if (&r->queue == c.queue.get()) routes.push_back(r.get());
  }
  std::unique_ptr<Route> rest =
      before == nullptr ? c.spool->adopt(routes) : c.spool->adopt(routes, held, before->adopted);
  if (rest != nullptr) {
    const std::lock_guard lock(routes_mutex_);
    routes_.push_back(std::move(rest));
  }
  return "";
}

// Whether rows that a component is given end in a required sink, over processors too.
void Pipeline::judge_required(const Components& all) {
  required_.clear();
  for (auto c = all.rbegin(); c != all.rend(); ++c) {
    const Component& consumer = **c;
    if (consumer.is_sink()) {
      required_[consumer.config.id] = consumer.config.required();
    } else if (!consumer.is_source()) {
      required_[consumer.config.id] = std::any_of(all.begin(), all.end(), [&](const auto& other) {
        return !other->is_source() && reads_from(*other, consumer.config.id) &&
               required_[other->config.id];
      });
    }
  }
}

Route& Pipeline::route(const std::string& producer, Component& consumer) {
  const bool required = required_[consumer.config.id];
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const auto& r) {
    return &r->queue == consumer.queue.get() && r->producer == producer &&
           r->to_required == required;
  });
  if (found != routes_.end()) {
    if (consumer.spool) consumer.spool->add_route(**found);  // it may not have been the last one
    return **found;
  }
  auto made = std::make_unique<Route>(producer, consumer.config.id, *consumer.queue, required);
  Route& r = *made;
  {
    const std::lock_guard lock(routes_mutex_);
    routes_.push_back(std::move(made));
  }
  if (consumer.spool) consumer.spool->add_route(r);
  return r;
}

// To those of its consumers that have a queue.
std::vector<Route*> Pipeline::routes_from(const Component& producer, const Components& all) {
  std::vector<Route*> routes;
  for (const auto& consumer : all) {
    if (consumer->queue == nullptr || !consumer->works()) continue;
    if (!reads_from(*consumer, producer.config.id)) continue;
    routes.push_back(&route(producer.config.id, *consumer));
  }
  return routes;
}

// In the order of the stream.
void Pipeline::sort_routes() {
  std::map<std::string, std::size_t> position;
  for (const auto& c : components_) position.try_emplace(c->config.id, position.size());
  const auto at = [&](const std::unique_ptr<Route>& r) {
    const auto found = position.find(r->producer);
    return found == position.end() ? position.size() : found->second;
  };
  const std::lock_guard lock(routes_mutex_);
  std::stable_sort(routes_.begin(), routes_.end(),
                   [&](const auto& a, const auto& b) { return at(a) < at(b); });
}

// `before`: whose place it takes.
void Pipeline::start_worker(Component& c, const Component* before) {
  if (!c.is_sink()) {
    c.worker = std::make_unique<ProcessorWorker>(*c.host, *c.queue, *c.type, c.instance,
                                                 limits_.call_late);
    write_watch_.add_processor(*c.host);
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
    write_watch_.add_sink(*c.host, sink.write_deadline);
  }
  const bool hands_on = before != nullptr && before->queue == c.queue;
  if (before != nullptr && before->worker) {
    if (hands_on) {
      c.worker->succeed(*before->worker, nullptr);
    } else if (before->in_memory()) {
      const Worker::Queues queues{*before->queue, *c.queue};
      c.worker->succeed(*before->worker, &queues);
      before->queue->close();  // what is in it goes in front of what came to the new one meanwhile
    }
  }
  if (before != nullptr && before->letters && c.letters) {
    c.letters->rows_kept.store(before->letters->rows_kept);
    c.letters->rows_not_kept.store(before->letters->rows_not_kept);
  }
  if (c.spool && !(hands_on && before->spool == c.spool)) c.spool->start();
  c.worker->start();
}

void Pipeline::schedule(const std::shared_ptr<Component>& c) {
  // By host and id, so that neither the sources of an agent nor the hosts of a fleet are one crowd.
  const auto span = static_cast<std::uint64_t>(c->config.source.jitter.count());
  const std::chrono::nanoseconds jitter(span == 0 ? 0 : c->host->source_hash() % span);
  scheduler_->add({c->config.id, c->interval(), jitter,
                   [this, c](std::int64_t time) { collect(*c, time); }, &c->collections,
                   c->config.source.speed});
}

void Pipeline::destroy(Component& c) {
  write_watch_.remove(*c.host);
  contained_call(c.config.id, [&] { c.type->destroy(std::exchange(c.instance, nullptr)); });
}

// Ends what `start` of the plugin began; once.
void Pipeline::stop(Component& c) {
  if (!std::exchange(c.started, false) || c.hangs || c.type->stop == nullptr) return;
  contained_call(c.config.id, [&] { c.type->stop(c.instance); });
}

// What a consumer that was left behind has in memory goes with the process.
void Pipeline::lose_held(const Component& consumer) {
  for (const auto& r : routes_) {
    if (&r->queue != consumer.queue.get()) continue;
    const std::int64_t held = r->rows_held.exchange(0, std::memory_order_relaxed);
    if (held > 0) r->dropped(DropReason::kShutdown, static_cast<std::uint64_t>(held));
  }
}

// Of a queue that nobody uses any more. What they counted goes on where the same two components
// have another route, and is told otherwise.
void Pipeline::end_routes(const ConsumerQueue& queue, std::vector<RouteTotals>& ended) {
  const std::lock_guard lock(routes_mutex_);
  const auto is_of = [&](const std::unique_ptr<Route>& r) { return &r->queue == &queue; };
  for (const auto& r : routes_) {
    if (!is_of(r)) continue;
    const auto heir = std::find_if(routes_.begin(), routes_.end(), [&](const auto& other) {
      return !is_of(other) && other->producer == r->producer && other->consumer == r->consumer;
    });
    if (heir != routes_.end()) {
      (*heir)->inherit(*r);
      continue;
    }
    const auto known = std::find_if(ended.begin(), ended.end(), [&](const RouteTotals& t) {
      return t.producer == r->producer && t.consumer == r->consumer;
    });
    RouteTotals& totals =
        known != ended.end() ? *known : ended.emplace_back(r->producer, r->consumer);
    totals.add(*r);
  }
  std::erase_if(routes_, is_of);
}

// Whether nobody emits to routes of before a reload any more.
bool Pipeline::has_let_go() const {
  const auto of = [](const Components& all) {
    return std::all_of(all.begin(), all.end(), [](const auto& c) {
      return c->host == nullptr || c->host->output().has_let_go();
    });
  };
  return of(components_) && of(retired_);
}

// Of routes that nobody emits to any more, and that hold nothing together with the others from the
// same producer; and that were so at the reload before: nobody is about to look at one.
void Pipeline::prune_routes(std::vector<RouteTotals>& ended) {
  if (!has_let_go()) return;
  // Whose rows are still to be settled looks idle, perhaps, and is not.
  const auto is_settled = [](const auto& c) { return c->adopted.empty(); };
  if (!std::all_of(retired_.begin(), retired_.end(), is_settled)) return;
  using Key = std::pair<const ConsumerQueue*, std::string_view>;
  std::map<Key, std::int64_t> held;
  for (const auto& r : routes_) held[{&r->queue, r->producer}] += r->rows_held;
  const auto is_idle = [&](const Route& r, const Component& consumer) {
    return !reads_from(consumer, r.producer) && held[{&r.queue, r.producer}] == 0;
  };
  const std::lock_guard lock(routes_mutex_);
  std::vector<std::unique_ptr<Route>> gone;  // whose names `held` refers to
  for (auto& r : routes_) {
    const auto consumer = std::find_if(components_.begin(), components_.end(),
                                       [&](const auto& c) { return c->queue.get() == &r->queue; });
    if (consumer == components_.end() || !is_idle(*r, **consumer)) {
      r->was_idle = false;
    } else if (std::exchange(r->was_idle, true)) {
      if ((*consumer)->spool) (*consumer)->spool->remove_route(*r);
      ended.emplace_back(r->producer, r->consumer).add(*r);
      gone.push_back(std::move(r));
    }
  }
  std::erase(routes_, nullptr);
}

// Lets go of what nothing refers to any more. False when something is left.
bool Pipeline::reap(std::vector<RouteTotals>& ended) {
  const bool let_go = has_let_go();  // for all of them, or for none: who is settled first matters
  std::erase_if(retired_, [&](const std::shared_ptr<Component>& c) {
    if (c->is_source()) {
      // It may be in a collection that did not return in time, or have tokens to be settled.
      if (c->collections.began_ns.load(std::memory_order_acquire) != 0) return false;
      c->hangs = false;
      stop(*c);
      if (!c->host->is_settled()) return false;
      destroy(*c);
      return true;
    }
    if (c->hangs && c->worker && c->worker->join_until(SteadyClock::now())) {
      c->hangs = false;
      stop(*c);
      destroy(*c);
      if (c->spool) c->spool->close();
    }
    if (c->hangs || !let_go) return false;
    const std::map<std::string, std::int64_t> held = held_in(*c->queue);
    for (const Spool::Adopted& a : c->adopted) {
      const auto found = held.find(a.route->producer);
      a.settle(found == held.end() ? 0 : found->second);
    }
    end_routes(*c->queue, ended);
    return true;
  });
  return retired_.empty();
}

}  // namespace weir::core
