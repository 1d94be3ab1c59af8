// From one configuration to another while rows flow.
//
// What a consumer holds belongs to its id: its queue, and the disk behind that, pass from one
// instance to the next, so that a producer does not notice that there is another one. Only where
// the options of its buffer change does it get a new queue, once the old one is empty.
//
// First everything that can be refused is: instances are made beside the old ones. Then, in the
// order of the stream, what ends and what is replaced comes to rest; then what is new starts,
// sinks first.
#include <algorithm>
#include <thread>
#include <utility>

#include "core/config/catalog.hpp"
#include "core/config/compare.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/pipeline/watchdog.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

using Clock = SteadyClock;
using Result = ReloadOutcome::Result;

// For a call of a plugin that is under way when the time is over.
constexpr std::chrono::seconds kGrace{2};
constexpr std::chrono::milliseconds kPoll{2};
// For those who are about to emit.
constexpr std::chrono::seconds kPatience{2};

std::string name_of(const config::Component& c) {
  return std::string(config::kind_name(c.kind)) + " '" + c.id + "'";
}

}  // namespace

class Reload {
 public:
  Reload(Pipeline& pipeline, std::shared_ptr<const config::Config> next,
         const std::function<bool()>& go_on)
      : p_(pipeline),
        next_(std::move(next)),
        go_on_(go_on),
        soft_(Clock::now() + next_->agent.shutdown_timeout * 3 / 4),
        deadline_(Clock::now() + next_->agent.shutdown_timeout) {}

  ReloadOutcome run() {
    if (!may_change_agent()) return std::move(outcome_);
    p_.reap(outcome_.ended);
    plan();
    if (!create()) return std::move(outcome_);
    end_sources();
    redirect();
    end_processors();
    end_sinks();
    start();
    connect();
    for (const Change& c : changes_) {
      if (c.kind != Kind::kKeep && c.after->started && c.after->collects()) p_.schedule(c.after);
    }
    tell();
    return std::move(outcome_);
  }

 private:
  enum class Kind {
    kKeep,
    kReplace,  // another instance at the same queue
    kRenew,    // and another queue, which gets what is in the old one
    kRebuild,  // and another queue with a disk, before or after; the old one is emptied first
    kAdd,
  };
  struct Change {
    Kind kind;
    std::shared_ptr<Component> before, after;  // the same one of kKeep; before: none of kAdd
    const config::Component& wanted;
  };

  void refuse(const std::string& why) {
    outcome_.result = Result::kRefused;
    outcome_.lines.push_back(why);
  }
  void partly(const config::Component& c, const std::string& why) {
    outcome_.result = Result::kPartly;
    outcome_.lines.push_back(name_of(c) + ": " + why);
  }

  // What is used all over the agent from its start on.
  bool may_change_agent() {
    const config::AgentOptions& now = p_.config_->agent;
    const config::AgentOptions& then = next_->agent;
    const auto fixed = [&](const char* key, bool same) {
      if (!same) refuse(std::string("agent.") + key + " changes only when the agent is restarted");
    };
    fixed("hostname", now.hostname == then.hostname);
    fixed("data_dir", now.data_dir == then.data_dir);
    fixed("max_series", now.max_series == then.max_series);
    fixed("http.listen", now.http.listen == then.http.listen);
    fixed("http.socket", now.http.socket == then.http.socket);
    fixed("log.format", now.log.format == then.log.format);
    return outcome_.result != Result::kRefused;
  }

