// One configured component at run time: its instance and what drives it.
//
// A reload never changes one that others look at: it puts another one in its place, which takes
// over the queue, and the disk behind it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/model.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/pipeline/scheduler.hpp"
#include "core/pipeline/spool.hpp"
#include "core/pipeline/worker.hpp"
#include "core/plugin/host.hpp"

namespace weir::core {

struct Component {
  Component(std::shared_ptr<const config::Config> from, const config::Component& c)
      : owner(std::move(from)), config(c), inputs(c.inputs), type(c.descriptor) {}

  const std::shared_ptr<const config::Config> owner;  // of its options
  const config::Component& config;
  std::vector<std::string> inputs;  // those of today; the control thread's
  const weir_component_type* type;  // nullptr: refused or left out
  std::string left_out;             // then why
  std::unique_ptr<Host> host;
  void* instance = nullptr;
  bool started = false;
  bool hangs = false;  // a thread is in a call of the plugin that does not return

  // Of a source.
  CollectionCounts collections;
  std::atomic<bool> collection_failing{false};  // the last one

  // Of a consumer.
  std::shared_ptr<ConsumerQueue> queue;
  std::shared_ptr<Spool> spool;                 // of a sink with a disk buffer
  std::vector<Spool::Adopted> adopted;          // of its rows there, by who has the disk after it
  std::unique_ptr<deadletter::Writer> letters;  // of a sink that keeps what it rejects
  std::unique_ptr<Worker> worker;

  bool works() const { return type != nullptr; }
  bool is_source() const { return config.kind == WEIR_SOURCE; }
  bool is_processor() const { return config.kind == WEIR_PROCESSOR; }
  bool is_sink() const { return config.kind == WEIR_SINK; }
  // Whether what a consumer holds is in memory only.
  bool in_memory() const {
    return spool == nullptr && config.consumer.buffer.type == config::BufferType::kMemory;
  }
  bool collects() const { return is_source() && works() && type->collect != nullptr; }
  // How often a source is collected.
  std::chrono::nanoseconds interval() const { return config.source.interval_or(owner->agent); }
  // Counts on where `before` has ended.
  void succeed(const Component& before);
};

using Components = std::vector<std::shared_ptr<Component>>;

}  // namespace weir::core
