// What is wrong with a type's description; see catalog.hpp.
#include "core/config/catalog.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/config/components.hpp"
#include "core/config/model.hpp"
#include "core/config/text.hpp"
#include "core/config/values.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t kOptionsMax = 1000;  // of one table
constexpr int kTableDepthMax = 16;           // tables in tables; a table in itself has no end

bool is_snake_case(const char* name) {
  if (name == nullptr) return false;
  const std::string_view s = name;
  if (s.empty() || s.size() > 64 || s[0] < 'a' || s[0] > 'z') return false;
  return std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_text(const char* s) { return s != nullptr && is_utf8(s); }

bool has_bounds(weir_option_type type) {
  return type == WEIR_OPTION_INT || type == WEIR_OPTION_FLOAT || type == WEIR_OPTION_DURATION ||
         type == WEIR_OPTION_SIZE;
}
bool has_children(weir_option_type type) {
  return type == WEIR_OPTION_GROUP || type == WEIR_OPTION_GROUP_LIST ||
         type == WEIR_OPTION_GROUP_MAP;
}

// Reads `text` as a value of the option would be read: "" or what is wrong.
std::string value_fault(const weir_option& option, const char* text) {
  weir_option alone = option;
  alone.default_text = text;
  const weir_option* pointer = &alone;
  const Tree tree;
  Arena arena;
  Problems problems;
  ValueReader reader(tree, arena, problems);
  const weir_value* group = reader.group(nullptr, {}, {&pointer, 1}, {});
  if (!problems.empty()) return problems.list().front().message;
  return group->items[0]->has_value ? "" : "it cannot be read";
}

std::string bounds_fault(const weir_option& o) {
  for (const char* bound : {o.min_text, o.max_text}) {
    if (bound == nullptr) continue;
    if (!has_bounds(o.type)) return "has a bound, which its type does not have";
    weir_option unbounded = o;
    unbounded.min_text = unbounded.max_text = nullptr;
    const std::string fault = value_fault(unbounded, bound);
    if (!fault.empty()) return "has a bound that is wrong: " + fault;
  }
  if (o.min_text != nullptr && o.max_text != nullptr && !value_fault(o, o.min_text).empty()) {
    return std::string("has a minimum above its maximum, ") + o.min_text + " to " + o.max_text;
  }
  return "";
}

std::string table_fault(const weir_option* const* options, std::uint32_t count,
                        const std::string& prefix, int depth);

std::string option_fault(const weir_option& o, const std::string& path, int depth) {
  const std::string what = "option '" + path + "' ";
  if (o.type < WEIR_OPTION_BOOL || o.type > WEIR_OPTION_GROUP_MAP) {
    return what + "has the unknown type " + std::to_string(o.type);
  }
  if (!is_text(o.help)) return what + "has no help text in UTF-8";
  for (const char* text : {o.default_text, o.min_text, o.max_text, o.unit}) {
    if (text != nullptr && !is_utf8(text)) return what + "has a text that is not UTF-8";
  }
  if (o.type == WEIR_OPTION_ENUM) {
    if (o.choices == nullptr || o.choices[0] == nullptr) return what + "has no choices";
    std::vector<std::string_view> seen;
    for (const char* const* c = o.choices; *c != nullptr; ++c) {
      if (**c == '\0' || !is_utf8(*c)) return what + "has a choice that is empty or not UTF-8";
      if (std::find(seen.begin(), seen.end(), *c) != seen.end()) {
        return what + "has the choice '" + *c + "' twice";
      }
      if (seen.size() == kOptionsMax) return what + "has more than 1000 choices";
      seen.emplace_back(*c);
    }
  }
  if (has_children(o.type)) {
    const std::string fault = table_fault(o.children, o.child_count, path + ".", depth + 1);
    if (!fault.empty()) return fault;
  }
  if (const std::string fault = bounds_fault(o); !fault.empty()) return what + fault;
  if (o.default_text != nullptr) {
    if (o.flags & WEIR_OPTION_REQUIRED) return what + "is required and has a default";
    const std::string fault = value_fault(o, o.default_text);
    if (!fault.empty()) return what + "has a default that is wrong: " + fault;
  }
  return "";
}

std::string table_fault(const weir_option* const* options, std::uint32_t count,
                        const std::string& prefix, int depth) {
  if (count == 0) return "";
  if (options == nullptr) return "the options table '" + prefix + "' is NULL";
  if (count > kOptionsMax) return "an options table has more than 1000 options";
  if (depth > kTableDepthMax) return "options are nested more than 16 levels deep";
  std::vector<std::string_view> seen;
  for (std::uint32_t i = 0; i < count; ++i) {
    const weir_option* o = options[i];
    if (o == nullptr) return "option " + std::to_string(i) + " of '" + prefix + "' is NULL";
    if (!WEIR_HAS(o, children)) {
      return "option " + std::to_string(i) + " of '" + prefix + "' is smaller than ABI 1 has it";
    }
    if (!is_snake_case(o->name)) {
      return "option " + std::to_string(i) + " of '" + prefix +
             "' has no name of the form [a-z][a-z0-9_]*";
    }
    const std::string path = prefix + o->name;
    if (std::find(seen.begin(), seen.end(), o->name) != seen.end()) {
      return "option '" + path + "' is declared twice";
    }
    seen.emplace_back(o->name);
    const std::string fault = option_fault(*o, path, depth);
    if (!fault.empty()) return fault;
  }
  return "";
}

}  // namespace

const char* kind_name(weir_kind kind) {
  switch (kind) {
    case WEIR_SOURCE: return "source";
    case WEIR_PROCESSOR: return "processor";
    case WEIR_SINK: return "sink";
    default: return "component";
  }
}

const char* section_name(weir_kind kind) {
  switch (kind) {
    case WEIR_SOURCE: return "sources";
    case WEIR_PROCESSOR: return "processors";
    case WEIR_SINK: return "sinks";
    default: return "components";
  }
}

std::string table_fault(const weir_component_type& type) {
  if (!WEIR_HAS(&type, extension)) return "a type's description is smaller than ABI 1 has it";
  if (!is_snake_case(type.name)) return "a type has no name of the form [a-z][a-z0-9_]*";
  const std::string what = std::string("type '") + type.name + "': ";
  if (type.kind < WEIR_SOURCE || type.kind > WEIR_SINK) {
    return what + "unknown kind " + std::to_string(type.kind);
  }
  if (!is_text(type.summary)) return what + "no summary in UTF-8";
  if (type.create == nullptr || type.destroy == nullptr) return what + "create or destroy is NULL";
  if (type.kind == WEIR_SOURCE && type.collect == nullptr && !(type.flags & WEIR_PUSH)) {
    return what + "collect is NULL, and it is no push source";
  }
  if (type.kind == WEIR_PROCESSOR && type.process == nullptr) return what + "process is NULL";
  if (type.kind == WEIR_SINK && type.write == nullptr) return what + "write is NULL";
  const std::string fault = table_fault(type.options, type.option_count, "", 0);
  if (!fault.empty()) return what + fault;
  for (const Options& table : common_tables(type.kind)) {
    for (std::uint32_t i = 0; i < table.count; ++i) {
      for (std::uint32_t j = 0; j < type.option_count; ++j) {
        if (std::strcmp(table.data[i]->name, type.options[j]->name) == 0) {
          return what + "option '" + table.data[i]->name + "' has the name of a key of the agent's";
        }
      }
    }
  }
  return "";
}

}  // namespace weir::config
