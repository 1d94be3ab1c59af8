// weir/payload/json_reader.hpp - reads JSON (RFC 8259) from outside, piece by piece, within bounds.
//
//   JsonReader in(bytes);
//   if (in.enter_object()) {
//     for (std::string key; in.next_key(key);) {
//       if (key == "value") in.number(value); else in.skip();
//     }
//   }
//   in.end();
//   if (!in.result()) ...
//
// The first mistake ends it: from then on every function answers false, so that a caller asks for
// the result once, at the end. Nesting has a limit, and so has what a caller takes of a string;
// nothing else is kept. Text must be well-formed UTF-8.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weir/format_text.hpp"
#include "weir/payload/decoded.hpp"

namespace weir::payload {

class JsonReader {
 public:
  static constexpr int kDepthMax = 32;

  explicit JsonReader(std::string_view text) : text_(text) {}

  Decoded result() const { return {error_, error_ == nullptr ? 0 : at_}; }
  bool fail(const char* error) {
    if (error_ == nullptr) error_ = error;
    return false;
  }

  // The first character of the value that follows: '{', '[', '"', 't', 'f', 'n', a digit or '-';
  // 0 at the end and after a mistake.
  char peek() {
    blanks();
    return error_ == nullptr && at_ < text_.size() ? text_[at_] : '\0';
  }

  bool enter_object() { return enter('{', "expected an object"); }
  // The next member's name, the reader then stands before its value; false at the object's end.
  bool next_key(std::string& key, std::size_t bytes_max = 256) {
    return next('}') && string(key, bytes_max) && expect(':', "expected ':' after the name");
  }
  bool enter_array() { return enter('[', "expected an array"); }
  bool next_item() { return next(']'); }

  bool string(std::string& out, std::size_t bytes_max) {
    out.clear();
    return read_string([&](std::string_view piece) {
      if (out.size() + piece.size() > bytes_max) return fail("the string is too long");
      out.append(piece);
      return true;
    });
  }
  bool number(double& out) {
    std::string_view digits;
    if (!number_text(digits)) return false;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return read.ec == std::errc() || fail("the number is beyond a double's range");
  }
  template <class Integer>
  bool integer(Integer& out) {
    std::string_view digits;
    if (!number_text(digits)) return false;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, out);
    if (read.ec != std::errc()) return fail("the whole number is out of range");
    return read.ptr == end || fail("expected a whole number");
  }
  bool null() { return word("null"); }
  // A number as it is written (RFC 8259 section 6): from_chars alone would take "01", "1." and
  // "inf".
  bool number_text(std::string_view& out) {
    peek();
    const std::size_t begin = at_;
    if (at('-')) ++at_;
    const std::size_t whole = at_;
    if (!digits() || (text_[whole] == '0' && at_ - whole > 1)) return fail("expected a number");
    if (at('.')) {
      ++at_;
      if (!digits()) return fail("expected digits after '.'");
    }
    if (at('e') || at('E')) {
      ++at_;
      if (at('+') || at('-')) ++at_;
      if (!digits()) return fail("expected digits of the exponent");
    }
    out = text_.substr(begin, at_ - begin);
    return true;
  }

  // Passes over a value of any kind.
  bool skip() {
    const int floor = depth_;
    do {
      if (depth_ > floor && !next(open_[depth_ - 1] == '{' ? '}' : ']')) {
        if (error_ != nullptr) return false;
        continue;
      }
      if (depth_ > floor && open_[depth_ - 1] == '{') {
        if (!read_string([](std::string_view) { return true; }) ||
            !expect(':', "expected ':' after the name")) {
          return false;
        }
      }
      if (!skip_one()) return false;
    } while (depth_ > floor);
    return error_ == nullptr;
  }

  // Nothing may follow the value that was read.
  bool end() { return peek() == '\0' && at_ >= text_.size() ? ok() : fail("more after the end"); }