  void plan() {
    ending_ = p_.components_;
    std::erase_if(ending_, [](const auto& c) { return !c->works(); });
    for (const config::Component& c : next_->components) {
      const auto found = std::find_if(ending_.begin(), ending_.end(), [&](const auto& old) {
        return old->config.kind == c.kind && old->config.id == c.id;
      });
      std::shared_ptr<Component> before;
      if (found != ending_.end()) {
        before = *found;
        if (config::same(before->config, before->owner->agent, c, next_->agent)) {
          changes_.push_back({Kind::kKeep, before, before, c});
          ending_.erase(found);
          continue;
        }
        ending_.erase(found);
      }
      auto after = std::make_shared<Component>(next_, c);
      Kind kind = Kind::kAdd;
      if (before &&
          (c.kind == WEIR_SOURCE || before->config.consumer.buffer == c.consumer.buffer)) {
        kind = Kind::kReplace;
      } else if (before) {
        kind = before->in_memory() && after->in_memory() ? Kind::kRenew : Kind::kRebuild;
      }
      changes_.push_back({kind, before, std::move(after), c});
    }
  }

  // Everything that is new, beside what there is. False: nothing has changed.
  bool create() {
    for (Change& c : changes_) {
      if (c.kind == Kind::kKeep) continue;
      bool configuration = false;
      const std::string why = p_.make_instance(*c.after, configuration);
      if (why.empty()) continue;
      if (configuration || c.before || c.wanted.required()) {
        refuse(name_of(c.wanted) + ": " + why);
      } else {
        p_.leave_out(*c.after, why, false);
        outcome_.result = std::max(outcome_.result, Result::kPartly);
        outcome_.lines.push_back(name_of(c.wanted) + ": " + why);
      }
    }
    if (outcome_.result != Result::kRefused) return true;
    for (Change& c : changes_) {
      if (c.kind != Kind::kKeep && c.after->instance != nullptr) p_.destroy(*c.after);
    }
    return false;
  }

  bool has_time(Clock::time_point until) const { return Clock::now() < until && go_on_(); }

  template <class Done>
  bool wait(Clock::time_point until, Done done) const {
    while (!done()) {
      if (!has_time(until)) return false;
      std::this_thread::sleep_for(kPoll);
    }
    return true;
  }
  bool join(Component& c, Clock::time_point until) const {
    return wait(until, [&] { return c.worker->join_until(Clock::now() + kPoll); });
  }

  // ---- what ends

  void end_sources() {
    for (Change& c : changes_) {
      if (c.kind != Kind::kReplace || !c.before->is_source()) continue;
      if (!p_.scheduler_->remove(c.wanted.id, [&] { return has_time(deadline_); })) {
        keep(c, "is in a collection that does not return; it goes on as before");
        continue;
      }
      end_source(c.before);
    }
    for (const auto& c : ending_) {
      if (!c->is_source()) continue;
      if (!p_.scheduler_->remove(c->config.id, [&] { return has_time(deadline_); })) {
        partly(c->config, "does not return from its collection; it is left behind");
        p_.scheduler_->forget(c->config.id);
        c->host->output().set_routes({});
        c->hangs = true;
      }
      end_source(c);
    }
  }

  void end_source(const std::shared_ptr<Component>& c) {
    c->host->set_stopping();
    if (!c->hangs) {
      const auto give_up = [&] {
        c->host->output().give_up();
        for (const Route* r : c->host->output().routes()) r->queue.wake_producers();
      };
      const Watchdog watchdog(soft_, give_up, deadline_ + kGrace, [&] {
        log(WEIR_LOG_ERROR, c->config.id, "does not return from its stop; the reload waits for it");
      });
      p_.stop(*c);
    }
    --p_.running_;
    // Rows of it may be on their way to where it is told what became of them.
    if (!c->hangs && c->host->is_settled()) return p_.destroy(*c);
    p_.retired_.push_back(c);
  }

  // Goes on as before, since it cannot be stopped now.
  void keep(Change& c, const std::string& why) {
    partly(c.wanted, why);
    p_.destroy(*c.after);
    c.after = c.before;
    c.after->inputs = c.wanted.inputs;
    c.kind = Kind::kKeep;
  }

