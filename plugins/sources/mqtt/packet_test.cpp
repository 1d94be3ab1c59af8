// The packets of MQTT: what we send, what brokers send, in pieces, too large, and broken.
#include "packet.hpp"

#include <gtest/gtest.h>

#include <random>

namespace weir::mqtt_source {
namespace {

using namespace std::string_literals;

TEST(Packets, ThatWeSendAreThoseOfTheStandard) {
  std::string out;
  put_connect({.v5 = true,
               .clean = false,
               .keep_alive_s = 30,
               .session_expiry_s = 3600,
               .receive_max = 20,
               .client_id = "c",
               .user = "u",
               .password = "p"},
              out);
  EXPECT_EQ(out, "\x10\x1C\0\4MQTT\5\xC0\0\x1E\x08\x11\0\0\x0E\x10\x21\0\x14\0\1c\0\1u\0\1p"s);
  out.clear();
  put_connect({.v5 = false, .clean = true, .keep_alive_s = 5, .client_id = "c"}, out);
  EXPECT_EQ(out, "\x10\x0D\0\4MQTT\4\2\0\5\0\1c"s);
  out.clear();
  SubscribeWriter five(1, true);
  five.add({"a/+", 1});
  five.add({"$share/g/a", 2});
  five.finish(out);
  EXPECT_EQ(out, "\x82\x16\0\1\0\0\3a/+\x11\0\x0A$share/g/a\2"s);
  out.clear();
  SubscribeWriter three(1, false);
  three.add({"a", 2});
  three.finish(out);
  EXPECT_EQ(out, "\x82\6\0\1\0\1a\2"s);
  out.clear();
  put_ack(Type::puback, 258, out);
  put_ack(Type::pubrec, 1, out);
  put_ack(Type::pubcomp, 1, out);
  put_ping(out);
  put_disconnect(out);
  put_publish("a/b", "x", true, out);
  put_publish("a/b", "x", false, out);
  EXPECT_EQ(out,
            "\x40\2\1\2\x50\2\0\1\x70\2\0\1\xC0\0\xE0\0"
            "\x30\7\0\3a/b\0x\x30\6\0\3a/bx"s);
}

TEST(Packets, OfABrokerAreRead) {
  std::string bytes;  // what was read are views of it
  Connack connack;
  bytes = "\1\0\5\x13\0\x3C\x25\1"s;
  EXPECT_TRUE(parse_connack(bytes, true, connack));
  EXPECT_TRUE(connack.session_present);
  EXPECT_EQ(connack.keep_alive_s, 60);
  bytes = "\0\x87\5\x1F\0\2no"s;
  EXPECT_TRUE(parse_connack(bytes, true, connack));
  EXPECT_EQ(connack.code, 0x87);
  EXPECT_EQ(connack.reason, "no");
  Publish publish;
  bytes = "\0\3a/b\0\7payload"s;
  EXPECT_TRUE(parse_publish(0x3B, bytes, false, publish));
  EXPECT_EQ(publish.topic, "a/b");
  EXPECT_EQ(publish.payload, "payload");
  EXPECT_EQ(publish.id, 7);
  EXPECT_EQ(publish.qos, 1);
  EXPECT_TRUE(publish.dup);
  EXPECT_TRUE(publish.retain);
  bytes = "\0\1a\7\x26\0\1k\0\1v"s + "x";
  EXPECT_TRUE(parse_publish(0x30, bytes, true, publish));
  EXPECT_EQ(publish.payload, "x");
  EXPECT_EQ(publish.id, 0);
  Answer answer;
  bytes = "\0\1\0\1\x8F"s;
  EXPECT_TRUE(parse_suback(bytes, true, answer));
  EXPECT_EQ(answer.codes, "\1\x8F"s);
  bytes = "\x8E\0"s;
  EXPECT_TRUE(parse_disconnect(bytes, answer));
  EXPECT_EQ(answer.code, 0x8E);
  EXPECT_TRUE(parse_disconnect("", answer));
}

TEST(Packets, ThatAreBrokenAreRefused) {
  Publish publish;
  EXPECT_FALSE(parse_publish(0x30, "", false, publish));
  EXPECT_FALSE(parse_publish(0x30, "\0\0x"s, false, publish)) << "no topic";
  EXPECT_FALSE(parse_publish(0x30, "\0\5a"s, false, publish));
  EXPECT_FALSE(parse_publish(0x32, "\0\1a\0"s, false, publish)) << "half an id";
  EXPECT_FALSE(parse_publish(0x32, "\0\1a\0\0"s, false, publish)) << "id 0";
  EXPECT_FALSE(parse_publish(0x36, "\0\1a\0\1"s, false, publish)) << "QoS 3";
  EXPECT_FALSE(parse_publish(0x30, "\0\1a\5\x26"s, true, publish)) << "cut properties";
  EXPECT_FALSE(parse_publish(0x30, "\0\1a\2\x7E\1"s, true, publish)) << "no such property";
  EXPECT_FALSE(parse_publish(0x30, "\0\1a\3\x23\0\1"s, true, publish)) << "a topic alias";
  Connack connack;
  EXPECT_FALSE(parse_connack("\0"s, true, connack));
  EXPECT_FALSE(parse_connack("\0\0\xFF\xFF\xFF\xFF\x7F"s, true, connack));
}

TEST(Packets, ComeInAnyPieces) {
  const std::string stream = "\x20\2\0\0"s + "\x30\xC8\1\0\1a"s + std::string(197, 'x') + "\xD0\0"s;
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    PacketReader reader(1 << 20);
    PacketReader::Packet packet;
    std::vector<std::pair<Type, std::size_t>> got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t piece = 1 + random() % 60;
      reader.feed(std::string_view(stream).substr(at, piece));
      at += piece;
      while (reader.next(packet) == PacketReader::Next::packet) {
        got.emplace_back(packet.type(), packet.body.size());
      }
    }
    EXPECT_EQ(got, (std::vector<std::pair<Type, std::size_t>>{
                       {Type::connack, 2}, {Type::publish, 200}, {Type::pingresp, 0}}));
  }
}

