// node_probe.hpp - the source: runs its collectors one after the other, and measures them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors.hpp"
#include "options.hpp"
#include "weir/weir.hpp"

namespace node_probe {

class NodeProbe {
 public:
  using Options = node_probe::Options;

  // Throws weir::OptionError where `check` would have found a problem.
  NodeProbe(weir::Source source, const Options& options);
  static void check(const Options& options, weir::Problems& problems);

  void collect(weir::Time time);

  Context& context() { return context_; }  // for tests

 private:
  struct Running {
    std::string_view name;
    std::unique_ptr<Collector> collector;
    const weir_series* series;
    Outcome outcome;  // of the last collection
  };

  void run(Running& running);
  void log_change(const Running& running, Outcome now) const;

  Options options_;
  Context context_;
  std::unique_ptr<Shared> shared_;
  const weir_measurement* scrape_;
  std::vector<Running> running_;
};

}  // namespace node_probe