  // Who stays emits from now on to who stays, and to the queues of who is to come.
  void redirect() {
    for (Change& c : changes_) {
      c.after->inputs = c.wanted.inputs;
      if (c.after->is_source() || !c.after->works()) continue;
      if (c.kind == Kind::kReplace) {
        c.after->queue = c.before->queue;
        c.after->spool = c.before->spool;
      } else if (c.kind == Kind::kRenew || c.kind == Kind::kRebuild) {
        p_.make_queue(*c.after);
      }
    }
    connect();
    for (Change& c : changes_) {
      if (c.kind == Kind::kRenew || c.kind == Kind::kRebuild) {
        let_succeed(*c.before->queue, *c.after);
      }
    }
    let_go();
    for (Change& c : changes_) {
      if (leaves(c.kind) && c.before->worker) c.before->worker->leave();
    }
  }

  // Who emits by an old list comes to the new queue, too.
  void let_succeed(const ConsumerQueue& queue, Component& consumer) {
    std::vector<Route*> old;
    for (const auto& r : p_.routes_) {
      if (&r->queue == &queue && r->producer != Spool::kEarlier) old.push_back(r.get());
    }
    for (Route* r : old) r->successor = &p_.route(r->producer, consumer);
  }

  // Waits for those who still emit to queues that are removed: what comes too late is dropped. Not
  // for long, as what they wait for may be a consumer that is to start only then; longer for those
  // who wait for room in such a queue, and in the end these wait in vain.
  void let_go() {
    const auto is_let_go = [&] {
      return std::all_of(changes_.begin(), changes_.end(), [](const Change& c) {
        return c.kind != Kind::kKeep || c.before->host->output().has_let_go();
      });
    };
    bool any = false;
    each_removed([&](const Component&) { any = true; });
    if (!any) return;
    const auto patience = Clock::now() + kPatience;
    wait(soft_, [&] {
      bool waiting = false;
      each_removed([&](const Component& c) { waiting = waiting || c.queue->has_waiting(); });
      return is_let_go() || (!waiting && Clock::now() >= patience);
    });
    each_removed([](const Component& c) { c.queue->give_up(); });
  }

  static bool leaves(Kind kind) { return kind == Kind::kReplace || kind == Kind::kRenew; }

  void connect() {
    Components all;
    for (const Change& c : changes_) all.push_back(c.after);
    p_.judge_required(all);
    for (const Change& c : changes_) {
      if (!c.after->works() || c.after->is_sink() || c.after->host == nullptr) continue;
      std::vector<Route*> routes = p_.routes_from(*c.after, all);
      Output& output = c.after->host->output();
      std::vector<Route*> now = output.routes();
      std::sort(now.begin(), now.end());
      std::vector<Route*> then = routes;
      std::sort(then.begin(), then.end());
      if (now != then) output.set_routes(routes);
    }
  }

  template <class Visit>
  void each_removed(Visit visit) {
    for (const auto& c : ending_) {
      if (c->queue && c->worker) visit(*c);
    }
  }
  // Consumers that are to be empty.
  template <class Visit>
  void each_ending(Visit visit) {
    each_removed(visit);
    for (Change& c : changes_) {
      if (c.kind == Kind::kRebuild && c.before->worker) visit(*c.before);
    }
  }

  // Each is empty, and has emitted what it kept, before the next must be.
  void end_processors() {
    for (const auto& old : p_.components_) {
      if (old->config.kind != WEIR_PROCESSOR || !old->works()) continue;
      Change* c = change_of(*old);
      if (c != nullptr && c->kind == Kind::kKeep) continue;
      if (c != nullptr && leaves(c->kind)) {
        if (has_left(*c)) end_instance(*old);
        continue;
      }
      old->worker->drain();
      end_consumer(old);
    }
  }

