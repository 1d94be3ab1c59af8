// See node.hpp.
#include "core/config/node.hpp"

#include "core/config/text.hpp"

namespace weir::config {

std::string describe(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNull: return "nothing";
    case NodeKind::kScalar: return node.secret ? "***" : in_quotes(node.text);
    case NodeKind::kSequence: return "a list";
    case NodeKind::kMap: return "a map";
  }
  return "";
}

}  // namespace weir::config
