#include "write_result.hpp"

namespace weir::mongodb_sink {

namespace {

template <class Use>
void each_document(const bson_t& reply, const char* key, Use use) {
  bson_iter_t iter, list;
  if (!bson_iter_init_find(&iter, &reply, key) || !BSON_ITER_HOLDS_ARRAY(&iter) ||
      !bson_iter_recurse(&iter, &list)) {
    return;
  }
  while (bson_iter_next(&list)) {
    bson_iter_t member;
    if (!BSON_ITER_HOLDS_DOCUMENT(&list) || !bson_iter_recurse(&list, &member)) continue;
    WriteError error;
    while (bson_iter_next(&member)) {
      const std::string_view name = bson_iter_key(&member);
      if (name == "index") error.index = static_cast<std::size_t>(bson_iter_as_int64(&member));
      if (name == "code") error.code = static_cast<std::uint32_t>(bson_iter_as_int64(&member));
      if (name == "errmsg" && BSON_ITER_HOLDS_UTF8(&member)) {
        error.text = bson_iter_utf8(&member, nullptr);
      }
    }
    use(std::move(error));
  }
}

std::int64_t number_at(const bson_t& reply, const char* key) {
  bson_iter_t iter;
  return bson_iter_init_find(&iter, &reply, key) ? bson_iter_as_int64(&iter) : 0;
}

}  // namespace

WriteResult read_result(const bson_t& reply) {
  WriteResult result;
  result.inserted = number_at(reply, "insertedCount");
  result.matched = number_at(reply, "nMatched");
  each_document(reply, "writeErrors",
                [&](WriteError error) { result.errors.push_back(std::move(error)); });
  each_document(reply, "writeConcernErrors", [&](WriteError error) {
    result.concern = std::move(error);
    if (result.concern.code == 0) result.concern.code = 64;  // WriteConcernFailed
  });
  return result;
}

bool names_key(const std::string& text) { return text.find(" index: ") != std::string::npos; }

bool is_by_id(const std::string& text) {
  return !names_key(text) || text.find(" index: _id_ ") != std::string::npos;
}

}  // namespace weir::mongodb_sink
