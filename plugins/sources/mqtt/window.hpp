// Messages that were received and not yet acknowledged: the bookkeeping between the broker and the
// agent, for QoS 1 and 2. Pure; one thread.
//
// Acknowledgements go out in the order of the messages (MQTT 5.0, 4.6), each when its rows are
// settled. When the connection is lost the broker, if it keeps the session, sends again what it has
// no acknowledgement of, with the same packet ids and DUP: also what we acknowledged, where it did
// not read that any more. Such a message is known by its id and its bytes, and is not given to the
// agent twice while this process lives. An id whose acknowledgement the broker has read may be
// another message's, so what was acknowledged is remembered only until the broker answers a ping
// that was sent behind it. What comes without DUP, or with other bytes, is always another message.
//
// QoS 2: the broker hands a message over with our PUBREC, which is therefore what waits; its id
// is then known until PUBREL, so that the same message sent again is only answered.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "packet.hpp"
#include "weir/rows.hpp"

namespace weir::mqtt_source {

// What the broker sent. Constant, save what the window keeps of it.
struct Message {
  std::string topic, payload;
  Time arrival = 0;
  std::uint8_t qos = 0;
  bool is_too_large = false;  // the payload is cut off
  bool is_again = false;      // it was sent or decoded before
  std::size_t bytes() const { return topic.size() + payload.size() + sizeof(Message); }

 private:
  friend class Window;
  std::uint16_t id_ = 0;          // 0: the broker does not know of it any more
  bool is_settled_ = false;       // may be acknowledged
  std::uint32_t connection_ = 0;  // the last one on which it came
};
using MessagePtr = std::shared_ptr<Message>;

class Window {
 public:
  // A connection was made. Without a session at the broker it will acknowledge nothing old.
  void connected(bool session_present);
  // A message of QoS 1 or 2 came. Null: it is one that is known; else it is to be settled.
  MessagePtr received(const Publish& publish, bool is_too_large, Time now);
  // Its rows are where they must be, or can never be anywhere.
  void settle(const MessagePtr& message);
  void released(std::uint16_t id) { recorded_.reset(id); }  // PUBREL
  // Appends the acknowledgements that may be sent now; how many.
  std::size_t acknowledge(std::string& out);
  // A ping was put behind the acknowledgements; the broker answered the next one.
  void pinged() { pings_.push_back(done_count_); }
  void answered();
  // The answer to a ping would let it forget something, and none is on its way.
  bool wants_ping() const { return !done_.empty() && pings_.empty(); }

  // Fewer than so many, with fewer bytes, are unsettled or wait for their turn to be acknowledged.
  bool has_room(std::size_t count, std::size_t bytes) const {
    return unsettled_ < count && due_.size() < count && unsettled_bytes_ < bytes &&
           due_bytes_ < bytes;
  }
  std::size_t unsettled() const { return unsettled_; }
  std::size_t unsettled_bytes() const { return unsettled_bytes_; }
  std::size_t known() const { return by_id_.size(); }
  std::size_t remembered() const { return done_.size(); }

 private:
  struct Due {
    MessagePtr message;  // null: its rows are settled, and it came again
    std::uint16_t id;
    std::uint8_t qos;
    std::uint64_t hash;  // where `message` is null
  };
  struct Done {
    std::uint64_t hash;    // of the message
    std::uint64_t number;  // they are counted, for pings
  };
  bool is_done(const Publish& publish);
  void push_due(const MessagePtr& message, const Publish& publish);
  void remember(std::uint16_t id, std::uint64_t hash) { done_[id] = {hash, ++done_count_}; }
  void retire(const MessagePtr& message);
  void forget(const MessagePtr& message);

  // Unsettled, or settled and due on this connection.
  std::unordered_map<std::uint16_t, MessagePtr> by_id_;
  // Settled, and the broker may not know.
  std::unordered_map<std::uint16_t, Done> done_;
  std::uint64_t done_count_ = 0;
  std::deque<std::uint64_t> pings_;  // on their way: done_count_ when each was put
  std::deque<Due> due_;              // of this connection, in the order of acknowledgement
  std::bitset<65536> recorded_;
  std::uint32_t connection_ = 0;
  std::size_t unsettled_ = 0, unsettled_bytes_ = 0, due_bytes_ = 0;
};

}  // namespace weir::mqtt_source
