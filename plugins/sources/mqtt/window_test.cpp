// Acknowledgements: in order, only for what is settled, once for a message that comes again.
#include "window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

namespace weir::mqtt_source {
namespace {

using namespace std::string_literals;

Publish message(std::uint16_t id, std::string_view payload, std::uint8_t qos = 1) {
  Publish p;
  p.topic = "t";
  p.payload = payload;
  p.id = id;
  p.qos = qos;
  return p;
}
Publish again(Publish p) {
  p.dup = true;
  return p;
}
std::string acks(Window& window) {
  std::string out;
  window.acknowledge(out);
  return out;
}

TEST(Window, AcknowledgesInOrderWhatIsSettled) {
  Window w;
  w.connected(false);
  const MessagePtr one = w.received(message(1, "a"), false, 5);
  const MessagePtr two = w.received(message(2, "b", 2), false, 5);
  const MessagePtr three = w.received(message(3, "c"), false, 5);
  EXPECT_EQ(w.unsettled(), 3u);
  w.settle(three);
  w.settle(two);
  EXPECT_EQ(acks(w), "") << "the first is not settled";
  w.settle(one);
  w.settle(one);
  EXPECT_EQ(acks(w), "\x40\2\0\1\x50\2\0\2\x40\2\0\3"s);
  EXPECT_EQ(acks(w), "");
  EXPECT_EQ(w.unsettled(), 0u);
  EXPECT_EQ(w.unsettled_bytes(), 0u);
  EXPECT_EQ(w.known(), 0u);
}

TEST(Window, KnowsAMessageThatComesAgainOnTheNextConnection) {
  Window w;
  w.connected(false);
  const MessagePtr one = w.received(message(1, "a"), false, 0);
  const MessagePtr two = w.received(message(2, "b"), false, 0);
  w.settle(one);
  w.connected(true);
  EXPECT_EQ(acks(w), "") << "the broker has not sent it on this connection";
  EXPECT_EQ(w.received(again(message(1, "a")), false, 0), nullptr);
  EXPECT_EQ(w.received(again(message(2, "b")), false, 0), nullptr);
  EXPECT_EQ(w.received(again(message(2, "b")), false, 0), nullptr) << "twice: answered once";
  EXPECT_EQ(acks(w), "\x40\2\0\1"s);
  w.settle(two);
  EXPECT_EQ(acks(w), "\x40\2\0\2"s);
  EXPECT_EQ(w.known(), 0u);
}

TEST(Window, TakesAnotherMessageWithAnOldIdForANewOne) {
  Window w;
  w.connected(false);
  const MessagePtr old = w.received(message(1, "old"), false, 0);
  w.connected(true);
  const MessagePtr fresh = w.received(message(1, "new"), false, 0);
  ASSERT_NE(fresh, nullptr);
  w.settle(old);
  EXPECT_EQ(acks(w), "") << "the old one is not what the broker means";
  w.settle(fresh);
  EXPECT_EQ(acks(w), "\x40\2\0\1"s);
  EXPECT_EQ(w.known(), 0u);
}

TEST(Window, KeepsNothingForASessionThatIsGone) {
  Window w;
  w.connected(false);
  const MessagePtr one = w.received(message(1, "a"), false, 0);
  const MessagePtr two = w.received(message(2, "a", 2), false, 0);
  w.settle(two);
  acks(w);
  w.connected(false);
  EXPECT_EQ(w.unsettled(), 1u) << "its rows are still to be delivered";
  ASSERT_NE(w.received(message(2, "a", 2), false, 0), nullptr) << "another message 2";
  w.settle(one);
  EXPECT_EQ(acks(w), "");
}

TEST(Window, AnswersWhatWasHandedOverWithQos2UntilItIsReleased) {
  Window w;
  w.connected(false);
  w.settle(w.received(message(7, "a", 2), false, 0));
  EXPECT_EQ(acks(w), "\x50\2\0\7"s);
  w.connected(true);
  EXPECT_EQ(w.received(message(7, "a", 2), false, 0), nullptr) << "the PUBREC was lost";
  EXPECT_EQ(acks(w), "\x50\2\0\7"s);
  w.released(7);
  EXPECT_NE(w.received(message(7, "a", 2), false, 0), nullptr) << "the id is free again";
}

TEST(Window, AnswersWhatItAcknowledgedWhereTheBrokerDidNotReadThat) {
  Window w;
  w.connected(false);
  w.settle(w.received(message(1, "a"), false, 0));
  EXPECT_EQ(acks(w), "\x40\2\0\1"s);
  for (int connection = 0; connection < 3; ++connection) {
    w.connected(true);
    EXPECT_EQ(w.received(again(message(1, "a")), false, 0), nullptr);
    EXPECT_EQ(acks(w), "\x40\2\0\1"s);
  }
  w.connected(false);
  EXPECT_NE(w.received(again(message(1, "a")), false, 0), nullptr) << "of another session";
}

TEST(Window, TakesAnIdThatIsUsedAgainForANewMessage) {
  const auto acknowledged = [](Window& w) {
    w.connected(false);
    w.settle(w.received(message(1, "a"), false, 0));
    acks(w);
    w.connected(true);
  };
  Window clear, other, read;
  acknowledged(clear);
  EXPECT_NE(clear.received(message(1, "a"), false, 0), nullptr) << "DUP is clear";
  acknowledged(other);
  EXPECT_NE(other.received(again(message(1, "b")), false, 0), nullptr) << "other bytes";
  acknowledged(read);
  EXPECT_TRUE(read.wants_ping());
  read.pinged();
  EXPECT_FALSE(read.wants_ping());
  read.settle(read.received(message(2, "b"), false, 0));
  acks(read);
  read.answered();
  EXPECT_EQ(read.remembered(), 1u) << "that of 2 is behind the ping";
  EXPECT_NE(read.received(again(message(1, "a")), false, 0), nullptr)
      << "the broker has read the acknowledgement: this is another message";
  EXPECT_EQ(read.received(again(message(2, "b")), false, 0), nullptr);
}

TEST(Window, KnowsWhatIsSettledOverConnectionsThatAreTooShortForAll) {
  Window w;
  w.connected(false);
  const MessagePtr first = w.received(message(9, "z"), false, 0);
  w.settle(w.received(message(1, "a"), false, 0));
  w.connected(true);
  w.received(again(message(9, "z")), false, 0);
  w.connected(true);
  w.settle(first);
  EXPECT_EQ(w.received(again(message(9, "z")), false, 0), nullptr);
  EXPECT_EQ(w.received(again(message(1, "a")), false, 0), nullptr);
  EXPECT_EQ(acks(w), "\x40\2\0\x09\x40\2\0\1"s);
}

TEST(Window, ForgetsWhatTheBrokerDoesNotSendAgain) {
  Window w;
  w.connected(false);
  const MessagePtr one = w.received(message(1, "a"), false, 0);
  w.settle(w.received(message(2, "b"), false, 0));
  w.connected(true);
  w.settle(one);
  EXPECT_EQ(w.known(), 0u);
  EXPECT_EQ(w.remembered(), 2u);
  w.pinged();
  w.answered();
  w.answered();
  EXPECT_EQ(w.remembered(), 0u);
}

TEST(Window, HasRoomAgainWhenTheConnectionIsLostAndRowsAreDelivered) {
  Window w;
  w.connected(false);
  const MessagePtr one = w.received(message(1, "a"), false, 0);
  const MessagePtr two = w.received(message(2, std::string(1000, 'b')), false, 0);
  EXPECT_FALSE(w.has_room(2, 1 << 20));
  EXPECT_FALSE(w.has_room(10, 1000));
  w.settle(two);
  EXPECT_FALSE(w.has_room(2, 1 << 20)) << "its acknowledgement waits for its turn";
  w.connected(true);
  EXPECT_TRUE(w.has_room(2, 1000)) << "it can only come again when there is room for it";
  w.settle(one);
}

// A broker that keeps sessions and uses ids again at once, a connection that is lost at any time
// with what is on its way in either direction, an agent that settles in any order: each message is
// acknowledged, none before it is settled, none is given twice.
TEST(Window, HoldsAgainstABrokerThatLosesConnections) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  struct Kept {
    std::string payload;
    bool is_sent = false, is_dup = false;  // on this connection, on one before
  };
  constexpr std::uint16_t kPing = 0;
  Window w;
  std::map<std::uint16_t, Kept> broker;
  std::deque<std::uint16_t> to_broker;  // acknowledgements, and pings
  std::map<std::string, MessagePtr> given;
  std::set<std::string> settled;
  int next = 0, acknowledged = 0, repeated = 0;
  const auto send = [&](bool all) {
    for (auto& [id, kept] : broker) {
      if (kept.is_sent) continue;
      if (!all && random() % 10 == 0) return;
      kept.is_sent = true;
      Publish p = message(id, kept.payload);
      p.dup = kept.is_dup;
      if (MessagePtr m = w.received(p, false, 0)) {
        ASSERT_TRUE(given.emplace(kept.payload, m).second) << "given twice";
      } else {
        ++repeated;
      }
    }
  };
  const auto lose_connection = [&] {
    for (auto& [id, kept] : broker) {
      kept.is_dup |= kept.is_sent || random() % 2 == 0;  // sent, and it did not come
      kept.is_sent = false;
    }
    to_broker.clear();
    w.connected(true);
  };
  w.connected(false);
  for (int step = 0; step < 20'000 && !HasFatalFailure(); ++step) {
    switch (random() % 8) {
      case 0:
      case 1:
        if (broker.size() < 50) {
          std::uint16_t id = 1;
          while (broker.contains(id)) ++id;
          broker[id] = {std::to_string(next++)};
        }
        break;
      case 2:
      case 3: send(false); break;
      case 4:
        for (const auto& [payload, m] : given) {
          if (!settled.contains(payload) && random() % 3 == 0) {
            settled.insert(payload);
            w.settle(m);
          }
        }
        break;
      case 5:
        if (w.wants_ping()) {
          w.pinged();
          to_broker.push_back(kPing);
        }
        break;
      case 6:
        send(true);  // a broker sends what is old before it answers
        for (std::size_t n = random() % 50; n > 0 && !to_broker.empty(); --n) {
          if (to_broker.front() == kPing) w.answered();
          broker.erase(to_broker.front());
          to_broker.pop_front();
        }
        break;
      default:
        if (random() % 10 == 0) lose_connection();
    }
    const std::string out = acks(w);
    for (std::size_t at = 0; at < out.size(); at += 4) {
      ASSERT_EQ(out.substr(at, 2), "\x40\2"s);
      const auto id = static_cast<std::uint16_t>(static_cast<unsigned char>(out[at + 2]) << 8 |
                                                 static_cast<unsigned char>(out[at + 3]));
      ASSERT_TRUE(broker.contains(id));
      ASSERT_TRUE(broker[id].is_sent) << "acknowledged before it was sent on this connection";
      ASSERT_TRUE(settled.contains(broker[id].payload));
      to_broker.push_back(id);
      ++acknowledged;
    }
  }
  EXPECT_GT(acknowledged, 1000);
  EXPECT_GT(repeated, 100);
  EXPECT_EQ(w.unsettled(), given.size() - settled.size());
  EXPECT_LE(w.known() + w.remembered(), 100u);
}

}  // namespace
}  // namespace weir::mqtt_source
