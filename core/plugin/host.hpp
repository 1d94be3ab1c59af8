// The agent as one component sees it: the functions of weir_host, for that component.
//
// The functions are static and find their Host through weir_host.agent. Emitting during collect
// or process goes through a Staging on the working thread, which gathers the batches of one
// collection into one chain.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/pipeline/batch.hpp"
#include "core/pipeline/health.hpp"
#include "core/pipeline/output.hpp"
#include "core/pipeline/registry.hpp"
#include "core/plugin/call_clock.hpp"
#include "core/plugin/peer.hpp"
#include "weir/abi.h"
#include "weir/ext/acknowledge.h"
#include "weir/ext/deadline.h"
#include "weir/ext/schedule.h"
#include "weir/ext/state.h"
#include "weir/ext/telemetry.h"

namespace weir::core {

// What all components share. Outlives them.
struct Services {
  BatchPools& pools;
  Registry& registry;
  std::string hostname;
  std::string data_dir;
  std::int64_t epoch;  // start of this agent, ns since the Unix epoch
  // Calls back with every row of the agent's own counters; served as weir.telemetry/1.
  std::function<void(weir_telemetry_row, void*)> visit_telemetry;
  Registry::User users = 0;  // components so far
};

class Host {
 public:
  struct Rejection {
    const weir_batch* batch;
    std::uint32_t first_row;
    std::uint32_t rows;
    std::string reason;
  };

  // `interval_ns`: between the collections of a source; 0 for what is not one.
  Host(Services& services, std::string id, StaticLabels labels, std::int64_t interval_ns = 0);
  // Gives back what series its component did not.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const weir_host* abi() const { return &abi_; }
  const std::string& id() const { return id_; }
  // Of the host's name and the id: the `source` of its batches.
  std::uint64_t source_hash() const { return source_hash_; }
  Output& output() { return output_; }
  const Peer& peer() const { return peer_; }
  // Why its last call failed, while it does.
  Trouble& trouble() { return trouble_; }

  // Of a sink, around each write.
  void write_begins(std::chrono::steady_clock::time_point deadline) {
    deadline_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void write_ended() { deadline_.store(0, std::memory_order_relaxed); }
  // Of a processor, around each call.
  void call_begins(CallClock::Time now, std::chrono::nanoseconds limit) {
    call_.begins(now, limit);
  }
  void call_ended() { call_.ended(); }
  // How long the call under way has lasted; 0: there is none.
  std::chrono::nanoseconds call_lasts() const;
  // Since when the write or call under way should have ended, which is negative until then and
  // nothing while there is none.
  std::optional<std::chrono::nanoseconds> overdue() const;
  // The agent ends then, whatever a write's own deadline: `weir_deadline` tells the sink.
  void ends_by(std::chrono::steady_clock::time_point end) {
    end_.store(end.time_since_epoch().count(), std::memory_order_relaxed);
  }

  // While one lives on a thread, what its host's component emits there is kept together, and
  // carries the receipt of what it was made of, if there is one.
  class Staging {
   public:
    explicit Staging(Host& host, Receipt* receipt = nullptr);
    ~Staging();
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    void add(Batch* batch);
    void flush();
    Host& host() { return host_; }

   private:
    Host& host_;
    Receipt* const receipt_;
    Staging* const outer_;
    Batch* head_ = nullptr;
    Batch* tail_ = nullptr;
  };

  // Rejections of the write under way; its worker clears and reads them, on its thread.
  std::vector<Rejection>& rejections() { return rejections_; }

  void set_stopping() { stopping_.store(true, std::memory_order_relaxed); }
  // Counts on where one of the same id has stopped: batches of a process have one numbering.
  void succeed(const Host& before);
  // Whether every token of weir.acknowledge/1 is settled: before that its component may not be
  // destroyed.
  bool is_settled() const { return unsettled_.load(std::memory_order_acquire) == 0; }

  std::atomic<std::uint64_t> rows_emitted{0};
  std::atomic<std::uint64_t> batches_emitted{0};
  std::atomic<std::uint64_t> batches_malformed{0};

 private:
  static Host& of(const weir_host* h) { return *static_cast<Host*>(h->agent); }
  std::int64_t time_left() const;
  void fill_abi();
  void stamp(Batch* batch);
  void emit(Batch* chain);
  weir_status hand_over(Batch* batch, bool wait);
  weir_status hand_over(weir_batch* const* batches, std::uint32_t count, weir_settled settled,
                        void* context, std::uint64_t token);
  const void* extension(const char* id);

  Services& services_;
  const std::string id_;
  const StaticLabels labels_;
  const Registry::Maker maker_;
  const std::uint64_t source_hash_;
  const weir_schedule schedule_;
  weir_host abi_{};
  Output output_;
  Peer peer_;
  Trouble trouble_;
  std::vector<Rejection> rejections_;
  std::atomic<std::int64_t> deadline_{0};  // of the write under way, steady clock; 0: there is none
  CallClock call_;                         // of a processor
  std::atomic<std::int64_t> end_{std::numeric_limits<std::int64_t>::max()};  // of the agent
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::uint64_t> unsettled_{0};
  std::atomic<bool> stopping_{false};
};

// The agent's version, as in `weir version`.
const char* agent_version();

}  // namespace weir::core
