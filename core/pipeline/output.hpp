// Where a component's rows go: one route per consumer.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/pipeline/consumer_queue.hpp"

namespace weir::core {

class Output {
 public:
  // Before anything is emitted.
  void connect(Route& route) {
    // Those who may keep us waiting come last, so that the others have the rows already.
    const bool waits = route.queue.when_full() == WhenFull::kBlock;
    routes_.insert(waits ? routes_.end() : routes_.begin(), &route);
    blocking_from_ += waits ? 0 : 1;
  }

  // Takes the chain over and gives every consumer a reference. Any thread.
  void emit(Batch* chain) {
    if (routes_.empty()) return release(chain);
    retain(chain, static_cast<std::uint32_t>(routes_.size() - 1));
    if (Receipt* receipt = chain->receipt) {
      // While the chain is ours: when the last route has it, it may be gone.
      for (const Route* route : routes_) receipt->open(route->to_required);
    }
    for (Route* route : routes_) route->queue.push(chain, *route);
  }

  // False, and nothing taken, when a consumer that must not lose rows has no room. Any thread.
  bool try_emit(Batch* chain) {
    for (std::size_t i = blocking_from_; i < routes_.size(); ++i) {
      if (routes_[i]->queue.reserve(*chain)) continue;
      while (i-- > blocking_from_) routes_[i]->queue.unreserve(*chain);
      return false;
    }
    if (routes_.empty()) {
      release(chain);
      return true;
    }
    retain(chain, static_cast<std::uint32_t>(routes_.size() - 1));
    for (std::size_t i = 0; i < routes_.size(); ++i) {
      if (i < blocking_from_) {
        routes_[i]->queue.push(chain, *routes_[i], ConsumerQueue::Wait::kNever);
      } else {
        routes_[i]->queue.push_reserved(chain, *routes_[i]);
      }
    }
    return true;
  }

  const std::vector<Route*>& routes() const { return routes_; }
  bool reaches_required() const {
    return std::any_of(routes_.begin(), routes_.end(),
                       [](const Route* r) { return r->to_required; });
  }

 private:
  std::vector<Route*> routes_;
  std::size_t blocking_from_ = 0;  // the routes from here on wait for room
};

}  // namespace weir::core
