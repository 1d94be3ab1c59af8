#include "schema.hpp"

#include <algorithm>
#include <string_view>

namespace weir::mongodb_sink {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    std::string_view part = text.substr(at, end - at);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    at = end + 1;
  }
  return parts;
}

void append_index(bson_t& out, const char* at, const Index& index) {
  bson_t document;
  bson_append_document_begin(&out, at, -1, &document);
  append_key(document, "key", index.key);
  BSON_APPEND_UTF8(&document, "name", index.name.c_str());
  if (index.expire_s > 0) BSON_APPEND_INT32(&document, "expireAfterSeconds", index.expire_s);
  bson_append_document_end(&out, &document);
}

}  // namespace

Key parse_key(const std::string& text) {
  Key key;
  for (const std::string& part : split(text, ',')) {
    const std::vector<std::string> words = split(part, ' ');
    KeyField field{words[0]};
    if (words.size() == 2 && words[1] == "desc") {
      field.order = KeyField::Order::descending;
    } else if (words.size() == 2 && words[1] == "hashed") {
      field.order = KeyField::Order::hashed;
    } else if (words.size() != 1) {
      return {};
    }
    key.push_back(std::move(field));
  }
  return key;
}

std::vector<Index> make_indexes(const std::map<std::string, std::string>& wanted,
                                const std::string& time, std::int32_t expire_s) {
  const Key by_time{{time}};
  std::vector<Index> indexes;
  for (const auto& [name, text] : wanted) indexes.push_back({name, parse_key(text)});
  const auto found = std::find_if(indexes.begin(), indexes.end(),
                                  [&](const Index& index) { return index.key == by_time; });
  if (found == indexes.end()) {
    indexes.push_back({"weir_time", by_time, expire_s});
  } else {
    found->expire_s = expire_s;
  }
  return indexes;
}

void append_key(bson_t& out, const char* name, const Key& key) {
  bson_t document;
  bson_append_document_begin(&out, name, -1, &document);
  for (const KeyField& field : key) {
    const auto size = static_cast<int>(field.name.size());
    if (field.order == KeyField::Order::hashed) {
      bson_append_utf8(&document, field.name.data(), size, "hashed", -1);
    } else {
      const int order = field.order == KeyField::Order::ascending ? 1 : -1;
      bson_append_int32(&document, field.name.data(), size, order);
    }
  }
  bson_append_document_end(&out, &document);
}

void create_indexes(bson_t& out, const std::string& collection, const std::vector<Index>& indexes) {
  BSON_APPEND_UTF8(&out, "createIndexes", collection.c_str());
  bson_t list;
  bson_append_array_begin(&out, "indexes", -1, &list);
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    append_index(list, std::to_string(i).c_str(), indexes[i]);
  }
  bson_append_array_end(&out, &list);
}

void create_time_series(bson_t& out, const std::string& collection, const std::string& time,
                        std::int32_t expire_s) {
  BSON_APPEND_UTF8(&out, "create", collection.c_str());
  bson_t options;
  bson_append_document_begin(&out, "timeseries", -1, &options);
  BSON_APPEND_UTF8(&options, "timeField", time.c_str());
  BSON_APPEND_UTF8(&options, "metaField", "labels");
  bson_append_document_end(&out, &options);
  if (expire_s > 0) BSON_APPEND_INT32(&out, "expireAfterSeconds", expire_s);
}

void change_expiry(bson_t& out, const std::string& collection, const std::string& index,
                   std::int32_t expire_s) {
  BSON_APPEND_UTF8(&out, "collMod", collection.c_str());
  if (!index.empty()) {
    bson_t document;
    bson_append_document_begin(&out, "index", -1, &document);
    BSON_APPEND_UTF8(&document, "name", index.c_str());
    BSON_APPEND_INT32(&document, "expireAfterSeconds", expire_s);
    bson_append_document_end(&out, &document);
  } else if (expire_s > 0) {
    BSON_APPEND_INT32(&out, "expireAfterSeconds", expire_s);
  } else {
    BSON_APPEND_UTF8(&out, "expireAfterSeconds", "off");
  }
}

void shard_collection(bson_t& out, const std::string& database, const std::string& collection,
                      const Key& key) {
  BSON_APPEND_UTF8(&out, "shardCollection", (database + "." + collection).c_str());
  append_key(out, "key", key);
}

FoundIndex read_index(const bson_t& document) {
  FoundIndex index;
  bson_iter_t iter;
  if (bson_iter_init_find(&iter, &document, "name") && BSON_ITER_HOLDS_UTF8(&iter)) {
    index.name = bson_iter_utf8(&iter, nullptr);
  }
  if (bson_iter_init_find(&iter, &document, "key") && BSON_ITER_HOLDS_DOCUMENT(&iter)) {
    const std::uint8_t* data = nullptr;
    std::uint32_t size = 0;
    bson_iter_document(&iter, &size, &data);
    index.key.assign(reinterpret_cast<const char*>(data), size);
  }
  if (bson_iter_init_find(&iter, &document, "expireAfterSeconds")) {
    index.expire_s = bson_iter_as_int64(&iter);
  }
  return index;
}

bool is_same_key(const Key& key, const std::string& found) {
  const BsonView document(found);
  bson_iter_t iter;
  if (!bson_iter_init(&iter, document.get())) return false;
  Key read;
  while (bson_iter_next(&iter)) {
    KeyField field{bson_iter_key(&iter)};
    if (BSON_ITER_HOLDS_UTF8(&iter)) {
      if (std::string_view(bson_iter_utf8(&iter, nullptr)) != "hashed") return false;
      field.order = KeyField::Order::hashed;
    } else if (bson_iter_as_int64(&iter) < 0) {
      field.order = KeyField::Order::descending;
    }
    read.push_back(std::move(field));
  }
  return read == key;
}

}  // namespace weir::mongodb_sink
