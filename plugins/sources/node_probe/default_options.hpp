// default_options.hpp - for tests: the options as the agent fills them in when nothing is written.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "options.hpp"

namespace node_probe {

namespace detail {
// Values of the option types that this source has, made of their default texts.
class Defaults {
 public:
  weir_value* group(const weir_option* const* options, std::uint32_t count) {
    weir_value& value = values_.emplace_back();
    auto& items = items_.emplace_back();
    for (std::uint32_t i = 0; i < count; ++i) items.push_back(one(*options[i]));
    value.type = WEIR_OPTION_GROUP;
    value.has_value = 1;
    value.item_count = count;
    value.items = items.data();
    return &value;
  }

 private:
  const weir_value* one(const weir_option& option) {
    if (option.type == WEIR_OPTION_GROUP) return group(option.children, option.child_count);
    weir_value& value = values_.emplace_back();
    value.type = option.type;
    value.option = &option;
    if (option.default_text == nullptr) return &value;
    value.has_value = 1;
    const std::string_view text = option.default_text;
    if (option.type == WEIR_OPTION_STRING) value.string = weir::abi_string(text);
    if (option.type == WEIR_OPTION_BOOL) value.i64 = text == "true" ? 1 : 0;
    if (option.type == WEIR_OPTION_DURATION) {
      value.i64 = std::strtoll(option.default_text, nullptr, 10) * 1'000'000'000;  // all in seconds
    }
    return &value;
  }

  std::deque<weir_value> values_;
  std::deque<std::vector<const weir_value*>> items_;
};
}  // namespace detail

inline Options default_options() {
  detail::Defaults defaults;
  Options options;
  options.table().read(options, *defaults.group(Options::table().data(), Options::table().size()));
  return options;
}

}  // namespace node_probe
