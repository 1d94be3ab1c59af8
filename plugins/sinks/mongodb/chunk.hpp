// Documents of one collection that go together, one behind the other in memory, with the rows that
// each of them is of.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bson.hpp"
#include "groups.hpp"

namespace weir::mongodb_sink {

class Chunk {
 public:
  struct Item {
    std::size_t offset, size;
    Origin origin;       // of a flat document
    const Group* group;  // of a nested one, else nullptr
  };

  Chunk() { clear(); }
  ~Chunk() {
    bson_writer_destroy(writer_);
    bson_free(bytes_);
  }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  // Writes a document by write(bson_t&), which answers whether it is to stay.
  template <class Write>
  bool add(const Origin& origin, const Group* group, Write write) {
    bson_t* document = nullptr;
    const std::size_t begin = bson_writer_get_length(writer_);
    bson_writer_begin(writer_, &document);
    if (!write(*document)) {
      bson_writer_rollback(writer_);
      return false;
    }
    const std::size_t size = document->len;
    bson_writer_end(writer_);
    items_.push_back({begin, size, origin, group});
    return true;
  }

  void clear() {
    if (writer_ != nullptr) bson_writer_destroy(writer_);
    if (capacity_ > kKeptBytes) {
      bson_free(bytes_);
      bytes_ = nullptr;
      capacity_ = 0;
    }
    writer_ = bson_writer_new(&bytes_, &capacity_, 0, bson_realloc_ctx, nullptr);
    items_.clear();
  }

  std::size_t bytes() { return bson_writer_get_length(writer_); }
  const std::vector<Item>& items() const { return items_; }
  std::string_view document(const Item& item) const {
    return {reinterpret_cast<const char*>(bytes_) + item.offset, item.size};
  }

 private:
  static constexpr std::size_t kKeptBytes = 32 << 20;

  std::uint8_t* bytes_ = nullptr;
  std::size_t capacity_ = 0;
  bson_writer_t* writer_ = nullptr;
  std::vector<Item> items_;
};

// The rows of a document, one after the other.
template <class Use>
void each_origin(const Chunk::Item& item, Use use) {
  if (item.group == nullptr) return use(item.origin);
  for (const Group::Row& row : item.group->rows) use(row.origin);
}

}  // namespace weir::mongodb_sink