 private:
  bool ok() const { return error_ == nullptr; }
  void blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool expect(char c, const char* error) {
    if (peek() != c) return fail(error);
    ++at_;
    return true;
  }
  bool enter(char c, const char* error) {
    if (!expect(c, error)) return false;
    if (depth_ == kDepthMax) return fail("nested too deep");
    open_[depth_++] = c;
    first_ = true;
    return true;
  }
  // To the next member of what is open; at its end it is closed and the answer is false.
  bool next(char close) {
    if (!ok()) return false;
    const bool first = first_;
    first_ = false;
    if (peek() == close) {
      ++at_;
      --depth_;
      return false;
    }
    return first || expect(',', "expected ',' or the end");
  }
  bool skip_one() {
    switch (peek()) {
      case '{': return enter_object();
      case '[': return enter_array();
      case '"': return read_string([](std::string_view) { return true; });
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: {
        std::string_view digits;
        return number_text(digits);
      }
    }
  }
  bool word(std::string_view text) {
    if (peek() == '\0' || !text_.substr(at_).starts_with(text)) return fail("expected a value");
    at_ += text.size();
    return true;
  }

  bool at(char c) const { return ok() && at_ < text_.size() && text_[at_] == c; }
  bool digits() {
    const std::size_t begin = at_;
    while (ok() && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  // Hands the string's text over in pieces.
  template <class Take>
  bool read_string(Take take) {
    if (!expect('"', "expected a string")) return false;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return fail("a control character in a string");
      if (c == '\\') {
        if (!escape(take)) return false;
      } else {
        std::size_t bytes = 1;
        if (c >= 0x80) {
          const auto* begin = reinterpret_cast<const unsigned char*>(text_.data());
          const int step = format::utf8_step(begin + at_, begin + text_.size());
          if (step < 0) return fail("malformed UTF-8");
          bytes = static_cast<std::size_t>(step);
        }
        if (!take(text_.substr(at_, bytes))) return false;
        at_ += bytes;
      }
    }
    return fail("the string does not end");
  }
  template <class Take>
  bool escape(Take take) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (++at_ >= text_.size()) return fail("the string does not end");
    const char c = text_[at_++];
    if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
      return take(kMeant.substr(i, 1));
    }
    std::uint32_t code = 0;
    if (c != 'u' || !hex4(code)) return fail("an escape that JSON does not have");
    if (code >= 0xD800 && code < 0xE000) {
      std::uint32_t low = 0;
      if (code >= 0xDC00 || !text_.substr(at_).starts_with("\\u")) {
        return fail("half of a surrogate pair");
      }
      at_ += 2;
      if (!hex4(low) || low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    char utf8[4];
    return take({utf8, put_utf8(utf8, code)});
  }
  bool hex4(std::uint32_t& out) {
    if (text_.size() - at_ < 4) return false;
    const char* const begin = text_.data() + at_;
    const auto read = std::from_chars(begin, begin + 4, out, 16);
    if (read.ec != std::errc() || read.ptr != begin + 4) return false;
    at_ += 4;
    return true;
  }
  static std::size_t put_utf8(char* p, std::uint32_t code) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
      p[0] = static_cast<char>(code);
      return 1;
    }
    if (code < 0x800) {
      p[0] = static_cast<char>(0xC0 | code >> 6);
      p[1] = tail(0);
      return 2;
    }
    if (code < 0x10000) {
      p[0] = static_cast<char>(0xE0 | code >> 12);
      p[1] = tail(6);
      p[2] = tail(0);
      return 3;
    }
    p[0] = static_cast<char>(0xF0 | code >> 18);
    p[1] = tail(12);
    p[2] = tail(6);
    p[3] = tail(0);
    return 4;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const char* error_ = nullptr;
  int depth_ = 0;
  bool first_ = false;  // just entered: no comma comes before the next member
  char open_[kDepthMax] = {};
};

}  // namespace weir::payload
