// A YAML tree as values of an option table: types, bounds, defaults and unknown keys are those of
// the table, each mistake is told with its place.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "weir/abi.h"
#include "yaml_tree.hpp"

namespace weir::iot {

// Owns the values that it made; they view the tree's texts.
class YamlBinder {
 public:
  using Report = std::function<void(const YamlNode& at, const std::string& what)>;
  explicit YamlBinder(Report report) : report_(std::move(report)) {}

  // A GROUP over `options`. A null is an empty map.
  const weir_value* group(const weir_option* const* options, std::uint32_t count,
                          const YamlNode& node);

 private:
  weir_value* make(const weir_option* option, const YamlNode& node);
  const weir_value* bind(const weir_option& option, const YamlNode* written,
                         const YamlNode& parent);
  void bind_scalar(const weir_option& option, const YamlNode& node, weir_value& out);
  void bind_items(const weir_option& option, const YamlNode& node, weir_value& out);
  void set_items(weir_value& out, std::vector<const weir_value*> items);

  Report report_;
  std::deque<weir_value> values_;
  std::deque<std::vector<const weir_value*>> lists_;
};

}  // namespace weir::iot