  void end_sinks() {
    each_ending([](Component& c) {
      if (c.spool) c.spool->end_input();
    });
    each_ending([&](Component& c) {
      if (!c.is_sink()) return;
      if (c.spool && !c.spool->join_input(deadline_)) {
        partly(c.config, "its disk does not answer; it is left behind");
        c.hangs = true;
      }
      c.worker->drain();
    });
    each_ending([&](Component& c) {
      if (c.is_sink()) join(c, deadline_);
    });
    for (const auto& old : p_.components_) {
      if (!old->is_sink() || !old->works()) continue;
      Change* c = change_of(*old);
      if (c != nullptr && c->kind == Kind::kKeep) continue;
      if (c != nullptr && leaves(c->kind)) {
        if (has_left(*c)) end_instance(*old);
        continue;
      }
      end_consumer(old);
    }
  }

  Change* change_of(const Component& old) {
    const auto found = std::find_if(changes_.begin(), changes_.end(),
                                    [&](const Change& c) { return c.before.get() == &old; });
    return found == changes_.end() ? nullptr : &*found;
  }

  // Whether the worker that was asked to has left. Who is in a call that does not return stays.
  bool has_left(Change& c) {
    if (join(*c.before, deadline_ + kGrace) || !c.before->worker->stay()) {
      c.before->worker->join_until(Clock::time_point::max());
      return true;
    }
    const std::shared_ptr<Component> unused = c.after;
    const bool renewed = c.kind == Kind::kRenew;
    keep(c, "is in a call that does not return; it goes on as before");
    if (!renewed) return false;
    // So does its queue, with what has come to the new one.
    for (const auto& r : p_.routes_) {
      if (&r->queue == c.before->queue.get()) r->successor = nullptr;
    }
    let_succeed(*unused->queue, *c.before);
    connect();
    unused->queue->close();
    p_.retired_.push_back(unused);
    return false;
  }

  // It was told to drain, and has a queue that nobody uses any more.
  void end_consumer(const std::shared_ptr<Component>& c) {
    if (!c->hangs && !join(*c, deadline_)) {
      c->host->set_stopping();
      c->worker->abandon();
      if (!join(*c, std::max(deadline_, Clock::now()) + kGrace)) {
        partly(c->config, "does not return from its call; it is left behind");
        c->hangs = true;
        c->worker->detach();
        if (!c->spool) p_.lose_held(*c);
      }
    }
    c->queue->close();
    p_.retired_.push_back(c);
    if (c->hangs) {
      --p_.running_;
      return;
    }
    end_instance(*c);
    if (!c->spool) return;
    const std::uint64_t rows = c->spool->counts().rows_held;
    const Change* change = change_of(*c);
    if (rows != 0 && (change == nullptr || change->after->in_memory())) {
      outcome_.lines.push_back(name_of(c->config) + ": " + std::to_string(rows) +
                               " rows stay on its disk");
    }
    c->spool->close();
  }

  void end_instance(Component& c) {
    if (c.is_sink()) p_.write_watch_.remove(*c.host);
    const bool counted = c.started;
    p_.stop(c);
    if (counted) --p_.running_;
    p_.destroy(c);
  }

  // ---- what begins

  void start() {
    for (auto c = changes_.rbegin(); c != changes_.rend(); ++c) {
      if (c->kind == Kind::kKeep || !c->after->works()) continue;
      std::string why = begin(*c, c->after);
      if (why.empty()) {
        end_old_queue(*c);
        continue;
      }
      if (c->before == nullptr || !go_back(*c)) {
        if (c->after->queue) lose_queue(*c);
        p_.leave_out(*c->after, why, false);
        outcome_.result = Result::kPartly;
        outcome_.lines.push_back(name_of(c->wanted) + ": " + why);
      } else {
        partly(c->wanted, why + "; it goes on as before");
      }
      end_old_queue(*c);
    }
    publish();
  }

  // What was in it is with the new worker.
  void end_old_queue(const Change& c) {
    if (c.kind != Kind::kRenew) return;
    c.before->queue->close();
    p_.retired_.push_back(c.before);
  }

