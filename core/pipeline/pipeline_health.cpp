// Health of the pipeline from what its threads leave behind: no plugin is called, nobody is waited
// for.
#include <algorithm>

#include "core/pipeline/pipeline.hpp"

namespace weir::core {

namespace {

// Sources that are collected more rarely are not waited for at the start.
constexpr std::chrono::nanoseconds kFirstCollectionWithin = std::chrono::minutes(1);

}  // namespace

const char* Pipeline::standstill() const {
  if (phase_.load(std::memory_order_acquire) == Phase::kStopping) return nullptr;
  if (scheduler_->silent_for() >= limits_.silent) return "the scheduler does not fire";
  if (!built_.load(std::memory_order_acquire)) return nullptr;
  const std::shared_ptr<const Components> all = view();
  const bool stuck = std::any_of(all->begin(), all->end(), [this](const auto& c) {
    return c->is_processor() && c->works() && c->host->call_lasts() >= limits_.call_stuck;
  });
  return stuck ? "a processor does not return from its call" : nullptr;
}

ComponentHealth Pipeline::health(const Component& c) const {
  ComponentHealth h{c.config.id,         c.config.kind,        c.config.type,
                    c.config.required(), Condition::kStarting, "the agent starts"};
  const auto say = [&](Condition condition, std::string reason) {
    h.condition = condition;
    h.reason = std::move(reason);
    return h;
  };
  if (!built_.load(std::memory_order_acquire)) return h;
  if (!c.works()) return say(Condition::kAbsent, c.left_out);
  if (c.is_source()) {
    if (c.type->collect == nullptr) {  // it pushes: whether it can is all that is known
      const Peer::Snapshot peer = c.host->peer().snapshot();
      return peer.known && !peer.connected
                 ? say(Condition::kFails,
                       "is not connected to its server as it is to be; the log says why")
                 : say(Condition::kWorks, "");
    }
    const std::int64_t since = c.collections.began_ns.load(std::memory_order_relaxed);
    if (since != 0) {
      const std::chrono::nanoseconds lasts =
          SteadyClock::now().time_since_epoch() - std::chrono::nanoseconds(since);
      if (lasts > std::max<std::chrono::nanoseconds>(c.interval(), std::chrono::seconds(1))) {
        return say(Condition::kFails,
                   "a collection has been under way for " + whole_seconds(lasts));
      }
    }
    if (c.collections.collections == 0) return say(Condition::kStarting, "no collection has ended");
    if (c.collection_failing) return say(Condition::kFails, c.host->trouble().text());
    return say(Condition::kWorks, "");
  }
  const auto overdue = c.host->overdue().value_or(std::chrono::nanoseconds(0));
  if (overdue.count() > 0 && c.is_processor()) {
    return say(Condition::kFails,
               "a call has been under way for " + whole_seconds(overdue + limits_.call_late));
  }
  if (overdue.count() > 0) {
    return say(Condition::kFails, "a write has been under way for " + whole_seconds(overdue) +
                                      " longer than its write_deadline");
  }
  if (c.worker->failing) return say(Condition::kFails, c.host->trouble().text());
  if (c.worker->calls == 0) return say(Condition::kStarting, "has been given nothing yet");
  return say(Condition::kWorks, "");
}

// Whether the first collections are over, save those that come rarely.
bool Pipeline::has_collected(const Components& all, const Health& h) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Component& c = *all[i];
    if (c.is_source() && h.components[i].condition == Condition::kStarting &&
        c.interval() <= kFirstCollectionWithin) {
      return false;
    }
  }
  return true;
}

// Whether every required sink, and every processor on the way, is done with something of what it
// was given.
bool Pipeline::has_delivered() const {
  const std::lock_guard lock(routes_mutex_);
  for (const auto& r : routes_) {
    if (!r->to_required) continue;
    std::uint64_t done = r->rows_delivered;
    for (const auto& dropped : r->rows_dropped) done += dropped;
    if (done == 0 && r->rows_offered + r->rows_recovered != 0) return false;
  }
  return true;
}

Health Pipeline::health() const {
  Health h;
  h.phase = phase_.load(std::memory_order_acquire);
  h.ready = h.phase == Phase::kRunning;
  const std::shared_ptr<const Components> all = view();
  for (const auto& c : *all) {
    h.components.push_back(health(*c));
    const ComponentHealth& one = h.components.back();
    const bool broken = one.condition == Condition::kFails || one.condition == Condition::kAbsent;
    h.ready = h.ready && !(one.required && broken);
  }
  if (h.phase == Phase::kRunning && !started_.load(std::memory_order_relaxed)) {
    if (has_collected(*all, h)) collected_.store(true, std::memory_order_relaxed);
    if (collected_.load(std::memory_order_relaxed) && has_delivered()) {
      started_.store(true, std::memory_order_relaxed);
    }
  }
  h.collected = collected_.load(std::memory_order_relaxed);
  h.started = started_.load(std::memory_order_relaxed);
  h.ready = h.ready && h.started;
  return h;
}

}  // namespace weir::core
