#include "packet.hpp"

#include <algorithm>

namespace weir::mqtt_source {

namespace {

// Properties that are looked at (2.2.2.2), and the kinds of the others, to pass over them.
enum Property : std::uint8_t { kServerKeepAlive = 0x13, kReasonString = 0x1F, kTopicAlias = 0x23 };
enum class Kind { none, byte, two, four, varint, text, pair };

Kind kind_of(std::uint32_t property) {
  switch (property) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2A: return Kind::byte;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23: return Kind::two;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27: return Kind::four;
    case 0x0B: return Kind::varint;
    case 0x03:
    case 0x08:
    case 0x09:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1A:
    case 0x1C:
    case 0x1F: return Kind::text;
    case 0x26: return Kind::pair;
    default: return Kind::none;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool is_good() const { return is_good_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const char c : take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint32_t varint() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      const std::uint32_t byte = number(1);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    is_good_ = false;
    return 0;
  }
  std::string_view text() { return take(number(2)); }
  std::string_view take(std::size_t size) {
    if (!is_good_ || size > left()) {
      is_good_ = false;
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::string_view rest() { return take(left()); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool is_good_ = true;
};

// Calls use(property, number, text) for each.
template <class Use>
bool properties(Reader& in, Use use) {
  const std::uint32_t size = in.varint();
  Reader p(in.take(size));
  while (in.is_good() && p.is_good() && p.left() > 0) {
    const std::uint32_t property = p.varint();
    std::uint32_t number = 0;
    std::string_view text;
    switch (kind_of(property)) {
      case Kind::none: return false;
      case Kind::byte: number = p.number(1); break;
      case Kind::two: number = p.number(2); break;
      case Kind::four: number = p.number(4); break;
      case Kind::varint: number = p.varint(); break;
      case Kind::pair: p.text(); [[fallthrough]];
      case Kind::text: text = p.text(); break;
    }
    if (p.is_good()) use(property, number, text);
  }
  return in.is_good() && p.is_good();
}

Parsed malformed(const Reader& in) { return {"malformed packet", in.at()}; }

void put_number(std::string& out, std::uint32_t value, int size) {
  for (int i = size; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
void put_varint(std::string& out, std::size_t value) {
  for (; value > 0x7F; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}
void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::uint32_t>(text.size()), 2);
  out += text;
}
void put_packet(std::string& out, std::uint8_t first, std::string_view body) {
  out += static_cast<char>(first);
  put_varint(out, body.size());
  out += body;
}

}  // namespace

Parsed parse_connack(std::string_view body, bool v5, Connack& out) {
  Reader in(body);
  out.session_present = (in.number(1) & 1) != 0;
  out.code = static_cast<std::uint8_t>(in.number(1));
  if (!in.is_good()) return malformed(in);
  if (!v5 || in.left() == 0) return {};  // a broker of 3.1.1 refuses version 5 in its own form
  const bool good = properties(in, [&](std::uint32_t p, std::uint32_t n, std::string_view text) {
    if (p == kServerKeepAlive) out.keep_alive_s = static_cast<std::uint16_t>(n);
    if (p == kReasonString) out.reason = text;
  });
  return good ? Parsed{} : malformed(in);
}

Parsed parse_publish(std::uint8_t first, std::string_view body, bool v5, Publish& out) {
  Reader in(body);
  out = {};
  out.dup = (first & 8) != 0;
  out.retain = (first & 1) != 0;
  out.qos = first >> 1 & 3;
  out.topic = in.text();
  if (out.qos > 0) out.id = static_cast<std::uint16_t>(in.number(2));
  if (!in.is_good() || out.qos > 2 || (out.qos > 0 && out.id == 0)) return malformed(in);
  if (v5) {
    bool has_alias = false;
    if (!properties(in, [&](std::uint32_t p, std::uint32_t, std::string_view) {
          has_alias |= p == kTopicAlias;
        })) {
      return malformed(in);
    }
    if (has_alias) return {"a topic alias, which was not allowed", in.at()};
  }
  if (out.topic.empty()) return {"a message without a topic", 0};
  out.payload = in.rest();
  return {};
}

Parsed parse_pubrel(std::string_view body, Answer& out) {
  Reader in(body);
  out.id = static_cast<std::uint16_t>(in.number(2));
  return in.is_good() ? Parsed{} : malformed(in);
}

Parsed parse_suback(std::string_view body, bool v5, Answer& out) {
  Reader in(body);
  out.id = static_cast<std::uint16_t>(in.number(2));
  const bool good =
      !v5 || properties(in, [&](std::uint32_t p, std::uint32_t, std::string_view text) {
        if (p == kReasonString) out.reason = text;
      });
  out.codes = in.rest();
  return good && in.is_good() ? Parsed{} : malformed(in);
}

Parsed parse_disconnect(std::string_view body, Answer& out) {
  Reader in(body);
  if (in.left() == 0) return {};
  out.code = static_cast<std::uint8_t>(in.number(1));
  if (in.left() == 0) return {};
  const bool good = properties(in, [&](std::uint32_t p, std::uint32_t, std::string_view text) {
    if (p == kReasonString) out.reason = text;
  });
  return good ? Parsed{} : malformed(in);
}

void put_connect(const Connect& connect, std::string& out) {
  std::string body;
  put_text(body, "MQTT");
  body += connect.v5 ? '\5' : '\4';
  std::uint8_t flags = connect.clean ? 2 : 0;
  if (!connect.user.empty()) flags |= 0x80;
  if (!connect.password.empty()) flags |= 0x40;
  body += static_cast<char>(flags);
  put_number(body, connect.keep_alive_s, 2);
  if (connect.v5) {
    std::string properties;
    properties += '\x11';
    put_number(properties, connect.session_expiry_s, 4);
    properties += '\x21';
    put_number(properties, connect.receive_max, 2);
    put_varint(body, properties.size());
    body += properties;
  }
  put_text(body, connect.client_id);
  if (!connect.user.empty()) put_text(body, connect.user);
  if (!connect.password.empty()) put_text(body, connect.password);
  put_packet(out, 0x10, body);
}

SubscribeWriter::SubscribeWriter(std::uint16_t id, bool v5) : v5_(v5) {
  put_number(body_, id, 2);
  if (v5) put_varint(body_, 0);
}
void SubscribeWriter::add(Filter filter) {
  constexpr std::uint8_t kRetainedIfNew = 1 << 4;
  put_text(body_, filter.text);
  // Shared subscriptions have no retained messages, and nothing to say about them.
  const bool shared = filter.text.starts_with("$share/");
  body_ += static_cast<char>(filter.qos | (v5_ && !shared ? kRetainedIfNew : 0));
}
void SubscribeWriter::finish(std::string& out) const { put_packet(out, 0x82, body_); }

void put_ack(Type type, std::uint16_t id, std::string& out) {
  out += static_cast<char>(static_cast<std::uint8_t>(type) << 4);
  out += '\2';
  put_number(out, id, 2);
}
void put_publish(std::string_view topic, std::string_view payload, bool v5, std::string& out) {
  std::string body;
  put_text(body, topic);
  if (v5) put_varint(body, 0);
  body += payload;
  put_packet(out, 0x30, body);
}
void put_ping(std::string& out) { out.append("\xC0\0", 2); }
void put_disconnect(std::string& out) { out.append("\xE0\0", 2); }

PacketReader::Next PacketReader::next(Packet& out) {
  const std::size_t skipped = std::min(skip_, buffer_.size() - at_);
  at_ += skipped;
  skip_ -= skipped;
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  // What was given out is only moved away when it is most of the buffer.
  const auto more = [&] {
    if (at_ > buffer_.size() / 2) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    return Next::more;
  };
  if (skip_ > 0 || rest.size() < 2) return more();
  std::size_t size = 0, header = 1;
  for (int shift = 0;; shift += 7, ++header) {
    if (shift == 28) return Next::malformed;
    if (header == rest.size()) return more();
    const auto byte = static_cast<unsigned char>(rest[header]);
    size |= std::size_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) break;
  }
  ++header;
  out.first = static_cast<std::uint8_t>(rest[0]);
  out.is_cut = header + size > std::max(packet_bytes_max_, kKeptBytes);
  const std::size_t kept = out.is_cut ? kKeptBytes : size;
  if (rest.size() < header + kept) return more();
  out.body = rest.substr(header, kept);
  at_ += header + kept;
  skip_ = size - kept;
  return Next::packet;
}

std::string reason_text(std::uint8_t code, std::string_view from_broker, bool v5) {
  const char* text = "reason code";
  switch (code) {
    case 1:
    case 0x84: text = "the broker does not speak this version; change protocol"; break;
    case 2:
    case 0x85: text = "the broker does not like the client's name; change client_id"; break;
    case 3:
    case 0x88: text = "the broker is not available"; break;
    case 4: text = v5 ? "reason code" : "wrong user or password"; break;
    case 0x86: text = "wrong user or password"; break;
    case 5:
    case 0x87: text = "not authorized; check user, password and the broker's rules"; break;
    case 0x80: text = "refused; check the broker's log"; break;
    case 0x8B: text = "the broker shuts down"; break;
    case 0x8D: text = "the broker has not heard from us for too long"; break;
    case 0x8E: text = "another client took the session over; give each its own client_id"; break;
    case 0x8F: text = "the broker does not like the topic; change it"; break;
    case 0x93: text = "too many messages in flight"; break;
    case 0x97: text = "over the broker's quota"; break;
    case 0x9D:
    case 0x9C: text = "the broker says to use another server; change url"; break;
    case 0x9E: text = "the broker has no shared subscriptions; remove $share from topic"; break;
    case 0xA2: text = "the broker has no wildcards; change topic"; break;
    default: break;
  }
  std::string result = std::string(text) + " (" + std::to_string(code) + ")";
  if (!from_broker.empty()) result.append(": ").append(from_broker.substr(0, 200));
  return result;
}

}  // namespace weir::mqtt_source
