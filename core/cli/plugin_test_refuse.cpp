// Options that are wrong: each must be refused with the path of the option, before the plugin sees
// it. Options at their bounds are right: the plugin may still refuse them, in words.
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "core/cli/plugin_test_checks.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/cli/plugin_test_instance.hpp"
#include "core/config/units.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

using config::Node;
using config::NodeKind;

Node scalar(std::string text) {
  Node node;
  node.kind = NodeKind::kScalar;
  node.text = std::move(text);
  return node;
}

Node around(NodeKind kind, Node item) {
  Node node;
  node.kind = kind;
  node.items.push_back(std::move(item));
  return node;
}

Node named(std::string key, Node node) {
  node.key = std::move(key);
  return node;
}

// An option, what problems call it, and the key of the component that gives it a value.
struct Place {
  const weir_option& option;
  std::string path;
  std::function<Node(Node)> top;
};

using Visit = std::function<void(const Place&)>;

void visit_all(const weir_option* const* options, std::uint32_t count, const std::string& prefix,
               const std::function<Node(Node)>& top, const Visit& visit);

void visit_children(const Place& place, const Visit& visit) {
  const weir_option& o = place.option;
  const auto inside = [&](const std::string& path, const std::function<Node(Node)>& wrap) {
    visit_all(o.children, o.child_count, path + '.', wrap, visit);
  };
  const auto group = [](Node item) { return around(NodeKind::kMap, std::move(item)); };
  if (o.type == WEIR_OPTION_GROUP) {
    inside(place.path, [&](Node item) { return place.top(group(std::move(item))); });
  } else if (o.type == WEIR_OPTION_GROUP_LIST) {
    inside(place.path + "[0]", [&](Node item) {
      return place.top(around(NodeKind::kSequence, group(std::move(item))));
    });
  } else if (o.type == WEIR_OPTION_GROUP_MAP) {
    inside(place.path + ".one", [&](Node item) {
      return place.top(around(NodeKind::kMap, named("one", group(std::move(item)))));
    });
  }
}

void visit_all(const weir_option* const* options, std::uint32_t count, const std::string& prefix,
               const std::function<Node(Node)>& top, const Visit& visit) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const weir_option& o = *options[i];
    const Place place{o, prefix + o.name,
                      [&](Node value) { return top(named(o.name, std::move(value))); }};
    visit(place);
    visit_children(place, visit);
  }
}

void each_option(const Subject& s, const Visit& visit) {
  visit_all(
      s.type.options, s.type.option_count, Bound::prefix(s.type.kind),
      [](Node node) { return node; }, visit);
}

// A value that an option of that type does not take.
Node wrong_value(const weir_option& o) {
  const bool is_text = o.type == WEIR_OPTION_STRING || o.type == WEIR_OPTION_LIST;
  return is_text ? around(NodeKind::kMap, named("no", scalar("value"))) : scalar("no such value?");
}

// Of a whole number, with a unit: its neighbour, where it has one.
std::optional<std::string> neighbour(std::int64_t value, bool above, const char* unit) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (value == (above ? Limits::max() : Limits::min())) return {};
  return std::to_string(above ? value + 1 : value - 1) + unit;
}

std::optional<std::string> neighbour(double value, bool above) {
  value = std::nextafter(value, above ? HUGE_VAL : -HUGE_VAL);
  if (!std::isfinite(value)) return {};
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

// The value next to a bound, outside of it. The description was right, so bounds can be read.
std::optional<std::string> outside(const weir_option& o, const char* bound, bool above) {
  if (bound == nullptr) return {};
  std::int64_t whole = 0;
  double number = 0;
  switch (o.type) {
    case WEIR_OPTION_INT: config::parse_int(bound, whole); return neighbour(whole, above, "");
    case WEIR_OPTION_DURATION:
      config::parse_duration(bound, whole);
      return neighbour(whole, above, "ns");
    case WEIR_OPTION_SIZE: config::parse_size(bound, whole); return neighbour(whole, above, "B");
    default: config::parse_float(bound, number); return neighbour(number, above);
  }
}

void must_refuse(const Subject& s, const Place& place, Node value, const std::string& what) {
  const Bound bound(s.type, with(s.options, place.top(std::move(value))), s.data_dir);
  for (const std::string& problem : bound.problems()) {
    if (problem.starts_with(place.path + ": ")) return;
  }
  fail(place.path + ": " + what + " was taken, expected that it is refused");
}

// A plugin may refuse what `check` or `create` finds wrong, with a reason.
void try_value(const Subject& s, const Place& place, const char* text) {
  const Bound bound(s.type, with(s.options, place.top(scalar(text))), s.data_dir);
  if (!bound.problems().empty()) return;
  Stage stage(bound.agent());
  Instance instance(stage, s.type, bound);
  if (instance.create().empty()) instance.destroy();
}

}  // namespace

void check_unknown_option(const Subject& s) {
  const Bound bound(s.type, with(s.options, named("no_such_option_", scalar("1"))), s.data_dir);
  for (const std::string& problem : bound.problems()) {
    if (problem.starts_with("unknown key 'no_such_option_'")) return;
  }
  fail("an option 'no_such_option_' was taken, expected that it is refused");
}

void check_wrong_types(const Subject& s) {
  each_option(s, [&](const Place& place) {
    must_refuse(s, place, wrong_value(place.option), "a value of another type");
  });
}

void check_outside_bounds(const Subject& s) {
  each_option(s, [&](const Place& place) {
    const weir_option& o = place.option;
    for (const auto& [bound, above] : {std::pair{o.min_text, false}, {o.max_text, true}}) {
      const std::optional<std::string> value = outside(o, bound, above);
      if (value) must_refuse(s, place, scalar(*value), *value);
    }
  });
}

void check_at_bounds(const Subject& s) {
  each_option(s, [&](const Place& place) {
    for (const char* bound : {place.option.min_text, place.option.max_text}) {
      if (bound != nullptr) try_value(s, place, bound);
    }
  });
}

}  // namespace weir::cli::plugin_test_detail
