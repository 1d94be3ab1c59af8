#include "merge.hpp"

namespace weir::mongodb_sink {

namespace detail {

bool is_same(const bson_t& a, const bson_t& b, const char* key) {
  bson_iter_t left, right;
  if (!bson_iter_init_find(&left, &a, key) || !bson_iter_init_find(&right, &b, key)) return false;
  Bson one, other;
  copy_value(left, *one.get());
  copy_value(right, *other.get());
  return bytes_of(*one.get()) == bytes_of(*other.get());
}

// Finds the document by its id, and only while `unchanged` in it is what it was.
void append_filter(bson_t& filter, const bson_t& existing, const char* unchanged) {
  bson_iter_t iter;
  if (bson_iter_init_find(&iter, &existing, "_id")) bson_append_iter(&filter, "_id", 3, &iter);
  if (unchanged == nullptr) return;
  if (bson_iter_init_find(&iter, &existing, unchanged)) {
    bson_append_iter(&filter, unchanged, -1, &iter);
  } else {
    bson_t absent;
    bson_append_document_begin(&filter, unchanged, -1, &absent);
    BSON_APPEND_BOOL(&absent, "$exists", false);
    bson_append_document_end(&filter, &absent);
  }
}

std::unique_ptr<Node> parse_metrics(const bson_t& existing, const std::set<std::string>& labels) {
  bson_iter_t iter, inner;
  if (bson_iter_init_find(&iter, &existing, kMetrics) && BSON_ITER_HOLDS_DOCUMENT(&iter) &&
      bson_iter_recurse(&iter, &inner)) {
    return Node::parse(inner, labels);
  }
  return std::make_unique<Node>(Node::Shape::document);
}

}  // namespace detail

bool make_update(const bson_t& existing, const bson_t& ours, bson_t& filter, bson_t& change) {
  bson_t set;
  bson_iter_t iter;
  bool is_different = false;
  if (!bson_iter_init(&iter, &ours)) return false;
  bson_append_document_begin(&change, "$set", -1, &set);
  while (bson_iter_next(&iter)) {
    const char* key = bson_iter_key(&iter);
    if (detail::is_same(existing, ours, key)) continue;
    bson_append_iter(&set, key, static_cast<int>(bson_iter_key_len(&iter)), &iter);
    is_different = true;
  }
  bson_append_document_end(&change, &set);
  if (is_different) detail::append_filter(filter, existing, nullptr);
  return is_different;
}

}  // namespace weir::mongodb_sink
