// What collections are made of, as commands of the server. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bson.hpp"

namespace weir::mongodb_sink {

// "lpar, time desc, host hashed": fields with how each is indexed. Empty: it names none, or has a
// word that says nothing.
struct KeyField {
  std::string name;
  enum class Order { ascending, descending, hashed } order = Order::ascending;
  friend bool operator==(const KeyField&, const KeyField&) = default;
};
using Key = std::vector<KeyField>;
Key parse_key(const std::string& text);

struct Index {
  std::string name;
  Key key;
  std::int32_t expire_s = 0;  // 0: its documents do not expire
};

// All indexes that a collection should have: one by time alone, the one that expires, among them.
std::vector<Index> make_indexes(const std::map<std::string, std::string>& wanted,
                                const std::string& time, std::int32_t expire_s);

void append_key(bson_t& out, const char* name, const Key& key);
void create_indexes(bson_t& out, const std::string& collection, const std::vector<Index>& indexes);
void create_time_series(bson_t& out, const std::string& collection, const std::string& time,
                        std::int32_t expire_s);
// Of the index of that name, or, with none, of a time-series collection.
void change_expiry(bson_t& out, const std::string& collection, const std::string& index,
                   std::int32_t expire_s);
void shard_collection(bson_t& out, const std::string& database, const std::string& collection,
                      const Key& key);

// An index as the server tells about it.
struct FoundIndex {
  std::string name;
  std::string key;  // a document
  std::int64_t expire_s = 0;
};
FoundIndex read_index(const bson_t& document);
bool is_same_key(const Key& key, const std::string& found);

}  // namespace weir::mongodb_sink
