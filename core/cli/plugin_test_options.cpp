// See plugin_test_options.hpp.
#include "core/cli/plugin_test_options.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/cli/plugin_test_catalog.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/config/components.hpp"
#include "core/config/file.hpp"
#include "core/config/load.hpp"
#include "core/config/text.hpp"
#include "core/config/yaml.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

using config::Node;
using config::NodeKind;

constexpr const char* kId = "under_test";

Node map(std::string key, std::vector<Node> items) {
  Node node;
  node.kind = NodeKind::kMap;
  node.key = std::move(key);
  node.items = std::move(items);
  return node;
}

Node scalar(std::string key, std::string text) {
  Node node;
  node.kind = NodeKind::kScalar;
  node.key = std::move(key);
  node.text = std::move(text);
  return node;
}

std::unique_ptr<config::Tree> tree(const weir_component_type& type, const Written& options) {
  std::vector<Node> keys{scalar("type", type.name)};
  if (type.kind != WEIR_SOURCE) keys.push_back(scalar("inputs", "rows"));
  keys.insert(keys.end(), options.begin(), options.end());
  auto tree = std::make_unique<config::Tree>();
  tree->names = {"--option"};
  tree->hostname = "testhost";
  tree->root = map("", {map(config::section_name(type.kind), {map(kId, std::move(keys))})});
  return tree;
}

}  // namespace

std::string parse_options(const std::vector<std::string>& texts, Written& options) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return "--option " + config::in_quotes(text) + ": expected NAME=VALUE";
    }
    std::string yaml = text.substr(equals + 1);
    const std::string name = text.substr(0, equals);
    config::Position at;
    config::Problems problems;
    config::Budget budget;
    Node node;
    std::string fault = config::check_text(yaml, at);
    if (fault.empty() && !config::parse_yaml("--option", 0, yaml, budget, node, problems)) {
      fault = problems.text();
    }
    if (!fault.empty()) return "--option " + name + ": " + fault;
    node.key = name;
    options = with(std::move(options), std::move(node));
  }
  return "";
}

Written with(Written options, config::Node node) {
  std::erase_if(options, [&](const Node& o) { return o.key == node.key; });
  options.push_back(std::move(node));
  return options;
}

std::vector<std::string> missing(const weir_component_type& type, const Written& options) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < type.option_count; ++i) {
    const weir_option& o = *type.options[i];
    const bool written = std::any_of(options.begin(), options.end(),
                                     [&](const Node& node) { return node.key == o.name; });
    if ((o.flags & WEIR_OPTION_REQUIRED) != 0 && !written) names.emplace_back(o.name);
  }
  return names;
}

std::string Bound::prefix(weir_kind kind) {
  return std::string(config::section_name(kind)) + '.' + kId + '.';
}

Bound::Bound(const weir_component_type& type, const Written& options, const std::string& data_dir) {
  const config::Document document(tree(type, options));
  agent_ = config::agent_options(document, problems_);
  agent_.data_dir = data_dir;
  OneType catalog(type);
  step("check");  // the one function of the plugin that is called here
  config::ComponentReader reader(document.tree(), agent_, catalog, arena_, problems_);
  reader.section(type.kind, components_);
}

std::vector<std::string> Bound::problems() const {
  std::vector<std::string> texts;
  for (const config::Problem& problem : problems_.list()) texts.push_back(problem.message);
  return texts;
}

}  // namespace weir::cli::plugin_test_detail
