// See units.hpp.
#include "core/config/units.hpp"

#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include "core/config/text.hpp"

namespace weir::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Large to small, as format_duration needs them.
constexpr Unit kDurationUnits[] = {{"d", 86'400'000'000'000},
                                   {"h", 3'600'000'000'000},
                                   {"m", 60'000'000'000},
                                   {"s", 1'000'000'000},
                                   {"ms", 1'000'000},
                                   {"us", 1'000},
                                   {"ns", 1}};
constexpr Unit kSizeUnits[] = {{"B", 1},
                               {"kB", 1'000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000},
                               {"KiB", std::int64_t{1} << 10},
                               {"MiB", std::int64_t{1} << 20},
                               {"GiB", std::int64_t{1} << 30},
                               {"TiB", std::int64_t{1} << 40}};

// How one quantity is spoken of.
struct Quantity {
  std::span<const Unit> units;
  const char* name;                               // "duration"
  const char* example;                            // "15s"
  std::span<const std::string_view> usual_units;  // what a bare number meant, most likely first
  const char* too_large;
  bool may_combine;  // 1h30m
};

constexpr std::string_view kUsualDurations[] = {"s", "ms", "m", "h", "d", "us", "ns"};
constexpr std::string_view kUsualSizes[] = {"KiB", "MiB", "GiB", "TiB", "B"};
constexpr Quantity kDuration{kDurationUnits,
                             "duration",
                             "15s",
                             kUsualDurations,
                             "more than 292 years, the longest duration",
                             true};
constexpr Quantity kSize{
    kSizeUnits, "size", "64KiB", kUsualSizes, "more than 8 EiB, the largest size", false};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::size_t count_digits(std::string_view s) {
  std::size_t n = 0;
  while (n < s.size() && is_digit(s[n])) ++n;
  return n;
}

// digits[.digits] times `factor`, exact; false where the result is no whole number or does not
// fit.
bool scaled(std::string_view digits, std::string_view fraction, std::int64_t factor,
            __int128& result) {
  __int128 whole = 0;
  for (char c : digits) {
    whole = whole * 10 + (c - '0');
    if (whole > INT64_MAX) return false;
  }
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  __int128 part = 0;
  __int128 divisor = 1;
  for (char c : fraction) {
    if (divisor > factor) return false;  // finer than one ns or byte
    part = part * 10 + (c - '0');
    divisor *= 10;
  }
  if (part * factor % divisor != 0) return false;
  result = whole * factor + part * factor / divisor;
  return result <= INT64_MAX;
}

std::string parse(std::string_view text, const Quantity& quantity, const Usual& usual,
                  std::int64_t& value);

// "; did you mean 64GiB?" for a number whose last part has no unit, where one makes it a value that
// the option takes. `last`: the unit before, of 1h30 the hour; null without one.
std::string suggest_unit(std::string_view number, const Quantity& quantity, const Usual& usual,
                         const Unit* last) {
  constexpr std::size_t kBytesMax = 32;
  if (number.size() > kBytesMax) return "";
  const auto parsed = [&](std::string_view text, std::int64_t& value) {
    return parse(text, quantity, {}, value).empty();
  };
  const auto fits = [&](std::string_view text) {
    std::int64_t value = 0;
    std::int64_t bound = 0;
    return parsed(text, value) &&
           (usual.min == nullptr || !parsed(usual.min, bound) || value >= bound) &&
           (usual.max == nullptr || !parsed(usual.max, bound) || value <= bound);
  };
  std::vector<std::string_view> units;
  if (last != nullptr) {
    for (const Unit& unit : quantity.units) {
      if (unit.factor < last->factor) units.push_back(unit.name);
    }
  } else {
    std::string_view rest = usual.value == nullptr ? "" : usual.value;
    while (!rest.empty() && !is_letter(rest[0])) rest.remove_prefix(1);
    std::size_t letters = 0;
    while (letters < rest.size() && is_letter(rest[letters])) ++letters;
    if (letters > 0) units.push_back(rest.substr(0, letters));
    units.insert(units.end(), quantity.usual_units.begin(), quantity.usual_units.end());
  }
  for (const std::string_view unit : units) {
    const std::string text = std::string(number) + std::string(unit);
    if (fits(text)) return "; did you mean " + text + "?";
  }
  return "";
}

std::string parse(std::string_view text, const Quantity& quantity, const Usual& usual,
                  std::int64_t& value) {
  const std::string expected =
      std::string("expected a ") + quantity.name + " such as " + quantity.example;
  const std::string got = ", got " + in_quotes(text);
  if (text == "0") {
    value = 0;
    return "";
  }
  __int128 sum = 0;
  const Unit* last = nullptr;
  std::string_view rest = text;
  if (rest.empty()) return expected + ", got nothing";
  while (!rest.empty()) {
    const std::string_view digits = rest.substr(0, count_digits(rest));
    rest.remove_prefix(digits.size());
    std::string_view fraction;
    if (!digits.empty() && rest.starts_with('.')) {
      fraction = rest.substr(1, count_digits(rest.substr(1)));
      if (fraction.empty()) return expected + got;
      rest.remove_prefix(fraction.size() + 1);
    }
    if (digits.empty()) return expected + got;
    std::size_t letters = 0;
    while (letters < rest.size() && is_letter(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    if (name.empty() && rest.empty()) {
      return std::string("a ") + quantity.name + " needs a unit, got " + in_quotes(text) +
             suggest_unit(text, quantity, usual, last);
    }
    if (name.empty()) return expected + got;
    const Unit* unit = nullptr;
    std::string known;
    for (const Unit& u : quantity.units) {
      if (u.name == name) unit = &u;
      known += ' ';
      known += u.name;
    }
    if (unit == nullptr) {
      return in_quotes(text) + " has the unknown unit " + in_quotes(name) + "; units:" + known;
    }
    __int128 part = 0;
    if (!scaled(digits, fraction, unit->factor, part)) {
      return fraction.empty()
                 ? in_quotes(text) + " is " + quantity.too_large
                 : in_quotes(text) + " is no whole number of " +
                       (quantity.may_combine ? "nanoseconds" : "bytes") + " that fits 64 bits";
    }
    last = unit;
    sum += part;
    if (sum > INT64_MAX) return in_quotes(text) + " is " + quantity.too_large;
    if (!rest.empty() && !quantity.may_combine) return expected + got;
  }
  value = static_cast<std::int64_t>(sum);
  return "";
}

}  // namespace

std::string parse_bool(std::string_view text, bool& value) {
  if (text == "true" || text == "True" || text == "TRUE") {
    value = true;
  } else if (text == "false" || text == "False" || text == "FALSE") {
    value = false;
  } else {
    return "expected true or false, got " + in_quotes(text);
  }
  return "";
}

std::string parse_int(std::string_view text, std::int64_t& value) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) return in_quotes(text) + " does not fit 64 bits";
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return "expected a whole number, got " + in_quotes(text);
  }
  return "";
}

std::string parse_float(std::string_view text, double& value) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return in_quotes(text) + " is beyond what a 64-bit floating-point number holds";
  }
  if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
    return "expected a number, got " + in_quotes(text);
  }
  return "";
}

