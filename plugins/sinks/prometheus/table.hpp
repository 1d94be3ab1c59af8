// A table: the latest row of every series of one measurement, in chunks, and the columns that its
// fields become. Tables whose columns meet in one family are neighbours; where two of their series
// have the same labels (twins), the value written last is the only one that stays valid, so that
// an exposition never shows one series twice and a scrape need not look for duplicates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chunk.hpp"
#include "families.hpp"
#include "weir/abi.h"

namespace weir::prometheus_sink {

// A field that is exposed.
struct Column {
  const Family* family;
  weir_type type;
  std::uint32_t field;  // in the batch
  std::uint32_t word;   // its first word in a chunk's row; a histogram: buckets, then the sum
  std::uint32_t bit;    // its validity bitmap in a chunk
  std::vector<double> bounds;
};

class Table {
 public:
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;

  // Claims families for the measurement's fields. Appends a line to `problems` for each that is
  // refused.
  Table(std::uint32_t index, const weir_measurement& measurement, Families& families,
        bool timestamps, std::vector<std::string>& problems);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  std::uint32_t index() const { return index_; }
  const weir_measurement* measurement() const { return measurement_; }
  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<Ref<Chunk>>& chunks() const { return chunks_; }
  // Samples that one series is exposed as, when all of its values are there.
  std::uint32_t width() const { return width_; }
  std::uint32_t string_fields() const { return string_fields_; }
  std::uint32_t refused_fields() const { return refused_fields_; }

  // Makes room for a series and says where: the slot.
  std::uint32_t insert(const weir_series& series);
  // Copies the values of rows into slots (kNoSlot: left out).
  void store(const weir_batch& batch, const std::vector<std::uint32_t>& slots,
             std::int64_t stamp_ns);

  // Removes the rows of a chunk that were written before `cutoff_ns`; calls
  // gone(series index, slot) for each.
  template <class Gone>
  void expire(std::uint32_t chunk, std::int64_t cutoff_ns, Gone gone);
  // After a pass of `expire`: gives the space of empty chunks at the end back.
  void trim();

 private:
  struct Neighbour {
    Table* table;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> columns;  // ours, theirs: one family
  };

  static std::uint32_t row_of(std::uint32_t slot) { return slot % kChunkRows; }
  void name_labels();
  void meet(Table& other, std::uint32_t ours, std::uint32_t theirs);
  void build_index();
  bool render_labels(const weir_series& series, std::string& out) const;
  Chunk& writable(std::uint32_t chunk);
  Chunk& chunk_with_room(std::uint32_t& index);
  template <class Use>
  void for_each_twin(std::uint32_t slot, Use use);
  void find_twins(std::uint32_t slot);
  void silence_twins(std::uint32_t slot);
  void forget(std::uint32_t slot);
  void store_column(const Column& column, const weir_batch& batch,
                    const std::vector<std::uint32_t>& slots);

  std::uint32_t twin_bit() const { return shape_.bits - 1; }

  std::uint32_t index_;  // among the tables of the store
  const weir_measurement* measurement_;
  std::vector<Column> columns_;
  std::vector<std::pair<std::string, std::uint32_t>> labels_;  // exposed name, index; by name
  Shape shape_;
  std::uint32_t width_ = 0;
  std::uint32_t string_fields_ = 0;
  std::uint32_t refused_fields_ = 0;
  std::vector<Ref<Chunk>> chunks_;  // may hold empty references
  std::uint32_t search_from_ = 0;   // every chunk below is full
  std::vector<Neighbour> neighbours_;
  bool meets_itself_ = false;
  // Slots by the hash of their labels: only kept where there are neighbours.
  std::unordered_multimap<std::size_t, std::uint32_t> by_labels_;
  std::string scratch_;
};

template <class Gone>
void Table::expire(std::uint32_t index, std::int64_t cutoff_ns, Gone gone) {
  if (index >= chunks_.size() || !chunks_[index]) return;
  Chunk* chunk = chunks_[index].get();
  bool writable_already = false;
  for (std::uint32_t row = 0; row < chunk->capacity; ++row) {
    if (chunk->text_size[row] == 0 || chunk->stamps[row] >= cutoff_ns) continue;
    if (!writable_already) {
      chunk = &writable(index);
      writable_already = true;
    }
    const std::uint32_t slot = index * kChunkRows + row;
    forget(slot);
    gone(chunk->series_index[row], slot);
    chunk->remove_row(row);
  }
  if (!writable_already) return;
  search_from_ = std::min(search_from_, index);
  if (chunk->used == 0) {
    chunks_[index] = {};
  } else if (chunk->dead_bytes > chunk->text->size / 2) {
    chunk->compact(0);
  }
}

}  // namespace weir::prometheus_sink
