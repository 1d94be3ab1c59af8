// core/config/arena.hpp - owns the values that components are configured with.
//
// Values are many, small, immutable and all die at once, so they are carved out of a few blocks.
#pragma once

#include <cstring>
#include <memory_resource>
#include <string_view>

#include "weir/abi.h"

namespace weir::config {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A NUL-terminated copy.
  const char* text(std::string_view s) {
    char* copy = static_cast<char*>(memory_.allocate(s.size() + 1, 1));
    if (!s.empty()) std::memcpy(copy, s.data(), s.size());
    copy[s.size()] = '\0';
    return copy;
  }
  weir_string string(std::string_view s) { return {text(s), s.size()}; }
  weir_value* value() {
    auto* v = static_cast<weir_value*>(memory_.allocate(sizeof(weir_value), alignof(weir_value)));
    *v = weir_value{};
    v->size = sizeof(weir_value);
    return v;
  }
  // Room for `count` pointers, all NULL.
  const weir_value** items(std::size_t count) {
    const std::size_t bytes = count * sizeof(const weir_value*);
    void* room = memory_.allocate(bytes, alignof(const weir_value*));
    std::memset(room, 0, bytes);
    return static_cast<const weir_value**>(room);
  }

 private:
  std::pmr::monotonic_buffer_resource memory_{4096};
};

}  // namespace weir::config
