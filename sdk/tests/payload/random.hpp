// A seeded source of values for property tests. The seed is printed with a failure; WEIR_SEED sets
// it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace weir::payload {

class Random {
 public:
  Random()
      : seed_(std::getenv("WEIR_SEED") != nullptr
                  ? std::strtoull(std::getenv("WEIR_SEED"), nullptr, 10)
                  : std::random_device{}()),
        trace_(__FILE__, __LINE__, "WEIR_SEED=" + std::to_string(seed_)),
        engine_(seed_) {}

  std::uint64_t bits() { return engine_(); }
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool chance() { return (engine_() & 1) != 0; }
  std::int16_t i16() { return static_cast<std::int16_t>(engine_()); }
  // Well-formed UTF-8, with what needs escaping, up to `size_max` characters.
  std::string text(std::size_t size_max) {
    static const char* const kPieces[] = {
        "a",    "Z",    "0", "\"",       "\\",           "\n",
        "\x01", "\x7f", "/", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x8C\x8A",
        " ",    "{"};
    std::string text;
    for (std::uint64_t n = below(size_max + 1); n > 0; --n) text += kPieces[below(14)];
    return text;
  }

 private:
  std::uint64_t seed_;
  testing::ScopedTrace trace_;
  std::mt19937_64 engine_;
};

}  // namespace weir::payload
