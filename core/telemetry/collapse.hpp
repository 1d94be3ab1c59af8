// Holds repeated log lines back: the same component, level and text (numbers aside) is written
// once in a while, and then says how often it came.
//
// Several flapping outputs interleave their lines, so it is not enough to compare with the last
// one. A fixed table, replaced by age: a flood of different lines is not held back.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/config/fnv.hpp"

namespace weir::core {

class Collapse {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kWindow{10};

  // What to do with a line: write it or not, and how many like it were held back before.
  struct Verdict {
    bool write;
    std::uint64_t held_back;
  };

  // Not thread-safe.
  Verdict judge(unsigned level, std::string_view component, std::string_view message,
                Clock::time_point now) {
    Fnv hash;
    hash.byte(static_cast<unsigned char>(level));
    hash.text(component);
    for (const char c : message) {
      if (c < '0' || c > '9') hash.byte(static_cast<unsigned char>(c));
    }
    Entry* oldest = &entries_[0];
    for (Entry& e : entries_) {
      if (e.key == hash.value() && e.used) {
        if (now - e.written < kWindow) {
          ++e.held_back;
          return {false, 0};
        }
        const std::uint64_t n = e.held_back;
        e = {hash.value(), now, 0, true};
        return {true, n};
      }
      if (!e.used || (oldest->used && e.written < oldest->written)) oldest = &e;
    }
    *oldest = {hash.value(), now, 0, true};
    return {true, 0};
  }

 private:
  struct Entry {
    std::uint64_t key = 0;
    Clock::time_point written;
    std::uint64_t held_back = 0;
    bool used = false;
  };
  std::array<Entry, 64> entries_{};
};

}  // namespace weir::core
