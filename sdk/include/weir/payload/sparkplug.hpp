// weir/payload/sparkplug.hpp - payloads of Sparkplug B: metrics of a device as Protocol Buffers.
// Field numbers, types and rules: Eclipse Sparkplug Specification 3.0, section 6.4.
//
// A payload is a time, a sequence number and metrics. A metric has a name, or an alias that a birth
// message bound to its name; a datatype; a value or none. The engineering unit is the property
// "engUnit". Of what a metric may hold, data sets, templates, bytes and extensions are not decoded:
// such a metric comes with its datatype and without a value. Texts are views of the bytes given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/payload/decoded.hpp"
#include "weir/payload/protobuf.hpp"

namespace weir::payload {

enum class SparkplugType : std::uint32_t {
  unknown = 0,
  int8 = 1,
  int16 = 2,
  int32 = 3,
  int64 = 4,
  uint8 = 5,
  uint16 = 6,
  uint32 = 7,
  uint64 = 8,
  float32 = 9,
  float64 = 10,
  boolean = 11,
  string = 12,
  date_time = 13,
  text = 14,
  uuid = 15,
};

// monostate: null, or a kind of value that is not decoded.
using SparkplugValue =
    std::variant<std::monostate, std::int64_t, std::uint64_t, double, bool, std::string_view>;

struct SparkplugMetric {
  std::string_view name;               // empty: only the alias is said
  std::optional<std::uint64_t> alias;  // unique in the edge node
  std::optional<std::uint64_t> time_ms;
  SparkplugType type = SparkplugType::unknown;  // unknown: not said, the birth message did
  bool historical = false;                      // held back while there was no connection
  std::string_view unit;                        // property engUnit
  SparkplugValue value;
  friend bool operator==(const SparkplugMetric&, const SparkplugMetric&) = default;
};

struct SparkplugPayload {
  std::optional<std::uint64_t> time_ms;
  std::optional<std::uint64_t> seq;  // 0 to 255; NDEATH has none
  std::vector<SparkplugMetric> metrics;
};

namespace detail {

// Integers up to 32 bits travel as uint32, larger ones as uint64, both as two's complement.
inline bool is_signed(SparkplugType t) {
  return t >= SparkplugType::int8 && t <= SparkplugType::int64;
}
inline bool is_wide(SparkplugType t) {
  return t == SparkplugType::int64 || t == SparkplugType::uint64 || t == SparkplugType::date_time;
}

class SparkplugValueWriter {
 public:
  SparkplugValueWriter(ProtoWriter& out, SparkplugType type) : out_(out), type_(type) {}
  void operator()(std::monostate) const { out_.varint(7, 1); }
  void operator()(std::int64_t v) const { integer(static_cast<std::uint64_t>(v)); }
  void operator()(std::uint64_t v) const { integer(v); }
  void operator()(double v) const {
    if (type_ == SparkplugType::float32) {
      out_.fixed32(12, static_cast<float>(v));
    } else {
      out_.fixed64(13, v);
    }
  }
  void operator()(bool v) const { out_.varint(14, v ? 1 : 0); }
  void operator()(std::string_view v) const { out_.bytes(15, v); }

