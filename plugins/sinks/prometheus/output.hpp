// A growing byte buffer that is written through a pointer: what a loop of samples needs and
// std::string does not offer (it clears what it grows by).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir::prometheus_sink {

class Output {
 public:
  explicit Output(std::size_t capacity)
      : bytes_(new char[capacity]), capacity_(capacity) {}  // not cleared, unlike make_unique

  // Where the next `n` bytes may be written; valid until the next call.
  char* room(std::size_t n) {
    if (capacity_ - size_ < n) grow(n);
    return bytes_.get() + size_;
  }
  // `end`: behind the last byte that was written into the room.
  void advance(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  void append(std::string_view text) {
    char* at = room(text.size());
    text.copy(at, text.size());
    size_ += text.size();
  }

  char* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t free() const { return capacity_ - size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t n) {
    const std::size_t capacity = std::max(capacity_ * 2, size_ + n);
    std::unique_ptr<char[]> bytes(new char[capacity]);
    std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

// Copies and returns the end: samples are chains of this.
inline char* put(char* at, std::string_view text) { return at + text.copy(at, text.size()); }

}  // namespace weir::prometheus_sink
