// A chunk: up to 256 rows of one measurement, by column, in one allocation, and their rendered
// label blocks (`{cpu="0",mode="idle"} `) in another. Chunks are copied on write: a scrape takes
// references to all chunks in microseconds and reads them without a lock, while the writer goes
// on with copies of those it touches. Label blocks never change, so that copies share them; new
// ones are appended to the part of the text that no reader looks at.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "ref.hpp"

namespace weir::prometheus_sink {

inline constexpr std::uint32_t kChunkRows = 256;

// Bytes of label blocks. [writer] appends, readers read what their chunk points at.
struct LabelText {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t capacity;
  std::uint32_t size;  // the writer's alone

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  static LabelText* make(std::uint32_t capacity);
  static void free(LabelText* text);
};

// What the rows of a measurement consist of: 8-byte words (a number has one, a histogram one a
// bucket and one for its sum), and bits (one a column: there is a value).
struct Shape {
  std::uint32_t words = 0;
  std::uint32_t bits = 0;
  bool times = false;
};

union Word {
  double f64;
  std::int64_t i64;
  std::uint64_t u64;
};

struct Chunk {
  std::atomic<std::uint32_t> references{1};
  Shape shape;
  std::uint32_t capacity;         // rows there is room for: a power of two up to kChunkRows
  std::uint32_t used = 0;         // rows in use
  std::uint32_t search_from = 0;  // every row below is in use
  std::uint32_t dead_bytes = 0;   // of the label text: blocks of rows that are gone
  Ref<LabelText> text;
  Word* words;                  // [shape.words][capacity]
  std::int64_t* stamps;         // [capacity] when the row was written, ns, steady
  std::int64_t* times;          // [capacity] the row's own time, or nullptr
  std::uint32_t* text_at;       // [capacity] offset of its label block
  std::uint32_t* text_size;     // [capacity] and its size; 0: the row is free
  std::uint32_t* series_index;  // [capacity]
  std::uint8_t* valid;          // [shape.bits][bitmap_bytes()]

  static Chunk* make(const Shape& shape, std::uint32_t capacity);
  static void free(Chunk* chunk);
  // A copy with room for `capacity` rows, at least as many as there are; shares the label text.
  Chunk* copy(std::uint32_t new_capacity) const;

  std::uint32_t bitmap_bytes() const { return (capacity + 7) / 8; }
  const Word* column(std::uint32_t word) const { return words + std::size_t{word} * capacity; }
  Word* column(std::uint32_t word) { return words + std::size_t{word} * capacity; }
  const std::uint8_t* bitmap(std::uint32_t bit) const {
    return valid + std::size_t{bit} * bitmap_bytes();
  }
  std::uint8_t* bitmap(std::uint32_t bit) { return valid + std::size_t{bit} * bitmap_bytes(); }
  std::string_view labels(std::uint32_t row) const {
    return {text->bytes() + text_at[row], text_size[row]};
  }

  // The three below: on an exclusive chunk only.
  // Takes a free row, used < capacity, for the series; no value is valid in it yet.
  std::uint32_t add_row(std::string_view labels, std::uint32_t index);
  void remove_row(std::uint32_t row);
  // Rewrites the label text without its dead bytes, with `room` bytes to spare.
  void compact(std::uint32_t room);
};

}  // namespace weir::prometheus_sink
