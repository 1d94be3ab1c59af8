// Whole pipelines without files: a configuration made in code, and test components whose
// behaviour is looked up by component id.
//
// Ledger sources number their rows; ledger sinks check the numbers and count. After a run
// `expect_conservation` compares what the sources, the routes and the sinks counted.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/pipeline/pipeline.hpp"
#include "weir/weir.hpp"

namespace weir::core {

// Waits, with a generous limit, until the condition holds.
template <class Condition>
void poll(const char* what, Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit) << "waited in vain for " << what;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// What a ledger source does, and did.
struct SourceLedger {
  std::uint64_t rows_total = 0;  // over all threads; then it is done
  std::uint32_t rows_a_batch = 1;
  unsigned threads = 1;              // push: each with a series of its own
  bool try_emit = false;             // push: try_emit, again until it is taken
  std::uint32_t rows_a_collect = 0;  // not 0: collect this many on each tick instead of pushing
  std::function<void(std::uint64_t emitted)> before;  // each batch: waits, say
  // push: asks what became of each batch; called with the number of its last row.
  std::function<void(std::uint64_t number, weir_outcome outcome)> settled;
  std::atomic<std::uint64_t> emitted{0};
  std::atomic<std::uint64_t> refused{0};  // try_emit's WEIR_FULL
  std::vector<std::uint64_t> numbers;     // of each thread so far: the next instance goes on there
};

// What a ledger sink does with the n-th write, and what came.
struct SinkLedger {
  enum class Answer { kOk, kRetry, kReject, kThrow, kRejectSome };
  std::function<Answer(std::uint64_t call)> answer = [](std::uint64_t) { return Answer::kOk; };
  std::function<void(std::uint64_t call)> before;  // sleeps, say
  std::function<void(std::uint64_t number)> got;   // sees every delivered row
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> rows{0};      // delivered, by its own count
  std::atomic<std::uint64_t> rejected{0};  // likewise
  std::atomic<std::uint64_t> sum{0};       // of the delivered numbers
  std::atomic<std::uint64_t> disorder{0};  // rows whose number did not ascend in its series
  // The number, by source and by series with its generation.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> last;
};

class Harness {
 public:
  Harness();
  ~Harness();

  // Adds components; inputs must have been added before.
  SourceLedger& source(const std::string& id, std::uint64_t rows_total,
                       std::uint32_t rows_a_batch = 1);
  SinkLedger& sink(const std::string& id, std::vector<std::string> inputs,
                   config::WhenFull when_full = config::WhenFull::kBlock);
  // A processor that passes every batch on.
  void passer(const std::string& id, std::vector<std::string> inputs);
  // A processor that copies every row with its number, and fails on every 1000th batch.
  void copier(const std::string& id, std::vector<std::string> inputs);

  // As they are to be at the next `start` or `reload`.
  config::Component& component(const std::string& id);
  config::AgentOptions& agent() { return agent_; }
  HangLimits& limits() { return limits_; }
  void remove(const std::string& id);

  // Builds and starts it.
  Pipeline& start();
  // What has ended is counted by `expect_conservation`, too.
  ReloadOutcome reload();
  Pipeline& pipeline() { return *pipeline_; }
  // Waits until all sources have emitted all their rows.
  void wait_for_sources();
  // Waits until no route holds a row.
  void wait_for_empty_routes();
  void expect_conservation();
  const Route& route(const std::string& from, const std::string& to);

  SourceLedger& source(const std::string& id) { return *sources_.at(id); }
  SinkLedger& sink(const std::string& id) { return *sinks_.at(id); }

 private:
  config::Component& add(weir_kind kind, const std::string& id,
                         const weir_component_type* descriptor);

  std::unique_ptr<config::Config> make() const;

  config::AgentOptions agent_;
  HangLimits limits_;
  std::vector<config::Component> components_;
  std::vector<RouteTotals> ended_;
  std::unique_ptr<Pipeline> pipeline_;
  std::map<std::string, std::unique_ptr<SourceLedger>> sources_;
  std::map<std::string, std::unique_ptr<SinkLedger>> sinks_;
};

inline std::uint64_t dropped(const Route& r, DropReason reason) {
  return r.rows_dropped[static_cast<std::size_t>(reason)];
}

// Rows in tests are fewer where every memory access is watched.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr std::uint64_t kScale = 10;
#else
inline constexpr std::uint64_t kScale = 1;
#endif

}  // namespace weir::core
