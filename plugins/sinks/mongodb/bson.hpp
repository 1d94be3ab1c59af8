// Documents of libbson that free themselves.
#pragma once

#include <bson/bson.h>

#include <cstddef>
#include <string_view>

namespace weir::mongodb_sink {

// Empty; and good for replies, which libmongoc makes anew in place.
class Bson {
 public:
  Bson() { bson_init(&document_); }
  ~Bson() { bson_destroy(&document_); }
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;

  bson_t* get() { return &document_; }
  const bson_t* get() const { return &document_; }

 private:
  bson_t document_;
};

inline std::string_view bytes_of(const bson_t& document) {
  return {reinterpret_cast<const char*>(bson_get_data(&document)), document.len};
}

// A view of a whole document's bytes. Stays where it is: a bson_t points into itself.
class BsonView {
 public:
  explicit BsonView(std::string_view bytes) {
    bson_init_static(&document_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  BsonView(const BsonView&) = delete;
  BsonView& operator=(const BsonView&) = delete;

  const bson_t* get() const { return &document_; }

 private:
  bson_t document_;
};

// Views of many documents, as libmongoc takes them. Plain arrays, since no template keeps the
// alignment that bson_t has.
class BsonViews {
 public:
  BsonViews() = default;
  ~BsonViews() { release(); }
  BsonViews(const BsonViews&) = delete;
  BsonViews& operator=(const BsonViews&) = delete;

  // Room for `count`; what was there before is gone.
  void reset(std::size_t count) {
    if (count > capacity_) {
      release();
      views_ = new bson_t[count];
      pointers_ = new const bson_t*[count];
      capacity_ = count;
    }
    size_ = 0;
  }
  void add(std::string_view bytes) {
    bson_init_static(&views_[size_], reinterpret_cast<const std::uint8_t*>(bytes.data()),
                     bytes.size());
    pointers_[size_] = &views_[size_];
    ++size_;
  }
  const bson_t** data() { return pointers_; }

 private:
  void release() {
    delete[] views_;
    delete[] pointers_;
  }

  bson_t* views_ = nullptr;
  const bson_t** pointers_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// The value that `iter` stands at, as a document { "": value }: values compare by its bytes.
inline void copy_value(const bson_iter_t& iter, bson_t& out) {
  bson_reinit(&out);
  bson_append_iter(&out, "", 0, &iter);
}

}  // namespace weir::mongodb_sink
