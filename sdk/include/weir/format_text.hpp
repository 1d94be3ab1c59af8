// weir/format_text.hpp - text as bytes: a buffer that grows, copies, UTF-8 made well-formed.
//
// The writers here and in format_number.hpp take a pointer with room behind it and return the end
// of what they wrote. Room is reserved once a row in `Buffer`; the writers allocate nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace weir::format {

// Bytes behind the end of a reserved range, and of a cached text, that block copies may touch.
inline constexpr std::size_t kSlack = 32;
inline constexpr std::size_t kNumberBytesMax = 32;  // the longest text of any number below
inline constexpr std::size_t kEscapeRatioMax = 6;   // one byte becomes at most \u001f

// A growing byte buffer whose fresh memory is not written to. Move-only; one thread.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  // The end of the text, with room for `bytes` more. Throws std::bad_alloc.
  char* reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes + kSlack) grow(bytes + kSlack);
    return data_ + size_;
  }
  // The text now ends here, a pointer into what `reserve` returned.
  void set_end(const char* end) { size_ = static_cast<std::size_t>(end - data_); }
  void append(std::string_view text) {
    char* p = reserve(text.size());
    if (!text.empty()) std::memcpy(p, text.data(), text.size());
    size_ += text.size();
  }
  void truncate(std::size_t size) { size_ = size; }
  // Empties it; gives the memory back when one large delivery has grown it past `keep_bytes`.
  void clear(std::size_t keep_bytes = std::size_t{4} << 20) {
    size_ = 0;
    if (capacity_ > keep_bytes) {
      std::free(std::exchange(data_, nullptr));
      capacity_ = 0;
    }
  }

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void grow(std::size_t bytes) {
    const std::size_t wanted = std::max({size_ + bytes, capacity_ * 2, std::size_t{4096}});
    void* moved = std::realloc(data_, wanted);
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(moved);
    capacity_ = wanted;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Copies in blocks: up to 15 bytes behind both ranges are touched, which kSlack provides.
inline char* put_padded(char* p, const char* from, std::size_t size) {
  char* const end = p + size;
  do {
    std::memcpy(p, from, 16);
    p += 16;
    from += 16;
  } while (p < end);
  return end;
}
inline char* put(char* p, std::string_view text) {
  if (!text.empty()) std::memcpy(p, text.data(), text.size());
  return p + text.size();
}

// Bytes of the well-formed sequence (RFC 3629) at `s`, whose first byte is not ASCII; where it is
// malformed, minus the bytes that one U+FFFD stands for (the longest prefix of a sequence).
inline int utf8_step(const unsigned char* s, const unsigned char* end) {
  const unsigned char lead = s[0];
  int more = 0;
  unsigned char low = 0x80, high = 0xBF;  // bounds of the second byte
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    if (lead == 0xE0) low = 0xA0;   // overlong
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    if (lead == 0xF0) low = 0x90;   // overlong
    if (lead == 0xF4) high = 0x8F;  // above U+10FFFF
  } else {
    return -1;
  }
  for (int i = 1; i <= more; ++i) {
    if (s + i == end || s[i] < low || s[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return more + 1;
}

// True when none of the eight bytes is a control, non-ASCII or one of Specials.
inline constexpr std::uint64_t kEachByte = 0x0101010101010101u;
inline std::uint64_t zero_bytes(std::uint64_t word) { return (word - kEachByte) & ~word; }
template <char... Specials>
inline bool plain8(std::uint64_t word) {
  const std::uint64_t special =
      (zero_bytes(word ^ (kEachByte * static_cast<unsigned char>(Specials))) | ... | 0);
  return ((word | (word - kEachByte * 0x20) | special) & (kEachByte * 0x80)) == 0;
}
template <char... Specials>
inline bool plain(char c) {
  return static_cast<unsigned char>(c - 0x20) < 0x60 && ((c != Specials) && ...);
}

// Copies text with malformed UTF-8 replaced; `escape(p, c)` writes what stands for an ASCII
// character that is a control or one of Specials. Up to kEscapeRatioMax bytes a byte.
template <char... Specials, class Escape>
inline char* put_text(char* p, std::string_view text, Escape escape) {
  const char* s = text.data();
  const char* const end = s + text.size();
  while (s != end) {
    if (end - s >= 8) {
      std::uint64_t word;
      std::memcpy(&word, s, 8);
      if (plain8<Specials...>(word)) {
        std::memcpy(p, s, 8);
        p += 8;
        s += 8;
        continue;
      }
    }
    if (plain<Specials...>(*s)) {
      *p++ = *s++;
    } else if (static_cast<unsigned char>(*s) < 0x80) {
      p = escape(p, *s++);
    } else {
      const int step = utf8_step(reinterpret_cast<const unsigned char*>(s),
                                 reinterpret_cast<const unsigned char*>(end));
      p = step > 0 ? put(p, {s, static_cast<std::size_t>(step)}) : put(p, "\xEF\xBF\xBD");
      s += std::abs(step);
    }
  }
  return p;
}

}  // namespace weir::format
