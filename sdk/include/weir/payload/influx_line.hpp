// weir/payload/influx_line.hpp - points in the InfluxDB line protocol, as format_influx.hpp writes
// them and others do:
//
//   measurement,tag=value field=1,other=2i,text="a" 1795255200000000000
//
// A mistake costs its line only. That ends at its first line end, also within a string, since a
// quote may lack its partner: what follows is read as lines of their own. It reads back what
// format_influx.hpp writes, save what that leaves out: in tags and names a backslash stands for
// itself unless ',', '=' or ' ' follows, so that a line end in a label stays the two characters
// \n; in strings, where a backslash is doubled, \n and \r are line ends again.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "weir/format_text.hpp"
#include "weir/payload/decoded.hpp"

namespace weir::payload {

// Texts are views of `storage`: they live until the next line is read into the same point.
struct InfluxPoint {
  using Value = std::variant<double, std::int64_t, std::uint64_t, bool, std::string_view>;
  struct Tag {
    std::string_view key, value;
  };
  struct Field {
    std::string_view key;
    Value value;
  };
  std::string_view measurement;
  std::vector<Tag> tags;
  std::vector<Field> fields;
  std::optional<std::int64_t> time;  // as written, in the unit that its writer chose
  std::string storage;
};

namespace detail {

class InfluxLineReader {
 public:
  InfluxLineReader(std::string_view text, InfluxPoint& out) : text_(text), out_(out) {}

  // How much of the text was read, without the line end.
  std::size_t at() const { return at_; }

  Decoded read() {
    // Unescaped text is never longer than what is written, so that views into it stay good.
    out_.storage.clear();
    out_.storage.reserve(text_.size());
    out_.tags.clear();
    out_.fields.clear();
    out_.time.reset();
    if (!name(out_.measurement, ", ")) return wrong("a line begins with a measurement");
    while (take(',')) {
      InfluxPoint::Tag tag;
      if (!name(tag.key, ",= ") || !take('=') || !name(tag.value, ", ")) {
        return wrong("a tag is key=value, neither of them empty");
      }
      out_.tags.push_back(tag);
    }
    if (!blanks()) return wrong("expected a blank before the fields");
    do {
      InfluxPoint::Field field;
      if (!name(field.key, ",= ") || !take('=')) return wrong("a field is key=value");
      if (const char* error = value(field.value)) return wrong(error);
      out_.fields.push_back(field);
    } while (take(','));
    if (blanks() && at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') {
      const char* const end = text_.data() + text_.size();
      const auto read = std::from_chars(text_.data() + at_, end, out_.time.emplace());
      if (read.ec != std::errc()) return wrong("the time is not a whole number of 64 bits");
      at_ = static_cast<std::size_t>(read.ptr - text_.data());
      blanks();
    }
    take('\r');
    if (at_ < text_.size() && text_[at_] != '\n') return wrong("more after the end of a line");
    return {};
  }

 private:
  Decoded wrong(const char* error) const { return {error, at_}; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool blanks() {
    const std::size_t begin = at_;
    while (take(' ')) {
    }
    return at_ > begin;
  }
  // A byte of well-formed UTF-8 text, or all bytes of a longer sequence.
  bool copy() {
    std::size_t bytes = 1;
    if (static_cast<unsigned char>(text_[at_]) >= 0x80) {
      const auto* begin = reinterpret_cast<const unsigned char*>(text_.data());
      const int step = format::utf8_step(begin + at_, begin + text_.size());
      if (step < 0) return false;
      bytes = static_cast<std::size_t>(step);
    }
    out_.storage.append(text_.substr(at_, bytes));
    at_ += bytes;
    return true;
  }
  // Up to one of `ends` that is not escaped; not empty.
  bool name(std::string_view& out, std::string_view ends) {
    const std::size_t begin = out_.storage.size();
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == '\n') return false;
      if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
          std::string_view(",= ").find(text_[at_ + 1]) != std::string_view::npos) {
        ++at_;
      }
      if (!copy()) return false;
    }
    out = std::string_view(out_.storage).substr(begin);
    return !out.empty();
  }
  const char* string(InfluxPoint::Value& out) {
    const std::size_t begin = out_.storage.size();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        constexpr std::string_view kNames = "\"\\nr";
        constexpr std::string_view kMeant = "\"\\\n\r";
        if (const std::size_t i = kNames.find(text_[at_ + 1]); i != std::string_view::npos) {
          out_.storage += kMeant[i];
          at_ += 2;
          continue;
        }
      }
      if (!copy()) return "malformed UTF-8 in a string";
    }
    if (!take('"')) return "the string does not end";
    out = std::string_view(out_.storage).substr(begin);
    return nullptr;
  }
  const char* value(InfluxPoint::Value& out) {
    if (take('"')) return string(out);
    const std::size_t end = std::min(text_.find_first_of(", \r\n", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    for (const std::string_view yes : {"t", "T", "true", "True", "TRUE"}) {
      if (word == yes) return out = true, nullptr;
    }
    for (const std::string_view no : {"f", "F", "false", "False", "FALSE"}) {
      if (word == no) return out = false, nullptr;
    }
    const std::size_t first = word.starts_with('-') ? 1 : 0;
    if (first >= word.size() || ((word[first] < '0' || word[first] > '9') && word[first] != '.')) {
      return "a value is a number, a truth or a string in quotes";
    }
    const auto whole = [&](auto number) -> const char* {
      const char* const last = word.data() + word.size() - 1;
      const auto read = std::from_chars(word.data(), last, number);
      if (read.ec != std::errc() || read.ptr != last) return "not a whole number of 64 bits";
      out = number;
      return nullptr;
    };
    if (word.ends_with('i')) return whole(std::int64_t{});
    if (word.ends_with('u')) return whole(std::uint64_t{});
    double number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec != std::errc() || read.ptr != word.data() + word.size()) {
      return "not a number of a double's range";
    }
    out = number;
    return nullptr;
  }

  std::string_view text_;
  InfluxPoint& out_;
  std::size_t at_ = 0;
};

}  // namespace detail

// Reads the next line of `rest` and takes it away, good or not; empty lines and comments (#) are
// passed over. False: there is none. `result` tells of a line what is wrong, at a byte of it.
inline bool next_influx_line(std::string_view& rest, InfluxPoint& out, Decoded& result) {
  for (;;) {
    const std::size_t begin = rest.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return false;
    rest.remove_prefix(begin);
    if (rest.front() != '#') break;
    rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
  }
  // A line ends at a line end outside of strings: the reader knows where, unless it is malformed.
  detail::InfluxLineReader reader(rest, out);
  result = reader.read();
  rest.remove_prefix(result ? reader.at() : std::min(rest.find('\n'), rest.size()));
  return true;
}

}  // namespace weir::payload