  std::string begin(Change& c, const std::shared_ptr<Component>& component) {
    if (!component->is_source()) {
      if (component->queue == nullptr) p_.make_queue(*component);
      if (c.kind == Kind::kRebuild || c.kind == Kind::kAdd) {
        if (std::string why = open_spool(c, *component); !why.empty()) {
          p_.destroy(*component);
          return why;
        }
      }
    }
    if (c.before) component->succeed(*c.before);
    Components all;
    for (const Change& other : changes_) all.push_back(other.after);
    component->host->output().set_routes(p_.routes_from(*component, all));
    return p_.start_instance(*component, c.before.get());
  }

  std::string open_spool(Change& c, Component& component) {
    if (component.spool || component.config.consumer.buffer.type == config::BufferType::kMemory) {
      return "";
    }
    if (c.before == nullptr || !c.before->spool) return p_.make_spool(component);
    Spool::HeldBefore held;
    for (const auto& r : p_.routes_) {
      if (&r->queue == c.before->queue.get()) held[r->producer] += r->rows_held;
    }
    return p_.make_spool(component, &held);
  }

  // An instance as there was before, in the place of one that does not start.
  bool go_back(Change& c) {
    auto again = std::make_shared<Component>(c.before->owner, c.before->config);
    again->inputs = c.wanted.inputs;
    again->queue = c.after->queue;
    again->spool = c.after->spool;
    bool configuration = false;
    if (!p_.make_instance(*again, configuration).empty() || !begin(c, again).empty()) return false;
    c.after = again;
    return true;
  }

  // Of one that cannot be had: what is in memory goes, what is on its disk stays there.
  void lose_queue(Change& c) {
    Component& component = *c.after;
    component.type = nullptr;  // no routes lead there any more
    connect();
    if (component.spool) {
      component.spool->end_input();
      component.spool->join_input(deadline_ + kGrace);
      component.spool->close();
    }
    if (c.before && c.before->worker && leaves(c.kind)) {
      c.before->worker->leave_rest();
      c.before->queue->close();  // into the next one, where it is another one
    }
    component.queue->close();
    p_.retired_.push_back(c.after);
  }

  void publish() {
    p_.components_.clear();
    for (const Change& c : changes_) p_.components_.push_back(c.after);
    p_.config_ = next_;
    p_.sort_routes();
    p_.publish();
  }

  // ---- what came of it

  void tell() {
    std::size_t kept = 0;
    const auto line = [&](const config::Component& c, const char* what) {
      outcome_.lines.push_back(name_of(c) + ' ' + what);
    };
    for (const Change& c : changes_) {
      if (c.kind == Kind::kKeep) ++kept;
      if (c.kind == Kind::kAdd && c.after->started) line(c.wanted, "added");
      const bool changed = c.kind != Kind::kKeep && c.kind != Kind::kAdd;
      if (changed && &c.after->config == &c.wanted) line(c.wanted, "changed");
    }
    for (const auto& c : ending_) line(c->config, "removed");
    outcome_.lines.push_back(std::to_string(kept) + " as before");
    ending_.clear();
    changes_.clear();
    p_.reap(outcome_.ended);
    p_.prune_routes(outcome_.ended);
    for (const RouteTotals& t : outcome_.ended) {
      log(WEIR_LOG_INFO, "route " + t.producer + " -> " + t.consumer, "ended: " + to_text(t));
    }
  }

  Pipeline& p_;
  const std::shared_ptr<const config::Config> next_;
  const std::function<bool()>& go_on_;
  const Clock::time_point soft_, deadline_;
  std::vector<Change> changes_;
  Components ending_;  // what is in the old configuration only
  ReloadOutcome outcome_;
};

ReloadOutcome Pipeline::reload(std::shared_ptr<const config::Config> next,
                               const std::function<bool()>& go_on) {
  return Reload(*this, std::move(next), go_on).run();
}

}  // namespace weir::core
