// weir/payload/protobuf.hpp - the wire format of Protocol Buffers, as far as small messages need
// it: fields as (number, wire type, value), to be written into a buffer and read from bytes
// outside. Format: https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "weir/format_text.hpp"

namespace weir::payload {

static_assert(std::endian::native == std::endian::little, "fixed fields are copied as they are");

inline constexpr std::size_t kVarintBytesMax = 10;

inline char* put_varint(char* p, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *p++ = static_cast<char>(value | 0x80);
  *p++ = static_cast<char>(value);
  return p;
}

class ProtoWriter {
 public:
  explicit ProtoWriter(format::Buffer& out) : out_(out) {}

  void varint(std::uint32_t field, std::uint64_t value) {
    char* p = out_.reserve(2 * kVarintBytesMax);
    out_.set_end(put_varint(put_varint(p, field << 3), value));
  }
  void fixed32(std::uint32_t field, float value) { fixed(field << 3 | 5, value); }
  void fixed64(std::uint32_t field, double value) { fixed(field << 3 | 1, value); }
  void bytes(std::uint32_t field, std::string_view value) {
    char* p = out_.reserve(2 * kVarintBytesMax + value.size());
    out_.set_end(format::put(put_varint(put_varint(p, field << 3 | 2), value.size()), value));
  }

  // A message within: `begin`, its fields, `end` with what `begin` gave.
  std::size_t begin(std::uint32_t field) {
    char* p = out_.reserve(kVarintBytesMax);
    out_.set_end(put_varint(p, field << 3 | 2));
    return out_.size();
  }
  // The length stands before what it counts, which moves to make room for it.
  void end(std::size_t mark) {
    const std::size_t size = out_.size() - mark;
    char* const content = out_.reserve(kVarintBytesMax) - size;
    char length[kVarintBytesMax];
    const auto length_size = static_cast<std::size_t>(put_varint(length, size) - length);
    std::memmove(content + length_size, content, size);
    std::memcpy(content, length, length_size);
    out_.set_end(content + length_size + size);
  }

 private:
  template <class T>
  void fixed(std::uint32_t tag, T value) {
    char* p = put_varint(out_.reserve(kVarintBytesMax + sizeof value), tag);
    std::memcpy(p, &value, sizeof value);
    out_.set_end(p + sizeof value);
  }
  format::Buffer& out_;
};

struct ProtoField {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;   // 0 varint, 1 64 bits, 2 bytes, 5 32 bits
  std::uint64_t value = 0;  // wire 0, 1 and 5
  std::string_view bytes;   // wire 2

  double as_double() const { return std::bit_cast<double>(value); }
  float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
};

// Reads the fields of one message. A view of the caller's bytes.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : bytes_(bytes) {}

  // False at the end, and where the bytes are no message: `error` tells which.
  bool next(ProtoField& out) {
    if (at_ == bytes_.size() || error_ != nullptr) return false;
    std::uint64_t tag = 0;
    if (!varint(tag)) return false;
    if (tag >> 3 == 0 || tag >> 32 != 0) return fail("a field number that does not exist");
    out.number = static_cast<std::uint32_t>(tag >> 3);
    out.wire = static_cast<std::uint32_t>(tag & 7);
    switch (out.wire) {
      case 0: return varint(out.value);
      case 1: return fixed(8, out.value);
      case 5: return fixed(4, out.value);
      case 2: {
        std::uint64_t size = 0;
        if (!varint(size)) return false;
        if (size > bytes_.size() - at_) return fail("a length beyond the end");
        out.bytes = bytes_.substr(at_, size);
        at_ += size;
        return true;
      }
      default: return fail("a wire type that is not used");
    }
  }
  const char* error() const { return error_; }
  std::size_t offset() const { return at_; }

 private:
  bool fail(const char* error) {
    error_ = error;
    return false;
  }
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      if (shift == 63 && byte > 1) return fail("a varint of more than 64 bits");
      out |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return true;
    }
    return fail("a varint beyond the end");
  }
  bool fixed(std::size_t size, std::uint64_t& out) {
    if (bytes_.size() - at_ < size) return fail("a number beyond the end");
    out = 0;
    std::memcpy(&out, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  const char* error_ = nullptr;
};

}  // namespace weir::payload
