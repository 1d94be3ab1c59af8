// Any bytes as a configuration: parsed, merged with itself, expanded and bound to a component. It
// may be refused, it may not crash, hang, or be refused without a place and a reason.
//
// The bytes may hold several files, separated by lines of "%%": they are merged in order.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "core/config/components.hpp"
#include "core/config/expand.hpp"
#include "core/config/file.hpp"
#include "core/config/graph.hpp"
#include "core/config/load.hpp"
#include "core/config/merge.hpp"
#include "core/config/node.hpp"
#include "core/config/yaml.hpp"
#include "tests/config/fake_catalog.hpp"

namespace {

using namespace weir::config;  // one function, nothing else in this file

void require(bool condition) {
  if (!condition) std::abort();
}

void run(std::string_view bytes) {
  auto tree = std::make_unique<Tree>();
  tree->root.kind = NodeKind::kMap;
  Problems problems;
  Budget budget;
  while (!bytes.empty() && tree->files.size() < 4) {
    const std::size_t end = bytes.find("\n%%\n");
    std::string text(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view{} : bytes.substr(end + 4);
    const auto index = static_cast<std::uint16_t>(tree->files.size());
    tree->names.push_back("file" + std::to_string(index));
    Position at;
    Node root;
    const std::string bad = check_text(text, at);
    SourceFile& file = tree->files.emplace_back(SourceFile{tree->names.back(), text});
    if (!bad.empty()) continue;
    const std::size_t before = problems.count();
    if (!parse_yaml(file.name, index, file.text, budget, root, problems)) {
      require(problems.count() > before);
      continue;
    }
    if (root.kind != NodeKind::kMap) continue;
    for (Node& item : root.items) {
      if (item.kind != NodeKind::kMap) item = Node{};
    }
    merge(tree->root, std::move(root));
  }
  if (tree->names.empty()) return;
  expand(*tree, problems);
  weir::config::testing::FakeCatalog catalog;
  const Document document(std::move(tree));
  const auto config = bind(document, catalog, problems);
  require((config == nullptr) == !problems.empty());
  for (const Problem& p : problems.list()) require(!p.message.empty() && !p.place.file.empty());
  require(problems.empty() == problems.text().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool prepared = [] {
    ::setenv("WEIR_FUZZ", "alpha", 1);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    return true;
  }();
  static_cast<void>(prepared);
  run({reinterpret_cast<const char*>(data), size});
  return 0;
}
