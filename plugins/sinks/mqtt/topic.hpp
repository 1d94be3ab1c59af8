// Topics made of rows: "weir/{measurement}/{label:host}".
//
// What stands in braces becomes one level of the topic, or part of one, whatever the value is:
//   / + #, % itself, controls and what MQTT forbids in texts   %2F %2B %23 %25 ...: the bytes
//   $ at the begin of the topic, which brokers keep for themselves   %24
//   no value, or an empty one   _      and the value _   %5F
//   malformed UTF-8   U+FFFD
// so that different well-formed values make different topics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_series.hpp"
#include "weir/format_text.hpp"

namespace weir::mqtt_sink {

inline constexpr std::size_t kTopicBytesMax = 65535;

struct TopicTemplate {
  enum class Kind { text, measurement, label, field };
  struct Part {
    Kind kind;
    std::string text;  // or the name of the label or field
  };
  std::vector<Part> parts;
  bool has_fields = false;  // the same for every row of a series where it has none
  std::string problem;      // not empty: what is wrong with it
};
TopicTemplate parse_topic(std::string_view text);

// "" or what is wrong with a topic that is published to as it stands.
std::string topic_problem(std::string_view topic);

// Appends `value` as above.
void append_level(std::string_view value, format::Buffer& out);

// One thread. What is the same for every row of a series is made once.
class Topics {
 public:
  explicit Topics(TopicTemplate topic);

  // Ends in NUL, which its size does not count; more than kTopicBytesMax bytes cannot be published.
  // Valid until the next call.
  std::string_view of(const weir_batch& batch, std::uint32_t row);

 private:
  void append(const weir_batch& batch, std::uint32_t row, format::Buffer& out);

  const TopicTemplate template_;
  format::PrefixCache cache_;
  format::Buffer text_;
};

}  // namespace weir::mqtt_sink