TEST(Packets, ThatAreTooLargeAreCutAndWhatFollowsIsRead) {
  PacketReader reader(1000);
  PacketReader::Packet packet;
  const std::size_t size = 300'000;
  std::string stream = "\x32\xE0\xA7\x12\0\1a\0\7"s + std::string(size - 5, 'x') + "\xD0\0"s;
  int cut = 0, pings = 0;
  for (std::size_t at = 0; at < stream.size(); at += 5000) {
    reader.feed(std::string_view(stream).substr(at, 5000));
    while (reader.next(packet) == PacketReader::Next::packet) {
      cut += packet.is_cut ? 1 : 0;
      pings += packet.type() == Type::pingresp ? 1 : 0;
      if (!packet.is_cut) continue;
      Publish publish;
      EXPECT_EQ(packet.body.size(), PacketReader::kKeptBytes);
      EXPECT_TRUE(parse_publish(packet.first, packet.body, false, publish));
      EXPECT_EQ(publish.id, 7);
    }
  }
  EXPECT_EQ(cut, 1);
  EXPECT_EQ(pings, 1);
  PacketReader broken(1000);
  broken.feed("\x30\xFF\xFF\xFF\xFF\1");
  EXPECT_EQ(broken.next(packet), PacketReader::Next::malformed);
}

TEST(Reasons, NameARemedy) {
  EXPECT_EQ(reason_text(0x8E, "", true),
            "another client took the session over; give each its own client_id (142)");
  EXPECT_EQ(reason_text(4, "", false), "wrong user or password (4)");
  EXPECT_EQ(reason_text(0x80, "why", true), "refused; check the broker's log (128): why");
}

}  // namespace
}  // namespace weir::mqtt_source
