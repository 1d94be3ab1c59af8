// One configured component at run time: its instance and what drives it.
#pragma once

#include <memory>

#include "core/config/model.hpp"
#include "core/pipeline/consumer_queue.hpp"
#include "core/pipeline/scheduler.hpp"
#include "core/pipeline/spool.hpp"
#include "core/pipeline/worker.hpp"
#include "core/plugin/host.hpp"

namespace weir::core {

struct Component {
  explicit Component(const config::Component& c) : config(c), type(c.descriptor) {}

  const config::Component& config;
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
  std::unique_ptr<ConsumerQueue> queue;
  std::unique_ptr<Spool> spool;                 // of a sink with a disk buffer
  std::unique_ptr<deadletter::Writer> letters;  // of a sink that keeps what it rejects
  std::unique_ptr<Worker> worker;

  bool works() const { return type != nullptr; }
  bool is_source() const { return config.kind == WEIR_SOURCE; }
};

}  // namespace weir::core
