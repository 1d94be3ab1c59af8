// The half of a reload in which what ends, and what is replaced, comes to rest.
#include <algorithm>
#include <utility>

#include "core/pipeline/reload.hpp"
#include "core/pipeline/watchdog.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

void Reload::end_sources() {
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

void Reload::end_source(const std::shared_ptr<Component>& c) {
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
void Reload::keep(Change& c, const std::string& why) {
  partly(c.wanted, why);
  p_.destroy(*c.after);
  c.after = c.before;
  c.after->inputs = c.wanted.inputs;
  c.kind = Kind::kKeep;
}

// Each is empty, and has emitted what it kept, before the next must be.
void Reload::end_processors() {
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

void Reload::end_sinks() {
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

Reload::Change* Reload::change_of(const Component& old) {
  const auto found = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const Change& c) { return c.before.get() == &old; });
  return found == changes_.end() ? nullptr : &*found;
}

// Whether the worker that was asked to has left. Who is in a call that does not return stays.
bool Reload::has_left(Change& c) {
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
void Reload::end_consumer(const std::shared_ptr<Component>& c) {
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

void Reload::end_instance(Component& c) {
  if (c.is_sink()) p_.write_watch_.remove(*c.host);
  const bool counted = c.started;
  p_.stop(c);
  if (counted) --p_.running_;
  p_.destroy(c);
}

}  // namespace weir::core
