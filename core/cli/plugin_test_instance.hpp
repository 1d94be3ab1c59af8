// The agent around one instance, made of the agent's own parts, and the calls that it makes. A call
// that throws, or breaks the contract otherwise, ends the check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/plugin_test_options.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/pipeline/registry.hpp"
#include "core/pipeline/route.hpp"
#include "core/plugin/host.hpp"
#include "weir/abi.h"

namespace weir::cli::plugin_test_detail {

// What components share.
class Stage {
 public:
  explicit Stage(const config::AgentOptions& agent);

  core::Services& services() { return services_; }
  // Batches that somebody holds.
  std::int64_t batches_alive() const { return epochs_.alive(); }

 private:
  core::Epochs epochs_;
  core::BatchPools pools_;
  core::Registry registry_;
  core::Services services_;
};

using Batches = std::vector<const weir_batch*>;

// Where a component's rows end.
class Basket {
 public:
  explicit Basket(core::Output& output);
  ~Basket() { empty(); }
  Basket(const Basket&) = delete;
  Basket& operator=(const Basket&) = delete;
  // What came since the last time; valid until `empty`.
  Batches take();
  void empty();

 private:
  core::ConsumerQueue queue_;
  core::Route route_;
  std::vector<core::Item> items_;
};

class Instance {
 public:
  Instance(Stage& stage, const weir_component_type& type, const Bound& bound);

  // "", or why the plugin refuses.
  std::string create();
  std::string start();
  // For where nothing is wrong.
  void must_create();
  void must_start();
  void stop();
  void destroy();

  void collect(std::int64_t time);
  void process(const weir_batch* batch);
  // One of WEIR_OK, WEIR_RETRY, WEIR_REJECT and WEIR_ERROR.
  weir_status write(const Batches& batches);

  core::Host& host() { return host_; }
  std::int64_t interval_ns() const { return interval_ns_; }

 private:
  const weir_component_type& type_;
  const weir_value* const options_;
  const std::int64_t interval_ns_;
  core::Host host_;
  void* instance_ = nullptr;
};

}  // namespace weir::cli::plugin_test_detail
