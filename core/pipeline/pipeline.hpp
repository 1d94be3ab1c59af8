// The running system: instances of the configured components, their queues, routes and threads.
//
// Made from a configuration that was found to be right. One control thread builds, starts and
// stops it. What fails here without being `required` is left out and told.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/model.hpp"
#include "core/pipeline/component.hpp"
#include "core/pipeline/health.hpp"
#include "core/pipeline/registry.hpp"
#include "core/pipeline/write_watch.hpp"

namespace weir::core {

class Pipeline {
 public:
  explicit Pipeline(std::unique_ptr<config::Config> config);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Creates and starts every component but does not collect. 0, or the exit code: 78 where an
  // option turns out to be wrong, 1 where a required component cannot work. Says why itself.
  int start();
  // From now on sources are collected on their intervals.
  void schedule();
  // Collects every source once, now, on this thread. Instead of `schedule`. False: one failed.
  bool collect_once();

  // For who drives the sources himself, instead of `schedule`: ids and intervals of those that
  // collect, and one collection of the n-th of them. One thread a source at a time. False: failed.
  struct Collector {
    std::string id;
    std::chrono::nanoseconds interval;
  };
  std::vector<Collector> collectors() const;
  bool collect(std::size_t collector, std::int64_t time);
  // Waits until every row is delivered or dropped, while sources rest; writes are not held back
  // for more rows meanwhile. False when `go_on` says so first; asked every millisecond or two.
  bool settle(const std::function<bool()>& go_on);
  // From here on nobody waits for room: rows that find none are dropped as shutdown.
  void give_up();

  // Stops sources, drains, tells the counts. False when a plugin hangs: its thread is left behind
  // and uses what is here, so the process must end with _exit and destroy nothing.
  bool stop();

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  // Of the rows that sinks rejected: those for which there was no place.
  std::uint64_t dead_letters_not_kept() const;
  const std::string& hostname() const { return services_.hostname; }
  std::size_t component_count() const { return running_; }
  // What works. Any thread, at any time.
  Health health() const;
  // Whether the scheduler has a thread for what is due; no output has a say in it. Any thread.
  bool moves() const;
  // Calls with every route once all are there. Any thread.
  template <class Visit>
  void visit_routes(Visit visit) const {
    if (!built_.load(std::memory_order_acquire)) return;
    for (const auto& r : routes_) visit(*r);
  }
  // The rows of weir.telemetry/1.
  void visit_telemetry(weir_telemetry_row row, void* context) const;

 private:
  std::chrono::nanoseconds interval(const Component& source) const;
  int create(Component& component);
  int start(Component& component);
  int leave_out(Component& component, const std::string& why, bool configuration);
  std::string make_queue(Component& component);
  Route& route(const std::string& producer, Component& consumer);
  void start_worker(Component& component);
  void stop(Component& component);
  void destroy(Component& component);
  void collect(Component& component, std::int64_t time);
  void lose_held(const std::string& consumer);
  void report_routes() const;
  ComponentHealth health(const Component& component) const;
  bool has_collected(const Health& health) const;
  bool has_delivered() const;

  std::unique_ptr<config::Config> config_;
  Epochs epochs_;
  BatchPools pools_;
  Registry registry_;
  Services services_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<std::unique_ptr<Component>> components_;  // sources, processors, sinks
  std::vector<Component*> collectors_;                  // sources that collect
  std::unique_ptr<Scheduler> scheduler_;
  WriteWatch write_watch_;
  std::size_t running_ = 0;
  bool stopped_ = false;
  std::atomic<bool> built_{false};  // components and routes do not change any more
  std::atomic<Phase> phase_{Phase::kStarting};
  mutable std::atomic<bool> collected_{false}, started_{false};  // see Health
};

}  // namespace weir::core
