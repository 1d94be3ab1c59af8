// From messages to the agent: a thread that decodes, emits many messages as one, and learns what
// became of them.
//
// It has a thread of its own since `emit` waits where a queue is full and says `when_full: block`,
// and the connection must be kept alive meanwhile. What is lost on the way (WEIR_LOST) is decoded
// and emitted again after a pause, until it is delivered: it is still here, since the broker has
// not been told. How much is here is bounded by who adds: the window for QoS 1 and 2, a limit in
// bytes for QoS 0.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "decoder.hpp"
#include "link.hpp"
#include "topic.hpp"
#include "weir/host.hpp"
#include "window.hpp"

namespace weir::mqtt_source {

class Deliverer {
 public:
  // `wake` is called on any thread, when `collect` or `rebirths` has something to say; it must not
  // block. `asks`: for births of Sparkplug's edge nodes that were missed.
  Deliverer(Source source, const std::vector<Subscription>& subscriptions,
            std::function<void()> wake, bool asks = false);
  ~Deliverer();

  void start();
  // Emits no more; what was emitted may still be settled. Does not wait.
  void halt();
  void join();  // of the thread, after `halt`

  void add(MessagePtr message);
  // QoS 0: false, and counted, where more than `bytes_max` wait already.
  bool try_add(MessagePtr message, std::size_t bytes_max);
  // Messages that may be acknowledged. Puts those that were lost back in line when their pause is
  // over; `next` is when to call again at the latest.
  std::vector<MessagePtr> collect(Clock::time_point now, Clock::time_point& next);
  std::vector<std::string> rebirths();  // edge nodes that are to be asked for their births
  std::size_t outstanding();            // groups that were emitted and are not settled

  struct Counts {
    std::uint64_t messages = 0, bad = 0, dropped = 0, repeated = 0, unnamed = 0;
    std::size_t series = 0;
  };
  Counts counts();

 private:
  using Group = std::vector<MessagePtr>;
  struct Feed {
    Topic topic;
    std::unique_ptr<Decoder> decoder;
    Rows rows;  // of its own, so that its sets of names leave room for those of others
  };

  void run();
  Group next_group();
  void deliver(Group group);
  std::string decode(const Message& message);
  void save_births();
  std::vector<Batch> take_rows();
  void emit(Group group);
  void emit_loose(std::size_t messages);
  void tell_trouble(const Message& message, const std::string& why);
  static void settled(void* context, std::uint64_t token, weir_outcome outcome);

  const Source source_;
  const std::function<void()> wake_;
  std::thread thread_;

  // The thread's own.
  std::vector<Feed> feeds_;
  std::shared_ptr<Sparkplug> sparkplug_;
  std::vector<std::string_view> topic_values_;
  std::vector<Point::Label> topic_labels_;
  std::uint64_t untold_ = 0;
  Clock::time_point told_{}, released_{};

  std::mutex mutex_;  // guards what follows
  std::condition_variable ready_;
  bool is_halted_ = false;
  std::deque<MessagePtr> waiting_;
  std::size_t loose_bytes_ = 0;  // of QoS 0 in waiting_
  std::unordered_map<std::uint64_t, Group> emitted_;
  std::uint64_t token_ = 0;
  std::vector<MessagePtr> done_, lost_;
  std::vector<std::string> rebirths_;
  Clock::time_point lost_due_{};
  Duration pause_{};
  Counts counts_;
};

}  // namespace weir::mqtt_source
