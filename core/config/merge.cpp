// See merge.hpp.
#include "core/config/merge.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir::config {

void merge(Node& base, Node over) {
  if (over.kind == NodeKind::kNull && base.kind != NodeKind::kNull) return;
  if (base.kind != NodeKind::kMap || over.kind != NodeKind::kMap) {
    base = std::move(over);
    return;
  }
  std::unordered_map<std::string, std::size_t> index;  // a long map is not searched for each key
  for (std::size_t i = 0; i < base.items.size(); ++i) index.emplace(base.items[i].key, i);
  for (Node& item : over.items) {
    const auto it = index.find(item.key);
    if (it == index.end()) {
      base.items.push_back(std::move(item));
    } else {
      merge(base.items[it->second], std::move(item));
    }
  }
}

}  // namespace weir::config
