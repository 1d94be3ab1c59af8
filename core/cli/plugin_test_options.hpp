// A component as a configuration would make it: from --option, and from what the checks try.
#pragma once

#include <string>
#include <vector>

#include "core/config/arena.hpp"
#include "core/config/model.hpp"
#include "core/config/node.hpp"
#include "weir/abi.h"

namespace weir::cli::plugin_test_detail {

// Keys of a component with what is written behind them.
using Written = std::vector<config::Node>;

// "" and the options of NAME=VALUE, the value as in YAML; or what is wrong.
std::string parse_options(const std::vector<std::string>& texts, Written& options);

// Those with `node` in the place of what had its key.
Written with(Written options, config::Node node);

// Names of the options that must be written and are not.
std::vector<std::string> missing(const weir_component_type& type, const Written& options);

class Bound {
 public:
  Bound(const weir_component_type& type, const Written& options, const std::string& data_dir);

  // What is wrong with the options, in words, the path of the option first.
  std::vector<std::string> problems() const;
  const config::AgentOptions& agent() const { return agent_; }
  // Only where nothing is wrong.
  const config::Component& component() const { return components_.front(); }

  // "sinks.under_test.": what the path of an option begins with.
  static std::string prefix(weir_kind kind);

 private:
  config::Arena arena_;
  config::Problems problems_;
  config::AgentOptions agent_;
  std::vector<config::Component> components_;
};

}  // namespace weir::cli::plugin_test_detail
