// weir_testing/agent.hpp - an agent in memory, to test a component without the real one.
//
//   weir::testing::Agent agent;
//   Clock clock{weir::Source(agent.host())};
//   clock.collect(5);
//   EXPECT_EQ(agent.emitted().at(0)->rows, 1u);
//
// Batches that were emitted stay until `clear`. Series and measurements are never freed before
// the agent is. Not fast, not for production; thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "weir/weir.hpp"

namespace weir::testing {

class Agent {
 public:
  struct Rejection {
    const weir_batch* batch;
    std::uint32_t first_row, rows;
    std::string reason;
  };
  struct LogLine {
    weir_level level;
    std::string text;
  };

  Agent();
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  const weir_host* host() const;

  // What was emitted, in order. Valid until `clear`.
  const std::vector<weir_batch*>& emitted() const;
  void clear();
  // Emitted rows of one measurement as "label=value,... field=value,... time" lines, in order:
  // what a test compares. Every batch of that name counts.
  std::vector<std::string> lines(const std::string& measurement) const;

  const std::vector<Rejection>& rejections() const;
  const std::vector<LogLine>& log() const;
  // try_emit answers WEIR_FULL while this is true.
  void set_full(bool full);
  void set_stopping(bool stopping);
  // Served by host->extension.
  void set_extension(std::string id, const void* extension);
  // Series calls not yet matched by series_release.
  std::size_t live_series() const;
  // retain calls not yet matched by release.
  std::size_t live_retains() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::testing
