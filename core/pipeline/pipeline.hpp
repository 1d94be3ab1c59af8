// The running system: instances of the configured components, their queues, routes and threads.
//
// Made from a configuration that was found to be right. One control thread builds, starts,
// reloads and stops it. What fails here without being `required` is left out and told.
//
//   pipeline.cpp   start, collections, stop       assemble.cpp  a single component
//   reload.cpp     another configuration          pipeline_health.cpp, pipeline_telemetry.cpp
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/config/model.hpp"
#include "core/pipeline/call_watch.hpp"
#include "core/pipeline/component.hpp"
#include "core/pipeline/health.hpp"
#include "core/pipeline/registry.hpp"
#include "core/pipeline/reload_result.hpp"

namespace weir::core {

// What came of a reload.
struct ReloadOutcome {
  using Result = ReloadResult;
  Result result = Result::kDone;
  std::vector<std::string> lines;  // what changed, and what did not go, for people
  // Of consumers that are no longer there, and queues that were replaced: their last count.
  std::vector<RouteTotals> ended;
};

class Pipeline {
 public:
  explicit Pipeline(std::shared_ptr<const config::Config> config, const HangLimits& limits = {});
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

  // Becomes what another configuration says, while it runs. Components that are the same in both
  // notice nothing. Where an option turns out to be wrong, or something that works would be
  // replaced by something that cannot be created, nothing changes. Waits for what has to end, for
  // shutdown_timeout at most, and for less once `go_on` says so, which is asked every few
  // milliseconds. After `schedule`.
  ReloadOutcome reload(std::shared_ptr<const config::Config> next,
                       const std::function<bool()>& go_on);

  // For the telemetry: how one ended, also where it did not come to `reload`.
  void count_reload(ReloadResult result);

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

  // The control thread, or while there is no reload.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  // What they have counted, once all are there; by producer and consumer. Any thread.
  std::vector<RouteTotals> route_totals() const;
  // Of the rows that sinks rejected: those for which there was no place.
  std::uint64_t dead_letters_not_kept() const;
  const std::string& hostname() const { return services_.hostname; }
  // The control thread.
  const config::Config& config() const { return *config_; }
  // Of the configuration that it became last. Any thread.
  std::string digest() const;
  std::size_t component_count() const { return running_; }
  // What works. Any thread, at any time.
  Health health() const;
  // Whether the scheduler has a thread for what is due, and no processor hangs in a call; no output
  // has a say in it, and who stops is not to be killed. Any thread.
  bool moves() const { return standstill() == nullptr; }
  // Why it does not; nullptr: it does.
  const char* standstill() const;
  // The rows of weir.telemetry/1.
  void visit_telemetry(weir_telemetry_row row, void* context) const;

 private:
  friend class Reload;

  // Of one component; assemble.cpp.
  std::string make_instance(Component& component, bool& configuration);
  int create(Component& component);
  int start(Component& component);
  int leave_out(Component& component, const std::string& why, bool configuration);
  void make_queue(Component& component) const;
  std::map<std::string, std::int64_t> held_in(const ConsumerQueue& queue) const;
  std::string make_spool(Component& component, Component* before = nullptr);
  std::string start_instance(Component& component, const Component* before = nullptr);
  void start_worker(Component& component, const Component* before);
  void schedule(const std::shared_ptr<Component>& component);
  void stop(Component& component);
  void destroy(Component& component);
  void collect(Component& component, std::int64_t time);
  void lose_held(const Component& consumer);

  // Which routes there are; assemble.cpp.
  void judge_required(const Components& all);
  Route& route(const std::string& producer, Component& consumer);
  std::vector<Route*> routes_from(const Component& producer, const Components& all);
  void sort_routes();

  std::shared_ptr<const Components> view() const;
  void publish();
  void report_routes() const;
  void end_routes(const ConsumerQueue& queue, std::vector<RouteTotals>& ended);
  void prune_routes(std::vector<RouteTotals>& ended);
  bool has_let_go() const;
  bool reap(std::vector<RouteTotals>& ended);
  ComponentHealth health(const Component& component) const;
  bool has_collected(const Components& all, const Health& health) const;
  bool has_delivered() const;

  std::shared_ptr<const config::Config> config_;
  const HangLimits limits_;
  Epochs epochs_;
  BatchPools pools_;
  Registry registry_;
  Services services_;
  mutable std::mutex routes_mutex_;             // of the list; the control thread reads without it
  std::vector<std::unique_ptr<Route>> routes_;  // in the order of the stream, once started
  std::map<std::string, bool> required_;        // by consumer: whether it leads to a required sink
  Components components_;                       // sources, processors, sinks
  Components retired_;                          // that something still refers to
  mutable std::mutex view_mutex_;
  std::shared_ptr<const Components> view_;  // components_, for other threads
  std::string digest_;                      // config_'s, likewise
  std::vector<Component*> collectors_;      // sources that collect
  std::unique_ptr<Scheduler> scheduler_;
  CallWatch write_watch_{limits_};
  std::size_t running_ = 0;
  bool stopped_ = false;
  std::array<std::atomic<std::uint64_t>, kReloadResults> reloads_{};  // by how they ended
  std::atomic<bool> reload_was_good_{true};                           // the last
  std::atomic<bool> built_{false};  // all components and routes are there
  std::atomic<Phase> phase_{Phase::kStarting};
  mutable std::atomic<bool> collected_{false}, started_{false};  // see Health
};

// "12 rows in, 12 delivered, 0 dropped, 0 held".
std::string to_text(const RouteTotals& totals);

}  // namespace weir::core
