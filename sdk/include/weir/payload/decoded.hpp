// weir/payload/decoded.hpp - what decoding a payload came to.
//
// Decoders take bytes from outside: they read within bounds, allocate no more than a small multiple
// of what they were given, and say what is wrong and where instead of throwing.
#pragma once

#include <cstddef>
#include <string>

namespace weir::payload {

struct [[nodiscard]] Decoded {
  const char* error = nullptr;  // a constant text; nullptr: all was well
  std::size_t offset = 0;       // the byte at which it was noticed

  explicit operator bool() const { return error == nullptr; }
  // "at byte 12: ..."; for logs.
  std::string text() const {
    return error == nullptr ? "" : "at byte " + std::to_string(offset) + ": " + error;
  }
};

}  // namespace weir::payload
