// See components.hpp.
#include "core/config/components.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/config/text.hpp"
#include "core/config/units.hpp"
#include "weir/options.hpp"

namespace weir::config {
namespace {

constexpr std::size_t kComponentsMax = 1000;
constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kLabelsMax = 64;
constexpr std::size_t kReportBytesMax = 1000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Ids become labels, file names and arguments of commands.
bool is_id(std::string_view s) {
  return !s.empty() && s.size() <= kIdBytesMax && (is_letter(s[0]) || is_digit(s[0])) &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
         });
}

bool is_type_name(std::string_view s) {
  return !s.empty() && s.size() <= kIdBytesMax && s[0] >= 'a' && s[0] <= 'z' &&
         std::all_of(s.begin(), s.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

bool is_label_name(std::string_view s) {
  return !s.empty() && s.size() <= 200 && (is_letter(s[0]) || s[0] == '_') &&
         std::all_of(s.begin(), s.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

Place place_of(const weir_value& value) { return {value.file, value.line, value.column}; }

// What a type's `check` reports, with the places of the values it speaks of.
struct Report {
  Problems& problems;
  const Component& component;
  const std::vector<std::string>& secrets;
  std::string path;
};

void report(void* context, const char* path, const char* message) {
  auto& r = *static_cast<Report*>(context);
  std::string text = message == nullptr ? "" : message;
  for (const std::string& secret : r.secrets) {
    if (secret.size() < 4) continue;  // would take ordinary words out of the message
    for (std::size_t i = 0; (i = text.find(secret, i)) != std::string::npos; i += 3) {
      text.replace(i, secret.size(), "***");
    }
  }
  if (text.size() > kReportBytesMax) text.resize(kReportBytesMax);
  if (!is_utf8(text)) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  Place place = r.component.place;
  std::string where = r.path;
  if (path != nullptr && *path != '\0') {
    const weir_value* at = find_value(r.component.options, path);
    if (at != r.component.options) place = place_of(*at);
    where += std::string(".") + path;
  }
  r.problems.add(place, where + ": " + text);
}

template <class T>
Options options_of(const OptionTable<T>& table) {
  return {table.data(), table.size()};
}

// Whether a problem of some text below was told when it was expanded.
bool has_broken(const Node& node) {
  return node.broken || std::any_of(node.items.begin(), node.items.end(), has_broken);
}

// Whether a value is what somebody wrote, or a default; not where a problem was told about it.
bool is_good(const weir_value& group, const char* path) {
  const weir_value& value = *find_value(&group, path);
  return value.has_value != 0 || value.is_set == 0;
}

// Nothing where it is wrong; so is the agent's where it is 0.
std::optional<Duration> interval_of(const SourceOptions& o, const AgentOptions& agent,
                                    const weir_value& group) {
  const Duration interval = o.interval_or(agent);
  if (!is_good(group, "interval") || interval.count() == 0) return {};
  return interval;
}

// Limits that concern two values.
void check_source(const SourceOptions& o, const AgentOptions& agent, const weir_value& group,
                  const Path& path, Problems& problems) {
  check_labels(group, "labels", path, problems);
  const std::optional<Duration> interval = interval_of(o, agent, group);
  if (interval && o.jitter > *interval) {
    problems.add(place_of(*find_value(&group, "jitter")),
                 path.text() + ".jitter: must be at most the interval, " +
                     format_duration(interval->count()) + ", got " +
                     format_duration(o.jitter.count()));
  }
}

void check_speed(Component& c, const AgentOptions& agent, const weir_value& group, const Path& path,
                 Problems& problems) {
  SourceOptions& o = c.source;
  const weir_value* written = find_value(&group, "speed");
  const auto refuse = [&](const std::string& why) {
    problems.add(place_of(*written), path.text() + ".speed: " + why);
  };
  const std::string why = parse_speed(o.speed_text, o.speed);
  if (!why.empty()) return refuse(why);
  if (o.speed == 1) return;
  if (c.descriptor != nullptr && (c.descriptor->flags & WEIR_TIME_DRIVEN) == 0) {
    return refuse(c.type + " measures what happens now, expected no speed; simulators have one");
  }
  const std::optional<Duration> interval = interval_of(o, agent, group);
  if (interval && static_cast<double>(interval->count()) / o.speed < 1e6) {
    refuse("an interval of " + format_duration(interval->count()) + " at " + o.speed_text +
           " comes more often than every 1ms, expected a longer interval or less speed; "
           "`weir backfill` goes as fast as it can");
  }
}

void check_buffer(Component& c, const weir_value& group, const Path& path, Problems& problems) {
  BufferOptions& o = c.consumer.buffer;
  const auto refuse = [&](const char* option, const std::string& why) {
    problems.add(place_of(*find_value(&group, (std::string("buffer.") + option).c_str())),
                 path.text() + ".buffer." + option + ": " + why);
  };
  if (!is_good(group, "buffer") || !is_good(group, "buffer.type")) return;
  const bool memory_only = o.type == BufferType::kMemory;
  if (!memory_only && c.kind != WEIR_SINK) {
    refuse("type", "disk buffers are for sinks, expected memory");
  }
  if (memory_only && find_value(&group, "buffer.sync")->is_set != 0) {
    refuse("sync", "only a buffer of type disk or overflow is synced");
  }
  if (o.type != BufferType::kOverflow && find_value(&group, "buffer.memory")->is_set != 0) {
    refuse("memory", "only a buffer of type overflow has a memory of its own, see max_size");
  }
  if (o.max_size.count == 0) o.max_size = memory_only ? kMemoryBufferBytes : kDiskBufferBytes;
}

void check_sink(const SinkOptions& o, const weir_value& group, const Path& path,
                Problems& problems) {
  const bool good = is_good(group, "retry.initial") && is_good(group, "retry.max");
  if (good && o.retry.initial > o.retry.max) {
    problems.add(place_of(*find_value(&group, "retry.initial")),
                 path.text() + ".retry.initial: must be at most retry.max, " +
                     format_duration(o.retry.max.count()) + ", got " +
                     format_duration(o.retry.initial.count()));
  }
}

}  // namespace

std::vector<Options> common_tables(weir_kind kind) {
  if (kind == WEIR_SOURCE) return {options_of(SourceOptions::table())};
  if (kind == WEIR_PROCESSOR) return {options_of(ConsumerOptions::table())};
  return {options_of(ConsumerOptions::table()), options_of(SinkOptions::table())};
}

void check_labels(const weir_value& group, const char* option_name, const Path& path,
                  Problems& problems) {
  const weir_value* labels = find_value(&group, option_name);
  if (labels == &group || labels->items == nullptr) return;
  if (labels->item_count > kLabelsMax) {
    problems.add(place_of(*labels), path.text() + ".labels: " + std::to_string(labels->item_count) +
                                        " labels, expected at most 64");
  }
  for (std::uint32_t i = 0; i < labels->item_count; ++i) {
    const std::string_view name = view(labels->items[i]->key);
    if (is_label_name(name)) continue;
    problems.add(place_of(*labels->items[i]),
                 path.text() + ".labels: " + in_quotes(name) +
                     " cannot name a label, expected letters, digits and _, no digit first");
  }
}

ComponentReader::ComponentReader(const Tree& tree, const AgentOptions& agent, TypeCatalog& catalog,
                                 Arena& arena, Problems& problems)
    : tree_(tree),
      agent_(agent),
      catalog_(catalog),
      problems_(problems),
      values_(tree, arena, problems) {}

void ComponentReader::section(weir_kind kind, std::vector<Component>& components) {
  const char* name = section_name(kind);
  const Node* section = tree_.root.find(name);
  if (section == nullptr || section->kind == NodeKind::kNull) return;
  const Path root{nullptr, name};
  // Keys of a component that are indented like its id: one mistake, however many keys there are.
  const Node* type = section->find("type");
  const bool keys_stand_beside =
      type != nullptr && type->kind == NodeKind::kScalar &&
      std::any_of(section->items.begin(), section->items.end(),
                  [](const Node& node) { return node.kind == NodeKind::kNull; });
  for (const Node& node : section->items) {
    if (keys_stand_beside && is_key(kind, node)) continue;
    const Place place = tree_.key_place(node);
    if (!is_id(node.key)) {
      problems_.add(place, std::string(name) + ": " + in_quotes(node.key) +
                               " cannot be an id, expected up to 64 letters, digits and _ - . "
                               "that begin with a letter or digit");
      continue;
    }
    if (ids_.size() == kComponentsMax) {
      problems_.add(place, std::string(name) + ": more than 1000 components, expected fewer");
      return;
    }
    const auto [first, is_new] = ids_.emplace(node.key, place);
    if (!is_new) {
      problems_.add(place, std::string(name) + ": the id " + in_quotes(node.key) + " is taken by " +
                               to_string(first->second) +
                               ", expected another; ids are unique over sources, processors and "
                               "sinks");
      continue;
    }
    const Path path{&root, node.key};
    if (node.kind != NodeKind::kMap) {
      const bool outside = node.kind == NodeKind::kNull && keys_stand_beside;
      problems_.add(place, path.text() + ": expected a map with a type, got " + describe(node) +
                               (outside ? "; indent its 'type' and what follows more than " +
                                              in_quotes(node.key)
                                        : ""));
      continue;
    }
    Component& c = components.emplace_back();
    c.kind = kind;
    c.id = node.key;
    c.place = place;
    component(kind, node, path, c);
  }
}

// Whether a node of a section seems to be a key of a component.
bool ComponentReader::is_key(weir_kind kind, const Node& node) {
  if (node.kind != NodeKind::kMap) return node.kind != NodeKind::kNull;
  const std::vector<Options> tables = common_tables(kind);
  return std::any_of(tables.begin(), tables.end(), [&](const Options& table) {
    return std::any_of(table.data, table.data + table.count,
                       [&](const weir_option* option) { return node.key == option->name; });
  });
}

void ComponentReader::component(weir_kind kind, const Node& node, const Path& path, Component& c) {
  const std::size_t problems_before = problems_.count();
  const bool has_type = find_type(node, path, c);
  std::vector<Options> tables = common_tables(kind);
  std::vector<const weir_value*> groups;
  for (const Options& table : tables) {
    groups.push_back(values_.group(&node, c.place, table, path));
  }
  if (kind == WEIR_SOURCE) {
    SourceOptions::table().read(c.source, *groups[0]);
    check_source(c.source, agent_, *groups[0], path, problems_);
    check_speed(c, agent_, *groups[0], path, problems_);
  } else {
    ConsumerOptions::table().read(c.consumer, *groups[0]);
    check_buffer(c, *groups[0], path, problems_);
  }
  if (kind == WEIR_SINK) {
    SinkOptions::table().read(c.sink, *groups[1]);
    check_sink(c.sink, *groups[1], path, problems_);
  }
  if (has_type && c.descriptor == nullptr && c.required()) {
    problems_.add(c.place, path.text() + ": the plugin for its type " + in_quotes(c.type) +
                               " cannot be used and it is required: " + c.refusal);
  }
  if (c.descriptor == nullptr) return;
  const Options own{c.descriptor->options, c.descriptor->option_count};
  tables.push_back(own);
  values_.unknown_keys(node, tables, path);
  c.options = values_.group(&node, c.place, own, path);
  if (problems_.count() == problems_before && !has_broken(node)) check(c, path);
}

// False where there is no such type. True with a descriptor, or with the reason of a refusal.
bool ComponentReader::find_type(const Node& node, const Path& path, Component& c) {
  const Node* type = node.find("type");
  if (type == nullptr || type->kind != NodeKind::kScalar || type->broken) return false;
  c.type = type->text;
  const bool known = is_type_name(c.type) && catalog_.exists(c.kind, c.type);
  if (!known) {
    problems_.add(tree_.place(*type), path.text() + ".type: " + unknown_type(c.kind, c.type));
    return false;
  }
  c.descriptor = catalog_.find(c.kind, c.type, c.refusal);
  return true;
}

std::string ComponentReader::unknown_type(weir_kind kind, const std::string& type) {
  const std::string what =
      "there is no " + std::string(kind_name(kind)) + " of type " + in_quotes(type);
  for (const weir_kind other : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
    if (other != kind && is_type_name(type) && catalog_.exists(other, type)) {
      return what + "; it is a " + kind_name(other) + ", to be written under " +
             section_name(other);
    }
  }
  const std::vector<std::string> all = catalog_.names(kind);
  if (all.empty()) {
    return what + "; there are no plugins for " + section_name(kind) + ", see agent.plugin_dirs";
  }
  const std::string best = nearest(type, all);
  return what + (best.empty() ? "" : "; did you mean '" + best + "'?") +
         (best.empty() ? "; types: " : " Types: ") + joined(all);
}

void ComponentReader::check(const Component& c, const Path& path) {
  if (c.descriptor->check == nullptr) return;
  Report r{problems_, c, values_.secrets(), path.text()};
  try {
    c.descriptor->check(c.options, report, &r);
  } catch (...) {
    report(&r, nullptr, "its check threw an exception, which a plugin must not");
  }
}

}  // namespace weir::config
