#include "tree.hpp"

#include "bson.hpp"
#include "weir/table_value.hpp"

namespace weir::mongodb_sink {

namespace {

std::string value_at(const bson_iter_t& iter) {
  Bson value;
  copy_value(iter, *value.get());
  return std::string(bytes_of(*value.get()));
}

}  // namespace

std::unique_ptr<Node> Node::parse(bson_iter_t iter, const std::set<std::string>& labels) {
  auto node = std::make_unique<Node>(Shape::document);
  while (bson_iter_next(&iter)) {
    const std::string_view key(bson_iter_key(&iter), bson_iter_key_len(&iter));
    bson_iter_t inner, probe;
    std::unique_ptr<Node> child;
    if (BSON_ITER_HOLDS_DOCUMENT(&iter) && bson_iter_recurse(&iter, &inner)) {
      child = parse(inner, labels);
    } else if (BSON_ITER_HOLDS_ARRAY(&iter) && bson_iter_recurse(&iter, &inner)) {
      probe = inner;
      bool holds_documents = true;
      while (bson_iter_next(&probe)) {
        holds_documents = holds_documents && BSON_ITER_HOLDS_DOCUMENT(&probe);
      }
      if (holds_documents) {
        child = std::make_unique<Node>(Shape::list);
        while (bson_iter_next(&inner)) {
          bson_iter_t members;
          bson_iter_recurse(&inner, &members);
          Identity identity;
          for (probe = members; bson_iter_next(&probe);) {
            const std::string name(bson_iter_key(&probe), bson_iter_key_len(&probe));
            if (labels.contains(name)) identity[name] = value_at(probe);
          }
          child->elements_.emplace(std::move(identity), child->children_.size());
          child->children_.emplace_back("", parse(members, labels));
        }
      }
    }
    if (child == nullptr) {
      child = std::make_unique<Node>(Shape::value);
      child->value_ = value_at(iter);
    }
    node->append(key, std::move(child));
  }
  return node;
}

void Node::append(std::string_view key, std::unique_ptr<Node> node) {
  index_.emplace(key, children_.size());
  children_.emplace_back(key, std::move(node));
}

Node* Node::find(std::string_view key) {
  const auto found = index_.find(std::string(key));
  return found == index_.end() ? nullptr : children_[found->second].second.get();
}

Node* Node::child(std::string_view key, Shape shape) {
  Node* node = find(key);
  if (node == nullptr) {
    append(key, std::make_unique<Node>(shape));
    node = children_.back().second.get();
  } else if (node->shape_ != shape) {
    if (node->is_new_) return nullptr;
    *node = Node(shape);
  }
  node->is_new_ = true;
  return node;
}

Node& Node::element(const Identity& identity) {
  const auto [found, is_new] = elements_.try_emplace(identity, children_.size());
  if (!is_new) return *children_[found->second].second;
  auto node = std::make_unique<Node>(Shape::document);
  for (const auto& [name, value] : identity) {
    auto label = std::make_unique<Node>(Shape::value);
    label->value_ = value;
    node->append(name, std::move(label));
  }
  children_.emplace_back("", std::move(node));
  return *children_.back().second;
}

bool Node::set(std::string_view key, const bson_iter_t& value, const weir_measurement* owner) {
  Node* node = child(key, Shape::value);
  if (node == nullptr || (node->owner_ != nullptr && node->owner_ != owner)) return false;
  node->owner_ = owner;
  node->value_ = value_at(value);
  return true;
}

void Node::write(bson_t& out) const {
  std::uint32_t number = 0;
  for (const auto& [key, node] : children_) {
    if (shape_ == Shape::list) {
      write(out, std::to_string(number++), *node);
    } else {
      write(out, key, *node);
    }
  }
}

void Node::write(bson_t& out, std::string_view key, const Node& node) {
  const int size = static_cast<int>(key.size());
  bson_t inner;
  switch (node.shape_) {
    case Shape::value: {
      const BsonView value(node.value_);
      bson_iter_t iter;
      if (bson_iter_init(&iter, value.get()) && bson_iter_next(&iter)) {
        bson_append_iter(&out, key.data(), size, &iter);
      }
      break;
    }
    case Shape::document:
      bson_append_document_begin(&out, key.data(), size, &inner);
      node.write(inner);
      bson_append_document_end(&out, &inner);
      break;
    case Shape::list:
      bson_append_array_begin(&out, key.data(), size, &inner);
      node.write(inner);
      bson_append_array_end(&out, &inner);
      break;
  }
}

std::string key_of(std::string_view value) {
  constexpr const char* kHex = "0123456789ABCDEF";
  if (value.empty()) return "%";
  const bool is_text = table::is_well_formed(value);
  std::string key;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c == '%' || c == '.' || c == '\0' || (c == '$' && i == 0) || (c >= 0x80 && !is_text)) {
      key += '%';
      key += kHex[c >> 4];
      key += kHex[c & 15];
    } else {
      key += value[i];
    }
  }
  return key;
}

}  // namespace weir::mongodb_sink