std::string parse_duration(std::string_view text, std::int64_t& value_ns, const Usual& usual) {
  return parse(text, kDuration, usual, value_ns);
}

std::string parse_size(std::string_view text, std::int64_t& value_bytes, const Usual& usual) {
  return parse(text, kSize, usual, value_bytes);
}

std::string parse_speed(std::string_view text, double& value) {
  std::string_view number = text;
  if (number.ends_with('x')) number.remove_suffix(1);
  double speed = 0;
  if (!parse_float(number, speed).empty()) {
    return "expected a speed such as 60x, got " + in_quotes(text);
  }
  if (speed < 0.001 || speed > 1e6) {
    return "must be from 0.001x to 1000000x, got " + in_quotes(text);
  }
  value = speed;
  return "";
}

std::string format_duration(std::int64_t value_ns) {
  if (value_ns == 0) return "0s";
  std::string text;
  for (const Unit& unit : kDurationUnits) {
    if (value_ns < unit.factor) continue;
    text += std::to_string(value_ns / unit.factor);
    text += unit.name;
    value_ns %= unit.factor;
  }
  return text;
}

std::string format_size(std::int64_t bytes) {
  for (const char* name : {"TiB", "GiB", "MiB", "KiB"}) {
    for (const Unit& unit : kSizeUnits) {
      if (unit.name == name && bytes >= unit.factor && bytes % unit.factor == 0) {
        return std::to_string(bytes / unit.factor) + name;
      }
    }
  }
  return std::to_string(bytes) + "B";
}

}  // namespace weir::config
