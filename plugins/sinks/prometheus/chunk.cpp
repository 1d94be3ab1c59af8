// Layout and row management of chunks; see chunk.hpp.
#include "chunk.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace weir::prometheus_sink {

namespace {

std::size_t chunk_bytes(const Shape& s, std::uint32_t capacity) {
  const std::size_t row = std::size_t{s.words} * sizeof(Word) + sizeof(std::int64_t) +
                          (s.times ? sizeof(std::int64_t) : 0) + 3 * sizeof(std::uint32_t);
  return sizeof(Chunk) + row * capacity + std::size_t{s.bits} * ((capacity + 7) / 8);
}

}  // namespace

LabelText* LabelText::make(std::uint32_t capacity) {
  void* memory = ::operator new(sizeof(LabelText) + capacity);
  auto* text = new (memory) LabelText;
  text->capacity = capacity;
  text->size = 0;
  return text;
}

void LabelText::free(LabelText* text) {
  text->~LabelText();
  ::operator delete(text);
}

Chunk* Chunk::make(const Shape& shape, std::uint32_t capacity) {
  const std::size_t bytes = chunk_bytes(shape, capacity);
  void* memory = ::operator new(bytes);
  auto* chunk = new (memory) Chunk;
  std::memset(static_cast<void*>(chunk + 1), 0, bytes - sizeof(Chunk));
  chunk->shape = shape;
  chunk->capacity = capacity;
  chunk->words = reinterpret_cast<Word*>(chunk + 1);
  chunk->stamps =
      reinterpret_cast<std::int64_t*>(chunk->words + std::size_t{shape.words} * capacity);
  std::int64_t* next = chunk->stamps + capacity;
  chunk->times = shape.times ? next : nullptr;
  if (shape.times) next += capacity;
  chunk->text_at = reinterpret_cast<std::uint32_t*>(next);
  chunk->text_size = chunk->text_at + capacity;
  chunk->series_index = chunk->text_size + capacity;
  chunk->valid = reinterpret_cast<std::uint8_t*>(chunk->series_index + capacity);
  return chunk;
}

void Chunk::free(Chunk* chunk) {
  chunk->~Chunk();
  ::operator delete(chunk);
}

Chunk* Chunk::copy(std::uint32_t new_capacity) const {
  Chunk* to = make(shape, new_capacity);
  to->used = used;
  to->search_from = search_from;
  to->dead_bytes = dead_bytes;
  to->text = text;
  for (std::uint32_t w = 0; w < shape.words; ++w) {
    std::memcpy(to->column(w), column(w), capacity * sizeof(Word));
  }
  for (std::uint32_t b = 0; b < shape.bits; ++b) {
    std::memcpy(to->bitmap(b), bitmap(b), bitmap_bytes());
  }
  std::memcpy(to->stamps, stamps, capacity * sizeof *stamps);
  if (times != nullptr) std::memcpy(to->times, times, capacity * sizeof *times);
  std::memcpy(to->text_at, text_at, capacity * sizeof *text_at);
  std::memcpy(to->text_size, text_size, capacity * sizeof *text_size);
  std::memcpy(to->series_index, series_index, capacity * sizeof *series_index);
  return to;
}

std::uint32_t Chunk::add_row(std::string_view labels, std::uint32_t index) {
  const auto size = static_cast<std::uint32_t>(labels.size());
  if (!text || text->capacity - text->size < size) {
    // The last row makes it exact; before that, half as much again as there is.
    const std::uint32_t live = text ? text->size - dead_bytes : 0;
    const bool last = used + 1 == kChunkRows;
    compact(size + (last ? 0 : std::min(live / 2, (capacity - used - 1) * size)));
  }
  std::uint32_t row = search_from;
  while (text_size[row] != 0) ++row;
  std::memcpy(text->bytes() + text->size, labels.data(), size);
  text_at[row] = text->size;
  text_size[row] = size;
  text->size += size;
  series_index[row] = index;
  ++used;
  search_from = row + 1;
  return row;
}

void Chunk::remove_row(std::uint32_t row) {
  dead_bytes += text_size[row];
  text_size[row] = 0;
  const auto mask = static_cast<std::uint8_t>(~(1u << (row % 8)));
  for (std::uint32_t b = 0; b < shape.bits; ++b) bitmap(b)[row / 8] &= mask;
  --used;
  search_from = std::min(search_from, row);
}

void Chunk::compact(std::uint32_t room) {
  std::uint64_t live = 0;
  for (std::uint32_t row = 0; row < capacity; ++row) live += text_size[row];
  if (live + room > UINT32_MAX) {
    throw std::length_error("labels of 256 series take more than 4 GiB");
  }
  Ref<LabelText> to(LabelText::make(static_cast<std::uint32_t>(live) + room));
  for (std::uint32_t row = 0; row < capacity; ++row) {
    if (text_size[row] == 0) continue;
    std::memcpy(to->bytes() + to->size, text->bytes() + text_at[row], text_size[row]);
    text_at[row] = to->size;
    to->size += text_size[row];
  }
  text = std::move(to);
  dead_bytes = 0;
}

}  // namespace weir::prometheus_sink
