// Keys and channels by templates: which text a series has, so that no two series share one.
//
//   weir:latest:{measurement}:{labels}     weir:latest:disk:device:sda:host:fra1
//
// {measurement} is the name, {label.NAME} a label's value, {labels} the labels that the template
// does not name itself, sorted by name: name:value:name:value. Braces are {{ and }}. Of a value,
// ASCII letters, digits and _ . - ~ / stand for themselves, any other byte becomes %XX: what
// urllib.parse.quote does. So a value holds no separator, no wildcard and no brace, and a template
// that has {measurement} and {labels}, and between any two of these something that a value cannot
// hold, is the text of one series only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_text.hpp"

namespace weir::redis_sink {

class Template {
 public:
  // "" or what is wrong with it. `is_unique`: it must be the text of one series only.
  std::string parse(std::string_view text, bool is_unique);
  void append(const weir_series& series, format::Buffer& out) const;

 private:
  enum class Kind { literal, measurement, label, labels };
  struct Part {
    Kind kind;
    std::string text;  // literal: itself; label: its name
  };

  std::string uniqueness_problem() const;
  bool names(std::string_view label) const;
  void append_labels(const weir_series& series, format::Buffer& out) const;

  std::vector<Part> parts_;
};

void append_escaped(std::string_view value, format::Buffer& out);

// The slot of a cluster that a key belongs to: of what stands between its first { and the first }
// behind that, where that is not empty, else of all of it.
std::uint16_t slot_of(std::string_view key);

}  // namespace weir::redis_sink