 private:
  void integer(std::uint64_t v) const {
    if (is_wide(type_)) {
      out_.varint(11, v);
    } else {
      out_.varint(10, v & 0xFFFFFFFFu);
    }
  }
  ProtoWriter& out_;
  SparkplugType type_;
};

}  // namespace detail

// Appends a payload. The caller sees to it that a value is of the kind that its type says.
inline void encode_sparkplug(std::optional<std::uint64_t> time_ms,
                             std::span<const SparkplugMetric> metrics,
                             std::optional<std::uint64_t> seq, format::Buffer& out) {
  ProtoWriter writer(out);
  if (time_ms) writer.varint(1, *time_ms);
  for (const SparkplugMetric& m : metrics) {
    const std::size_t metric = writer.begin(2);
    if (!m.name.empty()) writer.bytes(1, m.name);
    if (m.alias) writer.varint(2, *m.alias);
    if (m.time_ms) writer.varint(3, *m.time_ms);
    if (m.type != SparkplugType::unknown) writer.varint(4, static_cast<std::uint32_t>(m.type));
    if (m.historical) writer.varint(5, 1);
    if (!m.unit.empty()) {
      const std::size_t properties = writer.begin(9);
      writer.bytes(1, "engUnit");
      const std::size_t value = writer.begin(2);
      writer.varint(1, static_cast<std::uint32_t>(SparkplugType::string));
      writer.bytes(8, m.unit);
      writer.end(value);
      writer.end(properties);
    }
    std::visit(detail::SparkplugValueWriter(writer, m.type), m.value);
    writer.end(metric);
  }
  if (seq) writer.varint(3, *seq);
}

namespace detail {

// The string under the key engUnit; keys and values are parallel lists.
inline bool read_properties(std::string_view bytes, std::string_view& unit, const char*& error) {
  ProtoReader in(bytes);
  std::size_t keys = 0;
  std::size_t values = 0;
  std::size_t unit_at = SIZE_MAX;
  ProtoField f;
  while (in.next(f)) {
    if (f.number == 1 && f.wire == 2) {
      if (f.bytes == "engUnit") unit_at = keys;
      ++keys;
    } else if (f.number == 2 && f.wire == 2 && values++ == unit_at) {
      ProtoReader value(f.bytes);
      for (ProtoField v; value.next(v);) {
        if (v.number == 8 && v.wire == 2) unit = v.bytes;
      }
      if (value.error() != nullptr) error = value.error();
    }
  }
  if (in.error() != nullptr) error = in.error();
  return error == nullptr;
}

inline SparkplugValue integer_value(SparkplugType type, std::uint64_t raw) {
  switch (type) {
    case SparkplugType::int8: return std::int64_t{static_cast<std::int8_t>(raw)};
    case SparkplugType::int16: return std::int64_t{static_cast<std::int16_t>(raw)};
    case SparkplugType::int32: return std::int64_t{static_cast<std::int32_t>(raw)};
    case SparkplugType::int64: return static_cast<std::int64_t>(raw);
    default: return raw;
  }
}

inline bool read_metric(std::string_view bytes, SparkplugMetric& out, const char*& error) {
  ProtoReader in(bytes);
  std::uint64_t integer = 0;  // its meaning depends on the type, which may follow it
  bool is_integer = false;
  bool is_null = false;
  for (ProtoField f; in.next(f);) {
    // A field with a wire type that is not its own is unknown to us, and passed over.
    switch (f.number << 3 | f.wire) {
      case 1 << 3 | 2: out.name = f.bytes; break;
      case 2 << 3: out.alias = f.value; break;
      case 3 << 3: out.time_ms = f.value; break;
      case 4 << 3: out.type = static_cast<SparkplugType>(f.value & 0xFFFFFFFFu); break;
      case 5 << 3: out.historical = f.value != 0; break;
      case 7 << 3: is_null = f.value != 0; break;
      case 9 << 3 | 2:
        if (!read_properties(f.bytes, out.unit, error)) return false;
        break;
      case 10 << 3:
      case 11 << 3:
        integer = f.value;
        is_integer = true;
        break;
      case 12 << 3 | 5:
        out.value = static_cast<double>(f.as_float());
        is_integer = false;
        break;
      case 13 << 3 | 1:
        out.value = f.as_double();
        is_integer = false;
        break;
      case 14 << 3:
        out.value = f.value != 0;
        is_integer = false;
        break;
      case 15 << 3 | 2:
        out.value = f.bytes;
        is_integer = false;
        break;
      default: break;
    }
  }
  error = in.error();
  if (error != nullptr) return false;
  if (is_integer) out.value = integer_value(out.type, integer);
  if (is_null) out.value = std::monostate{};
  return true;
}

}  // namespace detail

// Decodes a payload of at most `metrics_max` metrics; `bytes` must outlive `out`, which views them.
inline Decoded decode_sparkplug(std::string_view bytes, std::size_t metrics_max,
                                SparkplugPayload& out) {
  out = {};
  ProtoReader in(bytes);
  for (ProtoField f; in.next(f);) {
    switch (f.number << 3 | f.wire) {
      case 1 << 3: out.time_ms = f.value; break;
      case 3 << 3: out.seq = f.value; break;
      case 2 << 3 | 2: {
        if (out.metrics.size() == metrics_max) {
          return {"more metrics than are allowed in one message", in.offset() - f.bytes.size()};
        }
        const char* error = nullptr;
        if (!detail::read_metric(f.bytes, out.metrics.emplace_back(), error)) {
          return {error, in.offset() - f.bytes.size()};
        }
        break;
      }
      default: break;
    }
  }
  return {in.error(), in.error() == nullptr ? 0 : in.offset()};
}

}  // namespace weir::payload
