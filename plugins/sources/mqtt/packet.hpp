// The packets of MQTT 5 and 3.1.1 that a subscriber sends and gets, and a plain PUBLISH;
// docs/decisions/0007 says why they are ours. Bytes from outside are read within bounds. Views are
// of the bytes given.
//
// Numbers of sections are those of the OASIS standard, MQTT Version 5.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/payload/decoded.hpp"

namespace weir::mqtt_source {

enum class Type : std::uint8_t {
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  suback = 9,
  pingresp = 13,
  disconnect = 14,
};

struct Connack {
  bool session_present = false;
  std::uint8_t code = 0;
  std::optional<std::uint16_t> keep_alive_s;  // what the broker wants instead of what we said
  std::string_view reason;
};

struct Publish {
  std::string_view topic, payload;
  std::uint16_t id = 0;
  std::uint8_t qos = 0;
  bool dup = false, retain = false;
};

// PUBREL, SUBACK (with its codes), DISCONNECT.
struct Answer {
  std::uint16_t id = 0;
  std::uint8_t code = 0;
  std::string_view codes, reason;
};

using Parsed = payload::Decoded;
// `body`: behind the fixed header, whose first byte is `first`.
Parsed parse_connack(std::string_view body, bool v5, Connack& out);
Parsed parse_publish(std::uint8_t first, std::string_view body, bool v5, Publish& out);
Parsed parse_pubrel(std::string_view body, Answer& out);
Parsed parse_suback(std::string_view body, bool v5, Answer& out);
Parsed parse_disconnect(std::string_view body, Answer& out);

struct Connect {
  bool v5 = true, clean = false;
  std::uint16_t keep_alive_s = 0;
  std::uint32_t session_expiry_s = 0;  // v5
  std::uint16_t receive_max = 65535;   // v5
  std::string_view client_id, user, password;
};
// Each appends a packet.
void put_connect(const Connect& connect, std::string& out);
struct Filter {
  std::string_view text;
  std::uint8_t qos = 0;
};
class SubscribeWriter {
 public:
  SubscribeWriter(std::uint16_t id, bool v5);
  // v5: retained messages come when the subscription is new, not at every connection.
  void add(Filter filter);
  void finish(std::string& out) const;

 private:
  std::string body_;
  bool v5_;
};
void put_ack(Type type, std::uint16_t id, std::string& out);  // PUBACK, PUBREC, PUBCOMP
// Of QoS 0; the topic has at most 65535 bytes.
void put_publish(std::string_view topic, std::string_view payload, bool v5, std::string& out);
void put_ping(std::string& out);
void put_disconnect(std::string& out);

// Cuts a stream of bytes into packets. Of one that is larger than `packet_bytes_max` only the
// beginning is kept, enough for a PUBLISH's topic and id, and the rest is thrown away as it comes.
class PacketReader {
 public:
  static constexpr std::size_t kKeptBytes = 65535 + 2 + 2 + 8;

  explicit PacketReader(std::size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

  struct Packet {
    std::uint8_t first = 0;
    std::string_view body;
    bool is_cut = false;  // larger than allowed: `body` is its beginning
    Type type() const { return static_cast<Type>(first >> 4); }
  };
  enum class Next { packet, more, malformed };

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The packet's views live until the next call of either.
  Next next(Packet& out);

 private:
  const std::size_t packet_bytes_max_;
  std::string buffer_;
  std::size_t at_ = 0;    // what precedes it was given out
  std::size_t skip_ = 0;  // bytes to come that belong to a packet that was cut
};

// What a reason code of CONNACK (either version), SUBACK or DISCONNECT means, and what to do.
std::string reason_text(std::uint8_t code, std::string_view from_broker, bool v5);

}  // namespace weir::mqtt_source
