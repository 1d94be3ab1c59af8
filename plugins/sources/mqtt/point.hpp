// What a decoder makes of a message, one row at a time. Texts are the decoder's, until the next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/rows.hpp"

namespace weir::mqtt_source {

struct Point {
  struct Label {
    std::string_view key, value;
  };
  using Value = std::variant<double, std::int64_t, std::uint64_t, bool, std::string_view>;
  struct Field {
    std::string_view name, unit;
    Value value;
    bool is_null = false;  // no value, of the value's type
  };
  std::string_view measurement;
  std::vector<Label> labels;
  std::vector<Field> fields;
  Time time = 0;
  bool has_own_time = true;  // false: `time` is when the message came

  void at(Time own) {
    time = own;
    has_own_time = true;
  }
  void arrived(Time when) {
    time = when;
    has_own_time = false;
  }
  // The first of a key stands: what the topic says, which the broker's rules cover, before what
  // the payload says.
  void label(std::string_view key, std::string_view value) {
    const auto same = [&](const Label& l) { return l.key == key; };
    if (std::none_of(labels.begin(), labels.end(), same)) labels.push_back({key, value});
  }
};

}  // namespace weir::mqtt_source
