// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): the hash of identities that must
// be the same in every run and on every host. Not for untrusted hash tables' keys alone.
#pragma once

#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace weir {

class Fnv {
 public:
  void byte(unsigned char b) { value_ = (value_ ^ b) * 1099511628211u; }
  void bytes(const char* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) byte(static_cast<unsigned char>(data[i]));
  }
  // With its end, so that "ab","c" and "a","bc" differ.
  void text(std::string_view s) {
    bytes(s.data(), s.size());
    byte(0);
  }
  std::uint64_t value() const { return value_; }
  std::string hex() const { return hex(value_); }
  // Always 16 digits.
  static std::string hex(std::uint64_t value) {
    char text[17];
    std::snprintf(text, sizeof text, "%016" PRIx64, value);
    return text;
  }

 private:
  std::uint64_t value_ = 14695981039346656037u;
};

}  // namespace weir
