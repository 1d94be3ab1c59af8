// From one configuration to another while rows flow.
//
// What a consumer holds belongs to its id: its queue, and the disk behind that, pass from one
// instance to the next, so that a producer does not notice that there is another one. Where the
// options of its buffer change it gets a new queue, and what was in the old one comes along: handed
// over in memory, or over the disk.
//
// First everything that can be refused is: instances are made beside the old ones. Then, in the
// order of the stream, what ends and what is replaced comes to rest; then what is new starts,
// sinks first.
#include "core/pipeline/reload.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <future>
#include <system_error>
#include <utility>

#include "core/config/catalog.hpp"
#include "core/config/compare.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

using Result = ReloadOutcome::Result;

ReloadOutcome Reload::run() {
  if (!may_change_agent()) return std::move(outcome_);
  lost_before_ = rows_lost();
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

std::string Reload::name_of(const config::Component& c) {
  return std::string(config::kind_name(c.kind)) + " '" + c.id + "'";
}

bool Reload::join(Component& c, Clock::time_point until) const {
  return wait(until, [&] { return c.worker->join_until(Clock::now() + kPoll); });
}

void Reload::refuse(const std::string& why) {
  outcome_.result = Result::kRefused;
  outcome_.lines.push_back(why);
}

void Reload::partly(const config::Component& c, const std::string& why) {
  outcome_.result = std::max(outcome_.result, Result::kPartly);
  outcome_.lines.push_back(name_of(c) + ": " + why);
}

// What is used all over the agent from its start on.
bool Reload::may_change_agent() {
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

void Reload::plan() {
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
    if (before && (c.kind == WEIR_SOURCE || before->config.consumer.buffer == c.consumer.buffer)) {
      kind = Kind::kReplace;
    } else if (before) {
      kind = before->in_memory() ? Kind::kRenew : Kind::kRebuild;
    }
    changes_.push_back({kind, before, std::move(after), c});
  }
}

// Everything that is new, beside what there is. False: nothing has changed.
bool Reload::create() {
  for (Change& c : changes_) {
    if (c.kind == Kind::kKeep) continue;
    bool configuration = false;
    const std::string why = p_.make_instance(*c.after, configuration);
    if (why.empty()) continue;
    if (configuration || c.before || c.wanted.required()) {
      refuse(name_of(c.wanted) + ": " + why);
    } else {
      p_.leave_out(*c.after, why, false);
      partly(c.wanted, why);
    }
  }
  ask_for_threads();
  if (outcome_.result != Result::kRefused) return true;
  for (Change& c : changes_) {
    if (c.kind != Kind::kKeep && c.after->instance != nullptr) p_.destroy(*c.after);
  }
  return false;
}

// A thread that cannot be had for what is added would be missed when nothing can be taken back any
// more: as many as that are started and ended once.
void Reload::ask_for_threads() {
  std::size_t wanted = 0;
  for (const Change& c : changes_) {
    if (c.kind == Kind::kKeep || c.wanted.kind == WEIR_SOURCE) continue;
    if (c.kind == Kind::kAdd) ++wanted;
    const bool had_disk = c.before && c.before->spool;
    if (!had_disk && c.wanted.consumer.buffer.type != config::BufferType::kMemory) ++wanted;
  }
  std::promise<void> all;
  const std::shared_future<void> asked = all.get_future().share();
  std::vector<std::thread> threads;
  try {
    while (threads.size() < wanted) threads.emplace_back([asked] { asked.wait(); });
  } catch (const std::system_error& e) {
    refuse("the system gives " + std::to_string(threads.size()) + " of the " +
           std::to_string(wanted) + " threads that what is added needs: " + e.code().message());
  }
  all.set_value();
  for (std::thread& t : threads) t.join();
}

// Who stays emits from now on to who stays, and to the queues of who is to come.
void Reload::redirect() {
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
}

// Who emits by an old list comes to the new queue, too.
void Reload::let_succeed(const ConsumerQueue& queue, Component& consumer) {
  std::vector<Route*> old;
  for (const auto& r : p_.routes_) {
    if (&r->queue == &queue && r->producer != Spool::kEarlier) old.push_back(r.get());
  }
  for (Route* r : old) r->successor = &p_.route(r->producer, consumer);
}

// Waits for those who still emit to queues that are removed: what comes too late is dropped. Not
// for long, as what they wait for may be a consumer that is to start only then; longer for those
// who wait for room in such a queue, and in the end these wait in vain.
void Reload::let_go() {
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

Components Reload::to_be() const {
  Components all;
  for (const Change& c : changes_) all.push_back(c.after);
  return all;
}

void Reload::connect() {
  const Components all = to_be();
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

// Rows that were in memory when the time of their consumer was over.
std::uint64_t Reload::rows_lost() const {
  std::uint64_t rows = 0;
  for (const RouteTotals& t : p_.route_totals()) rows += t.of(DropReason::kShutdown);
  return rows;
}

void Reload::tell() {
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
  if (const std::uint64_t lost = rows_lost() - lost_before_; lost != 0) {
    outcome_.lines.push_back(std::to_string(lost) +
                             " rows were dropped: nobody could deliver them in time");
  }
  outcome_.lines.push_back(std::to_string(kept) + " as before");
  ending_.clear();
  changes_.clear();
  p_.reap(outcome_.ended);
  p_.prune_routes(outcome_.ended);
  for (const RouteTotals& t : outcome_.ended) {
    log(WEIR_LOG_INFO, "route " + t.producer + " -> " + t.consumer, "ended: " + to_text(t));
  }
}

ReloadOutcome Pipeline::reload(std::shared_ptr<const config::Config> next,
                               const std::function<bool()>& go_on) {
  try {
    return Reload(*this, std::move(next), go_on).run();
  } catch (const std::exception& e) {
    // Memory, or threads: what is half made cannot be taken back, nor used.
    log_error(std::string("a reload failed in the middle, the agent ends: ") + e.what());
    _exit(1);
  }
}

}  // namespace weir::core
