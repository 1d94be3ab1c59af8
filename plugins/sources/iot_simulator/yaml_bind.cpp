#include "yaml_bind.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "weir/options.hpp"

namespace weir::iot {

namespace {

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// 1h30m, 0.5s, 0.
std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  static constexpr struct {
    std::string_view unit;
    double ns;
  } kUnits[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_float(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view name = text.substr(0, letters);
    text.remove_prefix(letters);
    const auto* unit = std::begin(kUnits);
    while (unit != std::end(kUnits) && unit->unit != name) ++unit;
    if (!number || unit == std::end(kUnits)) return std::nullopt;
    sum += *number * unit->ns;
  }
  if (sum > 9.2e18) return std::nullopt;
  return std::llround(sum);
}

// Beyond a bound: which, as it is declared.
template <class Parse, class Value>
std::string bound_problem(const weir_option& option, Value value, Parse parse) {
  const bool low = option.min_text != nullptr && value < *parse(option.min_text);
  const bool high = option.max_text != nullptr && value > *parse(option.max_text);
  if (!low && !high) return "";
  const std::string unit = option.unit != nullptr ? std::string(" ") + option.unit : "";
  return low ? std::string("must be at least ") + option.min_text + unit
             : std::string("must be at most ") + option.max_text + unit;
}

}  // namespace

weir_value* YamlBinder::make(const weir_option* option, const YamlNode& node) {
  weir_value& v = values_.emplace_back();
  v.size = sizeof v;
  v.option = option;
  v.type = WEIR_OPTION_GROUP;
  if (option != nullptr) v.type = option->type;
  v.file = "";
  v.line = node.line;
  v.column = node.column;
  return &v;
}

void YamlBinder::set_items(weir_value& out, std::vector<const weir_value*> items) {
  lists_.push_back(std::move(items));
  out.items = lists_.back().data();
  out.item_count = static_cast<std::uint32_t>(lists_.back().size());
  out.has_value = 1;
}

const weir_value* YamlBinder::group(const weir_option* const* options, std::uint32_t count,
                                    const YamlNode& node) {
  weir_value* out = make(nullptr, node);
  const bool is_map = node.kind == YamlNode::Kind::map;
  if (!is_map && node.kind != YamlNode::Kind::null) report_(node, "expected a map");
  std::vector<const YamlNode*> written(count);
  for (std::size_t i = 0; is_map && i < node.items.size(); ++i) {
    std::uint32_t at = 0;
    while (at < count && node.keys[i] != options[at]->name) ++at;
    if (at == count) {
      std::string names;
      for (std::uint32_t k = 0; k < count; ++k)
        names += (k > 0 ? ", " : "") + std::string(options[k]->name);
      report_(node.items[i], "unknown key '" + node.keys[i] + "', expected one of: " + names);
    } else if (written[at] != nullptr) {
      report_(node.items[i], "'" + node.keys[i] + "' is written twice");
    } else {
      written[at] = &node.items[i];
    }
  }
  std::vector<const weir_value*> items;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (written[i] == nullptr && (options[i]->flags & WEIR_OPTION_REQUIRED) != 0) {
      report_(node, std::string("'") + options[i]->name + "' is missing");
    }
    items.push_back(bind(*options[i], written[i], node));
  }
  set_items(*out, std::move(items));
  return out;
}

const weir_value* YamlBinder::bind(const weir_option& option, const YamlNode* written,
                                   const YamlNode& parent) {
  const YamlNode& node = written != nullptr ? *written : parent;
  weir_value* out = make(&option, node);
  if (written != nullptr && written->kind != YamlNode::Kind::null) {
    out->is_set = 1;
    if (option.type >= WEIR_OPTION_LIST) {
      bind_items(option, *written, *out);
    } else if (written->kind != YamlNode::Kind::scalar) {
      report_(*written, std::string("'") + option.name + "' must be a single value");
    } else {
      bind_scalar(option, *written, *out);
    }
  } else if (option.default_text != nullptr) {
    YamlNode text = {};
    text.text = option.default_text;
    bind_scalar(option, text, *out);
    if (option.type == WEIR_OPTION_STRING)
      out->string = {option.default_text, std::strlen(option.default_text)};
  }
  return out;
}

void YamlBinder::bind_scalar(const weir_option& option, const YamlNode& node, weir_value& out) {
  std::string problem;
  out.has_value = 1;
  out.string = abi_string(node.text);
  switch (option.type) {
    case WEIR_OPTION_STRING: break;
    case WEIR_OPTION_BOOL:
      if (node.text != "true" && node.text != "false") problem = "must be true or false";
      out.i64 = node.text == "true" ? 1 : 0;
      break;
    case WEIR_OPTION_INT:
      if (const auto v = parse_int(node.text)) {
        out.i64 = *v;
        out.f64 = static_cast<double>(*v);
        problem = bound_problem(option, *v, parse_int);
      } else {
        problem = "must be a whole number";
      }
      break;
    case WEIR_OPTION_FLOAT:
      if (const auto v = parse_float(node.text)) {
        out.f64 = *v;
        problem = bound_problem(option, *v, parse_float);
      } else {
        problem = "must be a number";
      }
      break;
    case WEIR_OPTION_DURATION:
      if (const auto v = parse_duration(node.text)) {
        out.i64 = *v;
        problem = bound_problem(option, *v, parse_duration);
      } else {
        problem = "must be a duration like 500ms, 15s or 1h30m";
      }
      break;
    case WEIR_OPTION_ENUM: {
      std::int64_t at = 0;
      std::string names;
      for (; option.choices[at] != nullptr && node.text != option.choices[at]; ++at) {
        names += (at > 0 ? ", " : "") + std::string(option.choices[at]);
      }
      if (option.choices[at] == nullptr) problem = "must be one of: " + names;
      out.i64 = at;
      break;
    }
    default: problem = "has a type that a devices file does not know";
  }
  if (problem.empty()) return;
  out.has_value = 0;
  report_(node, std::string("'") + option.name + "' is '" + node.text.substr(0, 80) + "', but " +
                    problem);
}

void YamlBinder::bind_items(const weir_option& option, const YamlNode& node, weir_value& out) {
  std::vector<const weir_value*> items;
  const bool is_list = option.type == WEIR_OPTION_LIST || option.type == WEIR_OPTION_GROUP_LIST;
  const bool one_text =
      option.type == WEIR_OPTION_LIST && node.kind == YamlNode::Kind::scalar;  // x: a is x: [a]
  if (!one_text && node.kind != (is_list ? YamlNode::Kind::sequence : YamlNode::Kind::map)) {
    report_(node, std::string("'") + option.name + "' must be a " + (is_list ? "list" : "map"));
    return;
  }
  const std::size_t count = one_text ? 1 : node.items.size();
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < count; ++i) {
    const YamlNode& item = one_text ? node : node.items[i];
    if (option.type == WEIR_OPTION_LIST) {
      if (item.kind != YamlNode::Kind::scalar) report_(item, "expected a text");
      weir_value* v = make(&option, item);
      v->type = WEIR_OPTION_STRING;
      v->has_value = 1;
      v->string = abi_string(item.text);
      items.push_back(v);
      continue;
    }
    auto* v = const_cast<weir_value*>(group(option.children, option.child_count, item));
    if (!is_list) {
      v->key = abi_string(node.keys[i]);
      if (!keys.insert(node.keys[i]).second) {
        report_(item, "'" + node.keys[i] + "' is written twice");
      }
    }
    items.push_back(v);
  }
  set_items(out, std::move(items));
}

}  // namespace weir::iot
