// Where a component's rows go: one route per consumer.
//
// The routes can be changed while rows are emitted. Who emits counts itself into the list that it
// uses; a list that nobody uses any more is used again for the next change, and lives as long as
// the output, so that a late reader finds memory that is still a list's.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "core/pipeline/consumer_queue.hpp"

namespace weir::core {

class Output {
 public:
  // From now on rows go there and nowhere else. The control thread.
  void set_routes(const std::vector<Route*>& routes) {
    // Those who may keep us waiting come last, so that the others have the rows already.
    const auto patience = [](const Route* route) {
      const bool blocks = route->queue.when_full() == WhenFull::kBlock;
      return blocks ? 2 : route->queue.waits_a_moment() ? 1 : 0;
    };
    List& next = unused();
    next.routes = routes;
    std::stable_sort(next.routes.begin(), next.routes.end(),
                     [&](const Route* a, const Route* b) { return patience(a) < patience(b); });
    next.blocking_from = static_cast<std::size_t>(std::count_if(
        routes.begin(), routes.end(), [&](const Route* r) { return patience(r) < 2; }));
    next.reaches_required =
        std::any_of(routes.begin(), routes.end(), [](const Route* r) { return r->to_required; });
    list_.store(&next, std::memory_order_seq_cst);
  }
  // Whether nobody emits to routes of before any more. The control thread.
  bool has_let_go() const {
    const List* current = list_.load(std::memory_order_relaxed);
    return std::all_of(lists_.begin(), lists_.end(), [&](const auto& l) {
      return l.get() == current || l->users.load(std::memory_order_seq_cst) == 0;
    });
  }
  // From here on who emits waits for no room: rows that find none are dropped as shutdown. Who
  // waits already has to be woken, see ConsumerQueue::wake_producers. The control thread.
  void give_up() { gives_up_.store(true, std::memory_order_seq_cst); }

  // Takes the chain over and gives every consumer a reference. Any thread.
  void emit(Batch* chain) {
    const Use list(*this);
    if (list->routes.empty()) return release(chain);
    retain(chain, static_cast<std::uint32_t>(list->routes.size() - 1));
    if (Receipt* receipt = chain->receipt) {
      // While the chain is ours: when the last route has it, it may be gone.
      for (const Route* route : list->routes) receipt->open(route->to_required);
    }
    for (Route* route : list->routes) {
      route->queue.push(chain, *route, ConsumerQueue::Wait::kForRoom, &gives_up_);
    }
  }

  // False, and nothing taken, when a consumer that must not lose rows has no room. Any thread.
  bool try_emit(Batch* chain) {
    const Use list(*this);
    const std::vector<Route*>& routes = list->routes;
    const std::size_t blocking_from = list->blocking_from;
    for (std::size_t i = blocking_from; i < routes.size(); ++i) {
      if (routes[i]->queue.reserve(*chain)) continue;
      while (i-- > blocking_from) routes[i]->queue.unreserve(*chain);
      return false;
    }
    if (routes.empty()) {
      release(chain);
      return true;
    }
    retain(chain, static_cast<std::uint32_t>(routes.size() - 1));
    for (std::size_t i = 0; i < routes.size(); ++i) {
      if (i < blocking_from) {
        routes[i]->queue.push(chain, *routes[i], ConsumerQueue::Wait::kNever);
      } else {
        routes[i]->queue.push_reserved(chain, *routes[i]);
      }
    }
    return true;
  }

  // Any thread.
  bool reaches_required() { return Use(*this)->reaches_required; }
  // The control thread.
  const std::vector<Route*>& routes() const {
    return list_.load(std::memory_order_relaxed)->routes;
  }

 private:
  struct List {
    std::vector<Route*> routes;
    std::size_t blocking_from = 0;  // the routes from here on wait for room
    bool reaches_required = false;
    std::atomic<std::uint32_t> users{0};
  };

  // The list as it is now, for as long as this lives.
  class Use {
   public:
    explicit Use(Output& output) {
      for (;;) {
        list_ = output.list_.load(std::memory_order_seq_cst);
        list_->users.fetch_add(1, std::memory_order_seq_cst);
        // Had it been changed in between, whoever changed it might not have seen us.
        if (output.list_.load(std::memory_order_seq_cst) == list_) return;
        list_->users.fetch_sub(1, std::memory_order_release);
      }
    }
    ~Use() { list_->users.fetch_sub(1, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    const List* operator->() const { return list_; }

   private:
    List* list_;
  };

  List& unused() {
    const List* current = list_.load(std::memory_order_relaxed);
    for (const auto& l : lists_) {
      if (l.get() != current && l->users.load(std::memory_order_seq_cst) == 0) return *l;
    }
    return *lists_.emplace_back(std::make_unique<List>());
  }

  std::vector<std::unique_ptr<List>> lists_;
  std::atomic<List*> list_{&unused()};
  std::atomic<bool> gives_up_{false};
};

}  // namespace weir::core
