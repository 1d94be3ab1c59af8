// weir/payload/reading_json.hpp - a device's reading as an object of JSON, or many as an array:
//
//   {"device_id":"env-0001","name":"temperature","value":21.53,"unit":"celsius",
//    "timestamp":"2026-11-21T10:00:00.000Z","owner_id":"acme"}
//
// Written so; read more liberally: members in any order, unknown ones passed over, `unit` and
// `owner_id` left out or null, `value` null for no value, `timestamp` also as a number of seconds
// (below 10^11) or milliseconds since the Unix epoch.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/format_jsonl.hpp"
#include "weir/format_number.hpp"
#include "weir/payload/json_reader.hpp"
#include "weir/payload/rfc3339.hpp"

namespace weir::payload {

inline constexpr std::size_t kReadingTextBytesMax = 1024;  // of each text of a decoded reading

// What an encoder is given: views of the caller's.
struct ReadingView {
  std::string_view device_id, name;
  double value = 0;  // NaN and infinities, which JSON does not have, are written as null
  std::string_view unit;
  std::int64_t time = 0;  // ns since the epoch
  std::string_view owner_id;
};

struct Reading {
  std::string device_id, name;
  double value = std::nan("");  // NaN: null was written
  std::string unit;
  std::int64_t time = 0;
  std::string owner_id;
};

// Appends objects; one thread. Keeps the last time's text.
class ReadingEncoder {
 public:
  void append(const ReadingView& r, format::Buffer& out) {
    const std::size_t text = r.device_id.size() + r.name.size() + r.unit.size() + r.owner_id.size();
    char* p = out.reserve(text * format::kEscapeRatioMax + 160);
    p = format::Jsonl::quoted(format::put(p, "{\"device_id\":"), r.device_id);
    p = format::Jsonl::quoted(format::put(p, ",\"name\":"), r.name);
    p = format::put(p, ",\"value\":");
    p = std::isfinite(r.value) ? format::put_f64(p, r.value) : format::put(p, "null");
    p = format::Jsonl::quoted(format::put(p, ",\"unit\":"), r.unit);
    p = format::put(format::put(p, ",\"timestamp\":\""), time_.at(r.time));
    p = format::Jsonl::quoted(format::put(p, "\",\"owner_id\":"), r.owner_id);
    *p++ = '}';
    out.set_end(p);
  }
  // An array is `[`, objects with this between them, and `]`.
  static constexpr std::string_view kBetween = ",";

 private:
  format::TimeText time_;
};

namespace detail {

inline bool read_time(JsonReader& in, std::int64_t& out) {
  if (in.peek() == '"') {
    std::string text;
    if (!in.string(text, 64)) return false;
    const auto time = parse_rfc3339(text);
    if (!time) return in.fail("the timestamp is not an RFC 3339 time with an offset");
    out = *time;
    return true;
  }
  std::string_view digits;
  if (!in.number_text(digits)) return false;
  // Whole numbers are taken exactly; those with a fraction to the microsecond a double holds.
  constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;
  constexpr std::int64_t kMillisecondsMax = 9'223'372'036'854;
  std::int64_t whole = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, whole);
  if (read.ec == std::errc() && read.ptr == end) {
    const bool seconds = whole > -kMillisecondsFrom && whole < kMillisecondsFrom;
    if (whole > kMillisecondsMax || whole < -kMillisecondsMax ||
        (seconds && (whole > kMillisecondsMax / 1000 || whole < -kMillisecondsMax / 1000))) {
      return in.fail("the timestamp is out of range");
    }
    out = whole * (seconds ? 1'000'000'000 : 1'000'000);
    return true;
  }
  double number = 0;
  std::from_chars(digits.data(), end, number);
  const double us = number * (std::abs(number) < kMillisecondsFrom ? 1e6 : 1e3);
  if (!(std::abs(us) < 9.2e15)) return in.fail("the timestamp is out of range");
  out = std::llround(us) * 1000;
  return true;
}

inline bool read_text(JsonReader& in, std::string& out) {
  out.clear();
  return in.peek() == 'n' ? in.null() : in.string(out, kReadingTextBytesMax);
}

inline bool read_reading(JsonReader& in, Reading& out) {
  enum : unsigned { kId = 1, kName = 2, kValue = 4, kUnit = 8, kTime = 16, kOwner = 32 };
  unsigned seen = 0;
  const auto once = [&](unsigned member) {
    if ((seen & member) != 0) return in.fail("a member comes twice");
    seen |= member;
    return true;
  };
  if (!in.enter_object()) return false;
  bool good = true;
  for (std::string key; good && in.next_key(key);) {
    if (key == "device_id") {
      good = once(kId) && in.string(out.device_id, kReadingTextBytesMax);
    } else if (key == "name") {
      good = once(kName) && in.string(out.name, kReadingTextBytesMax);
    } else if (key == "value") {
      out.value = std::nan("");
      good = once(kValue) && (in.peek() == 'n' ? in.null() : in.number(out.value));
    } else if (key == "unit") {
      good = once(kUnit) && read_text(in, out.unit);
    } else if (key == "timestamp") {
      good = once(kTime) && read_time(in, out.time);
    } else if (key == "owner_id") {
      good = once(kOwner) && read_text(in, out.owner_id);
    } else {
      good = in.skip();
    }
  }
  if (!good || !in.result()) return false;
  constexpr unsigned kNeeded = kId | kName | kValue | kTime;
  if ((seen & kNeeded) != kNeeded) {
    return in.fail("a reading needs device_id, name, value and timestamp");
  }
  return true;
}

}  // namespace detail

// Decodes one object or an array of up to `readings_max`. On an error `out` holds what preceded it.
inline Decoded decode_readings(std::string_view bytes, std::size_t readings_max,
                               std::vector<Reading>& out) {
  out.clear();
  JsonReader in(bytes);
  if (in.peek() == '[') {
    in.enter_array();
    while (in.next_item()) {
      if (out.size() == readings_max) {
        in.fail("more readings than are allowed in one message");
        break;
      }
      Reading reading;
      if (!detail::read_reading(in, reading)) break;
      out.push_back(std::move(reading));
    }
  } else if (readings_max > 0) {
    Reading reading;
    if (detail::read_reading(in, reading)) out.push_back(std::move(reading));
  }
  in.end();
  return in.result();
}

}  // namespace weir::payload
