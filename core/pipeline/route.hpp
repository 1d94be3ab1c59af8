// A route: the edge from a producer's output to a consumer's queue, and its bookkeeping.
//
// Conservation law, in rows, at rest and for ever:
//   offered + recovered = delivered + dropped (by reason) + held
// where recovered rows are those that an earlier process left on the disk.
// The left side is counted by the producer's thread, the right side by the queue and by the
// consumer's thread, each where it happens; nothing is derived from the other.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace weir::core {

enum class DropReason : std::uint8_t {
  kQueueFullOldest,  // pushed out by newer rows
  kQueueFullNewest,  // came when there was no room
  kRejected,         // the consumer said that they can never be delivered
  kConsumerFailed,   // a processor failed on them
  kShutdown,         // still held when the time to stop was over
  kDamaged,          // the disk does not give them back
};
inline constexpr std::size_t kDropReasons = 6;
inline constexpr std::array<const char*, kDropReasons> kDropReasonNames{
    "queue_full_oldest", "queue_full_newest", "rejected", "consumer_failed", "shutdown", "damaged"};

class ConsumerQueue;

struct Route {
  Route(std::string from, std::string to, ConsumerQueue& to_queue, bool required = false)
      : producer(std::move(from)),
        consumer(std::move(to)),
        queue(to_queue),
        to_required(required) {}

  const std::string producer, consumer;
  ConsumerQueue& queue;
  // Whether it leads, over processors too, to a sink that is required.
  const bool to_required;
  // Where the queue is to be closed and another one takes its place: the route into that one.
  std::atomic<Route*> successor{nullptr};
  bool was_idle = false;  // at the last reload; the control thread's

  // The producer's side.
  alignas(64) std::atomic<std::uint64_t> rows_offered{0};
  std::atomic<std::uint64_t> rows_recovered{0};  // when the disk buffer was opened
  // The consumer's side.
  alignas(64) std::atomic<std::uint64_t> rows_delivered{0};
  std::array<std::atomic<std::uint64_t>, kDropReasons> rows_dropped{};
  // Both: up when a chain is admitted, down when it is done with.
  alignas(64) std::atomic<std::int64_t> rows_held{0};

  void dropped(DropReason reason, std::uint64_t rows) {
    rows_dropped[static_cast<std::size_t>(reason)].fetch_add(rows, std::memory_order_relaxed);
  }
  // Counts on from what another one of the same two components has counted, which ends.
  void inherit(const Route& other) {
    rows_offered += other.rows_offered;
    rows_recovered += other.rows_recovered;
    rows_delivered += other.rows_delivered;
    for (std::size_t i = 0; i < kDropReasons; ++i) rows_dropped[i] += other.rows_dropped[i];
    rows_held += other.rows_held;
  }
};

// What the routes from one component to another have counted together: after a reload there may
// be one into the queue of before and one into that of now.
struct RouteTotals {
  RouteTotals(std::string from, std::string to)
      : producer(std::move(from)), consumer(std::move(to)) {}

  std::string producer, consumer;
  std::uint64_t offered = 0, recovered = 0, delivered = 0;
  std::array<std::uint64_t, kDropReasons> dropped{};
  std::uint64_t held() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(held_, 0));
  }

  std::uint64_t of(DropReason reason) const { return dropped[static_cast<std::size_t>(reason)]; }

  void add(const Route& r) {
    offered += r.rows_offered;
    recovered += r.rows_recovered;
    delivered += r.rows_delivered;
    held_ += r.rows_held;
    for (std::size_t i = 0; i < kDropReasons; ++i) dropped[i] += r.rows_dropped[i];
  }

 private:
  // Below 0 for a moment where what is admitted and done with at once is seen in the other order.
  std::int64_t held_ = 0;
};

}  // namespace weir::core
