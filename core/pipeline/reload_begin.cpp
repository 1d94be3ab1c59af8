// The half of a reload in which what is new, and what takes another one's place, starts.
#include <utility>

#include "core/pipeline/reload.hpp"

namespace weir::core {

void Reload::start() {
  for (auto c = changes_.rbegin(); c != changes_.rend(); ++c) {
    if (c->kind == Kind::kKeep || !c->after->works()) continue;
    const std::string why = begin(*c, c->after);
    if (!why.empty() && c->before != nullptr && go_back(*c)) {
      partly(c->wanted, why + "; it goes on as before");
    } else if (!why.empty()) {
      if (c->after->queue) lose_queue(*c);
      p_.leave_out(*c->after, why, false);
      partly(c->wanted, why);
    }
    // What was in its old queue is with the new worker.
    if (c->kind == Kind::kRenew) p_.retired_.push_back(c->before);
  }
  publish();
}

std::string Reload::begin(Change& c, const std::shared_ptr<Component>& component) {
  if (!component->is_source()) {
    if (component->queue == nullptr) p_.make_queue(*component);
    if (std::string why = open_spool(c, *component); !why.empty()) {
      p_.destroy(*component);
      return why;
    }
  }
  if (c.before) component->succeed(*c.before);
  component->host->output().set_routes(p_.routes_from(*component, to_be()));
  return p_.start_instance(*component, c.before.get());
}

std::string Reload::open_spool(Change& c, Component& component) {
  if (component.spool || component.config.consumer.buffer.type == config::BufferType::kMemory) {
    return "";
  }
  return p_.make_spool(component, c.before && c.before->spool ? c.before.get() : nullptr);
}

// An instance as there was before, in the place of one that does not start.
bool Reload::go_back(Change& c) {
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
void Reload::lose_queue(Change& c) {
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

void Reload::publish() {
  p_.components_ = to_be();
  p_.config_ = next_;
  p_.sort_routes();
  p_.publish();
}

}  // namespace weir::core
