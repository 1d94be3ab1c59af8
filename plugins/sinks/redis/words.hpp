// The server's protocol (RESP) as it is written: a command is the number of its words, then each
// word with its length before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "weir/format_number.hpp"
#include "weir/format_text.hpp"

namespace weir::redis_sink {

// "*3\r\n": that many words follow.
inline void append_word_count(std::size_t count, format::Buffer& out) {
  char* p = out.reserve(format::kNumberBytesMax);
  *p++ = '*';
  out.set_end(format::put(format::put_u64(p, count), "\r\n"));
}

inline void append_word(std::string_view word, format::Buffer& out) {
  char* p = out.reserve(word.size() + 2 * format::kNumberBytesMax);
  *p++ = '$';
  p = format::put(format::put_u64(p, word.size()), "\r\n");
  out.set_end(format::put(format::put(p, word), "\r\n"));
}

// A word that `put`, a writer of format_number.hpp, makes of a number.
template <class Value>
void append_number(format::Buffer& out, Value value, char* (*put)(char*, Value)) {
  char text[format::kNumberBytesMax];
  append_word({text, static_cast<std::size_t>(put(text, value) - text)}, out);
}
inline void append_integer(std::int64_t value, format::Buffer& out) {
  append_number(out, value, format::put_i64);
}

inline void append_command(std::initializer_list<std::string_view> words, format::Buffer& out) {
  append_word_count(words.size(), out);
  for (const std::string_view word : words) append_word(word, out);
}

}  // namespace weir::redis_sink
