// One reload: see reload.cpp for what it does in which order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/pipeline/pipeline.hpp"

namespace weir::core {

class Reload {
 public:
  Reload(Pipeline& pipeline, std::shared_ptr<const config::Config> next,
         const std::function<bool()>& go_on)
      : p_(pipeline),
        next_(std::move(next)),
        go_on_(go_on),
        soft_(Clock::now() + next_->agent.shutdown_timeout * 3 / 4),
        deadline_(Clock::now() + next_->agent.shutdown_timeout) {}

  ReloadOutcome run();

 private:
  using Clock = SteadyClock;
  enum class Kind {
    kKeep,
    kReplace,  // another instance at the same queue
    kRenew,    // and another queue, which gets what is in memory before
    kRebuild,  // and another queue, after one with a disk, which is emptied first
    kAdd,
  };
  struct Change {
    Kind kind;
    std::shared_ptr<Component> before, after;  // the same one of kKeep; before: none of kAdd
    const config::Component& wanted;
  };

  // For a call of a plugin that is under way when the time is over.
  static constexpr std::chrono::seconds kGrace{2};
  static constexpr std::chrono::milliseconds kPoll{2};
  // For those who are about to emit.
  static constexpr std::chrono::seconds kPatience{2};

  // What can be refused; reload.cpp.
  void refuse(const std::string& why);
  void partly(const config::Component& c, const std::string& why);
  bool may_change_agent();
  void plan();
  bool create();
  void ask_for_threads();

  // Where rows go from now on; reload.cpp.
  void redirect();
  void let_succeed(const ConsumerQueue& queue, Component& consumer);
  void let_go();
  Components to_be() const;
  void connect();

  // What ends, in the order of the stream; reload_end.cpp.
  void end_sources();
  void end_source(const std::shared_ptr<Component>& c);
  void stop(Component& c);
  void keep(Change& c, const std::string& why);
  void end_processors();
  void end_sinks();
  Change* change_of(const Component& old);
  bool has_left(Change& c);
  void end_consumer(const std::shared_ptr<Component>& c);
  void end_instance(Component& c);

  // What begins, against it; reload_begin.cpp.
  void start();
  std::string begin(Change& c, const std::shared_ptr<Component>& component);
  std::string open_spool(Change& c, Component& component);
  bool go_back(Change& c);
  void lose_queue(Change& c);
  void publish();
  std::uint64_t rows_lost() const;
  void tell();

  static std::string name_of(const config::Component& c);
  static bool leaves(Kind kind) { return kind == Kind::kReplace || kind == Kind::kRenew; }
  bool has_time(Clock::time_point until) const { return Clock::now() < until && go_on_(); }
  // The same until the deadline, and for a call that is under way a little longer.
  bool has_patience() {
    if (has_time(deadline_)) return true;
    if (grace_ == Clock::time_point{}) grace_ = Clock::now() + kGrace;
    return Clock::now() < grace_;
  }
  template <class Done>
  bool wait(Clock::time_point until, Done done) const {
    while (!done()) {
      if (!has_time(until)) return false;
      std::this_thread::sleep_for(kPoll);
    }
    return true;
  }
  bool join(Component& c, Clock::time_point until) const;

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

  Pipeline& p_;
  const std::shared_ptr<const config::Config> next_;
  const std::function<bool()>& go_on_;
  const Clock::time_point soft_, deadline_;
  Clock::time_point grace_{};
  std::vector<Change> changes_;
  Components ending_;  // what is in the old configuration only
  std::uint64_t lost_before_ = 0;
  ReloadOutcome outcome_;
};

}  // namespace weir::core
