// text.hpp - walking through the text tables of procfs and sysfs by hand: lines, blank-separated
// words, numbers. Everything works on views into the read buffer and copes with any bytes.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace node_probe {

// Takes the next line off `rest`; false at the end. The newline is in neither.
inline bool next_line(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const auto* newline = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
  const std::size_t length =
      newline == nullptr ? rest.size() : static_cast<std::size_t>(newline - rest.data());
  line = rest.substr(0, length);
  rest.remove_prefix(newline == nullptr ? length : length + 1);
  return true;
}

// Calls understand(line, number) for each line, numbered from 1. The number of the first for which
// it was false, or 0.
template <class Understand>
std::size_t each_line(std::string_view text, Understand understand) {
  std::size_t malformed = 0;
  std::string_view line;
  for (std::size_t number = 1; next_line(text, line); ++number) {
    if (!understand(line, number) && malformed == 0) malformed = number;
  }
  return malformed;
}

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline bool is_space(char c) { return is_blank(c) || (c >= '\n' && c <= '\r'); }

// Takes the next blank-separated word off `line`; empty at the end.
inline std::string_view next_word(std::string_view& line) {
  const char* at = line.data();
  const char* const end = at + line.size();
  while (at != end && is_blank(*at)) ++at;
  const char* const begin = at;
  while (at != end && !is_blank(*at)) ++at;
  line = {at, static_cast<std::size_t>(end - at)};
  return {begin, static_cast<std::size_t>(at - begin)};
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The whole of `word` as a number; false when it is anything else, or out of range.
template <class Number>
bool parse_number(std::string_view word, Number& value) {
  const char* const end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value);
  return result.ec == std::errc{} && result.ptr == end && !word.empty();
}
inline bool parse_hex(std::string_view word, std::uint64_t& value) {
  const char* const end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value, 16);
  return result.ec == std::errc{} && result.ptr == end && !word.empty();
}

// Takes the next word off `line` and reads it as a number.
template <class Number>
bool next_number(std::string_view& line, Number& value) {
  return parse_number(next_word(line), value);
}

}  // namespace node_probe
