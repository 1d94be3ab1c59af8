// See values.hpp.
#include "core/config/values.hpp"

#include <algorithm>

#include "core/config/model.hpp"
#include "core/config/text.hpp"
#include "core/config/units.hpp"
#include "core/config/yaml.hpp"

namespace weir::config {
namespace {

std::string_view view(const char* s) { return s == nullptr ? std::string_view{} : s; }

bool is_list(weir_option_type type) {
  return type == WEIR_OPTION_LIST || type == WEIR_OPTION_GROUP_LIST;
}
bool is_group(weir_option_type type) { return type == WEIR_OPTION_GROUP; }
bool is_scalar(weir_option_type type) { return type <= WEIR_OPTION_ENUM; }

bool is_secret(const Node& node, const weir_option& option) {
  return node.secret || (option.flags & WEIR_OPTION_SECRET) != 0;
}

std::string got(const Node& node, const weir_option& option) {
  const bool hidden = node.kind == NodeKind::kScalar && is_secret(node, option);
  return ", got " + (hidden ? "***" : describe(node));
}

Options children(const weir_option& option) { return {option.children, option.child_count}; }

std::vector<std::string> choices(const weir_option& option) {
  std::vector<std::string> texts;
  for (const char* const* c = option.choices; *c != nullptr; ++c) texts.emplace_back(*c);
  return texts;
}

// A default such as "[a, b]" or "{x: 1}".
Node parse_default(const char* text) {
  Node node;
  Problems ignored;  // table_fault refuses tables whose defaults are wrong
  Budget budget;
  if (*text == '[' || *text == '{') {
    parse_yaml("", 0, text, budget, node, ignored);
  } else {
    node.kind = NodeKind::kScalar;
    node.text = text;
  }
  return node;
}

}  // namespace

std::string Path::text() const {
  std::string prefix = parent == nullptr ? "" : parent->text();
  if (index >= 0) return prefix + '[' + std::to_string(index) + ']';
  if (!prefix.empty()) prefix += '.';
  return prefix + std::string(name);
}

const char* expectation(weir_option_type type) {
  switch (type) {
    case WEIR_OPTION_BOOL: return "expected true or false";
    case WEIR_OPTION_INT: return "expected a whole number";
    case WEIR_OPTION_FLOAT: return "expected a number";
    case WEIR_OPTION_STRING: return "expected text";
    case WEIR_OPTION_DURATION: return "expected a duration such as 15s";
    case WEIR_OPTION_SIZE: return "expected a size such as 64KiB";
    case WEIR_OPTION_ENUM: return "expected one of its choices";
    case WEIR_OPTION_LIST: return "expected a list of texts, or one text";
    case WEIR_OPTION_MAP: return "expected a map of names to texts";
    case WEIR_OPTION_GROUP: return "expected a map";
    case WEIR_OPTION_GROUP_LIST: return "expected a list of maps";
    case WEIR_OPTION_GROUP_MAP: return "expected a map of names to maps";
    default: return "expected nothing";
  }
}

const char* ValueReader::file_text(std::uint16_t file) {
  if (file_texts_.size() < tree_.names.size()) file_texts_.resize(tree_.names.size(), nullptr);
  if (file >= file_texts_.size()) return "";
  if (file_texts_[file] == nullptr) file_texts_[file] = arena_.text(tree_.names[file]);
  return file_texts_[file];
}

weir_value* ValueReader::at(const Node& node, const weir_option* option) {
  weir_value* value = arena_.value();
  value->option = option;
  value->type = option == nullptr ? weir_option_type{WEIR_OPTION_GROUP} : option->type;
  value->is_set = 1;
  value->file = file_text(node.file);
  value->line = node.at.line;
  value->column = node.at.column;
  return value;
}

void ValueReader::wrong(const Node& node, const Path& path, const std::string& what) {
  problems_.add(tree_.place(node), path.text() + ": " + what);
}

const weir_value* ValueReader::group(const Node* map, const Place& place, Options options,
                                     const Path& path) {
  weir_value* value = nullptr;
  if (map != nullptr) {
    value = at(*map, nullptr);
  } else {
    value = arena_.value();
    value->type = WEIR_OPTION_GROUP;
    value->file = arena_.text(place.file);
  }
  value->line = place.line;
  value->column = place.column;
  value->has_value = 1;
  read_group(map, options, path, *value);
  return value;
}

void ValueReader::unknown_keys(const Node& map, const std::vector<Options>& tables,
                               const Path& path) {
  std::vector<std::string> known;
  for (const Options& table : tables) {
    for (std::uint32_t i = 0; i < table.count; ++i) known.emplace_back(table.data[i]->name);
  }
  for (const Node& item : map.items) {
    if (std::find(known.begin(), known.end(), item.key) != known.end()) continue;
    problems_.add(tree_.key_place(item), "unknown key " + in_quotes(item.key) + " in " +
                                             path.text() +
                                             (known.empty() ? ", expected none" : "") +
                                             suggestion(item.key, known, "known keys"));
  }
}

void ValueReader::read_group(const Node* map, Options options, const Path& path,
                             weir_value& value) {
  const weir_value** items = arena_.items(options.count);
  for (std::uint32_t i = 0; i < options.count; ++i) {
    const weir_option& o = *options.data[i];
    const Node* node = map == nullptr ? nullptr : map->find(o.name);
    const Path child{&path, o.name};
    // A group that is not written at all asks for nothing.
    const bool missing = node == nullptr || node->kind == NodeKind::kNull;
    if (missing && map != nullptr && (o.flags & WEIR_OPTION_REQUIRED) && tree_.complete) {
      const Place place =
          node != nullptr ? tree_.place(*node) : Place{value.file, value.line, value.column};
      problems_.add(place,
                    path.text() + ": '" + o.name + "' is required: " + std::string(view(o.help)));
    }
    // `tls:` with nothing behind it would be no TLS, without a word.
    if (missing && node != nullptr && is_group(o.type) && tree_.complete) {
      wrong(*node, child, "has nothing behind it; write {} for its defaults, or remove it");
    }
    items[i] = option(missing ? nullptr : node, value, o, child);
  }
  value.item_count = options.count;
  value.items = items;
}

const weir_value* ValueReader::option(const Node* node, const weir_value& parent,
                                      const weir_option& option, const Path& path) {
  if (node != nullptr) {
    weir_value* value = at(*node, &option);
    value->has_value = !node->broken && read(*node, option, path, *value) ? 1 : 0;
    return value;
  }
  weir_value* value = arena_.value();
  value->option = &option;
  value->type = option.type;
  value->file = parent.file;
  value->line = parent.line;
  value->column = parent.column;
  if (option.default_text != nullptr) {
    Node written = parse_default(option.default_text);
    written.file = UINT16_MAX;  // of no file
    value->has_value = read(written, option, path, *value) ? 1 : 0;
  } else if (is_group(option.type)) {
    // No value, yet its children's defaults are there for who has no use for the difference.
    read_group(nullptr, children(option), path, *value);
  }
  return value;
}

bool ValueReader::read(const Node& node, const weir_option& option, const Path& path,
                       weir_value& value) {
  const bool fits = is_scalar(option.type) ? node.kind == NodeKind::kScalar
                    : is_list(option.type)
                        ? node.kind == NodeKind::kSequence ||
                              (node.kind == NodeKind::kScalar && option.type == WEIR_OPTION_LIST)
                        : node.kind == NodeKind::kMap;
  if (!fits) {
    const bool is_switch =
        is_group(option.type) && node.kind == NodeKind::kScalar && node.text == "true";
    wrong(node, path,
          std::string(expectation(option.type)) + got(node, option) +
              (is_switch ? "; write {} for its defaults" : ""));
    return false;
  }
  return is_scalar(option.type) ? scalar(node, option, path, value)
                                : collection(node, option, path, value);
}

std::string ValueReader::parse(std::string_view text, const weir_option& option,
                               weir_value& value) {
  std::string fault;
  const Usual usual{option.default_text, option.min_text, option.max_text};
  switch (option.type) {
    case WEIR_OPTION_BOOL: {
      bool on = false;
      fault = parse_bool(text, on);
      value.i64 = on ? 1 : 0;
      break;
    }
    case WEIR_OPTION_INT:
      fault = parse_int(text, value.i64);
      value.f64 = static_cast<double>(value.i64);
      break;
    case WEIR_OPTION_FLOAT: fault = parse_float(text, value.f64); break;
    case WEIR_OPTION_DURATION: fault = parse_duration(text, value.i64, usual); break;
    case WEIR_OPTION_SIZE: fault = parse_size(text, value.i64, usual); break;
    case WEIR_OPTION_ENUM: {
      const std::vector<std::string> all = choices(option);
      const auto it = std::find(all.begin(), all.end(), text);
      if (it == all.end()) {
        if (const char* why = choice_to_come(option, text); why != nullptr) return why;
        const std::string best = nearest(text, all);
        return (all.size() == 1 ? "expected " : "expected one of ") + joined(all) + ", got " +
               in_quotes(text) + (best.empty() ? "" : "; did you mean '" + best + "'?");
      }
      value.i64 = it - all.begin();
      value.string = arena_.string(text);
      break;
    }
    default: value.string = arena_.string(text);
  }
  return fault;
}

bool ValueReader::in_bounds(const weir_option& option, const weir_value& value) {
  const auto compare = [&](const char* bound_text) {
    weir_value bound{};
    if (!parse(bound_text, option, bound).empty()) return 0;
    if (option.type == WEIR_OPTION_FLOAT) {
      return value.f64 < bound.f64 ? -1 : value.f64 > bound.f64 ? 1 : 0;
    }
    return value.i64 < bound.i64 ? -1 : value.i64 > bound.i64 ? 1 : 0;
  };
  return (option.min_text == nullptr || compare(option.min_text) >= 0) &&
         (option.max_text == nullptr || compare(option.max_text) <= 0);
}

bool ValueReader::scalar(const Node& node, const weir_option& option, const Path& path,
                         weir_value& value) {
  const bool secret = is_secret(node, option);
  if (secret) secrets_.push_back(node.text);
  const std::string fault = parse(node.text, option, value);
  if (!fault.empty()) {
    wrong(node, path, secret ? std::string(expectation(option.type)) + ", got ***" : fault);
    return false;
  }
  if (in_bounds(option, value)) return true;
  const std::string unit =
      option.unit == nullptr || *option.unit == '\0' ? "" : std::string(" ") + option.unit;
  std::string allowed = "must be ";
  if (option.min_text == nullptr) {
    allowed += std::string("at most ") + option.max_text;
  } else if (option.max_text == nullptr) {
    allowed += std::string("at least ") + option.min_text;
  } else {
    allowed += std::string(option.min_text) + " to " + option.max_text;
  }
  wrong(node, path, allowed + unit + ", got " + (secret ? "***" : node.text));
  return false;
}

bool ValueReader::collection(const Node& node, const weir_option& option, const Path& path,
                             weir_value& value) {
  if (is_group(option.type)) {
    unknown_keys(node, {children(option)}, path);
    read_group(&node, children(option), path, value);
    return true;
  }
  const bool of_groups =
      option.type == WEIR_OPTION_GROUP_LIST || option.type == WEIR_OPTION_GROUP_MAP;
  // `inputs: host` stands for `inputs: [host]`.
  const bool one_text = node.kind == NodeKind::kScalar;
  const std::size_t count = one_text ? 1 : node.items.size();
  const weir_value** items = arena_.items(count);
  bool good = true;
  for (std::size_t i = 0; i < count; ++i) {
    const Node& written = one_text ? node : node.items[i];
    const Path child = is_list(option.type) ? Path{&path, {}, static_cast<std::int64_t>(i)}
                                            : Path{&path, written.key};
    weir_value* item = at(written, &option);
    item->type = of_groups ? WEIR_OPTION_GROUP : WEIR_OPTION_STRING;
    item->key = arena_.string(written.key);
    items[i] = item;
    if (written.broken) {
      good = false;
    } else if (of_groups && written.kind == NodeKind::kMap) {
      unknown_keys(written, {children(option)}, child);
      read_group(&written, children(option), child, *item);
      item->has_value = 1;
    } else if (!of_groups && written.kind == NodeKind::kScalar) {
      item->string = arena_.string(written.text);
      item->has_value = 1;
      if (is_secret(written, option)) secrets_.push_back(written.text);
    } else {
      const bool is_null = !of_groups && written.kind == NodeKind::kNull;
      wrong(written, child,
            (of_groups ? "expected a map" : "expected text") + got(written, option) +
                (is_null ? "; write \"\" for an empty text" : ""));
      good = false;
    }
  }
  value.item_count = static_cast<std::uint32_t>(count);
  value.items = items;
  return good;
}

}  // namespace weir::config
