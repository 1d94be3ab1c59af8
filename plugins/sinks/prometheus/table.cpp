// Rows, labels and twins of one measurement; see table.hpp.
#include "table.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "text.hpp"
#include "weir/rows.hpp"

namespace weir::prometheus_sink {

namespace {

Type family_type(const weir_field& field) {
  if (field.type == WEIR_HISTOGRAM) return Type::histogram;
  switch (field.metric) {
    case WEIR_COUNTER: return Type::counter;
    case WEIR_INFO: return Type::info;
    case WEIR_UNTYPED: return Type::untyped;
    default: return Type::gauge;
  }
}

std::size_t hash_of(std::string_view labels) { return std::hash<std::string_view>{}(labels); }

}  // namespace

Table::Table(std::uint32_t index, const weir_measurement& measurement, Families& families,
             bool timestamps, std::vector<std::string>& problems)
    : index_(index), measurement_(&measurement) {
  for (std::uint32_t i = 0; i < measurement.field_count; ++i) {
    const weir_field& field = *measurement.fields[i];
    if (field.type == WEIR_STRING || field.type < WEIR_F64 || field.type > WEIR_HISTOGRAM) {
      ++string_fields_;  // a type of a later ABI is nothing that we could show either
      continue;
    }
    const std::string name = field.flat_name != nullptr
                                 ? field.flat_name
                                 : std::string(measurement.name) + "_" + field.name;
    const char* help = field.help[0] != '\0' ? field.help : measurement.help;
    std::string why;
    Family* family = families.claim(name, family_type(field), help, field.unit, why);
    for (const Column& c : columns_) {
      if (family != nullptr && c.family == family) {
        why = "is another field of the same measurement already";
        family = nullptr;
      }
    }
    if (family == nullptr) {
      ++refused_fields_;
      problems.push_back("not exposed: field " + std::string(field.name) + " of " +
                         measurement.name + ": " + name + " " + why);
      continue;
    }
    Column column{family, field.type, i, shape_.words, shape_.bits, {}};
    if (field.type == WEIR_HISTOGRAM) {
      column.bounds.assign(field.bounds, field.bounds + field.bound_count);
      shape_.words += field.bound_count + 2;
      width_ += field.bound_count + 3;
    } else {
      shape_.words += 1;
      width_ += 1;
    }
    shape_.bits += 1;
    family->members.push_back({this, static_cast<std::uint32_t>(columns_.size())});
    columns_.push_back(std::move(column));
  }
  shape_.bits += 1;  // the twin bit
  shape_.times = timestamps;
  name_labels();
  for (std::uint32_t c = 0; c < columns_.size(); ++c) {
    for (const Family::Member& other : columns_[c].family->members) {
      if (other.table == this) continue;
      meet(*other.table, c, other.column);
      other.table->meet(*this, other.column, c);
    }
  }
}

// Sorted, so that the same labels are the same text whoever wrote them. Names that Prometheus
// keeps for itself get its own prefix for such cases.
void Table::name_labels() {
  const bool histogram = std::any_of(columns_.begin(), columns_.end(),
                                     [](const Column& c) { return c.type == WEIR_HISTOGRAM; });
  for (std::uint32_t i = 0; i < measurement_->label_count; ++i) {
    std::string name = measurement_->labels[i];
    if (name.starts_with("__") || (histogram && name == "le")) name = "exported_" + name;
    labels_.emplace_back(std::move(name), i);
  }
  std::sort(labels_.begin(), labels_.end());
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  meets_itself_ = std::adjacent_find(labels_.begin(), labels_.end(), same_name) != labels_.end();
  if (!meets_itself_) return;
  for (std::uint32_t c = 0; c < columns_.size(); ++c) meet(*this, c, c);
}

void Table::meet(Table& other, std::uint32_t ours, std::uint32_t theirs) {
  if (neighbours_.empty()) build_index();
  auto found = std::find_if(neighbours_.begin(), neighbours_.end(),
                            [&](const Neighbour& n) { return n.table == &other; });
  if (found == neighbours_.end()) found = neighbours_.insert(found, Neighbour{&other, {}});
  found->columns.emplace_back(ours, theirs);
}

void Table::build_index() {
  for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
    if (!chunks_[i]) continue;
    const Chunk& chunk = *chunks_[i];
    for (std::uint32_t row = 0; row < chunk.capacity; ++row) {
      if (chunk.text_size[row] == 0) continue;
      by_labels_.emplace(hash_of(chunk.labels(row)), i * kChunkRows + row);
    }
  }
}

// False when a value had to be mended, so that two series may have become one.
bool Table::render_labels(const weir_series& series, std::string& out) const {
  bool clean = true;
  std::string_view last;
  for (const auto& [name, index] : labels_) {
    const std::string_view value = weir::view(series.label_values[index]);
    if (value.empty() || name == last) continue;  // of two equal names the first with a value
    out += out.empty() ? '{' : ',';
    out += name;
    out += "=\"";
    clean &= append_label_value(out, value);
    out += '"';
    last = name;
  }
  out += out.empty() ? " " : "} ";
  return clean;
}

Chunk& Table::writable(std::uint32_t index) {
  Ref<Chunk>& chunk = chunks_[index];
  if (!chunk.exclusive()) chunk = Ref<Chunk>(chunk->copy(chunk->capacity));
  return *chunk;
}

Chunk& Table::chunk_with_room(std::uint32_t& index) {
  index = search_from_;
  while (index < chunks_.size() && chunks_[index] && chunks_[index]->used == kChunkRows) ++index;
  search_from_ = index;
  if (index == chunks_.size()) chunks_.emplace_back();
  Ref<Chunk>& chunk = chunks_[index];
  if (!chunk) {
    // Most measurements of a host have few series: the first chunk begins small.
    chunk = Ref<Chunk>(Chunk::make(shape_, index == 0 ? 1 : kChunkRows / 4));
  } else if (chunk->used == chunk->capacity) {
    chunk = Ref<Chunk>(chunk->copy(chunk->capacity * 4));
  }
  return writable(index);
}

std::uint32_t Table::insert(const weir_series& series) {
  scratch_.clear();
  if (!render_labels(series, scratch_) && !meets_itself_) {
    meets_itself_ = true;
    for (std::uint32_t c = 0; c < columns_.size(); ++c) meet(*this, c, c);
  }
  std::uint32_t index = 0;
  Chunk& chunk = chunk_with_room(index);
  const std::uint32_t slot = index * kChunkRows + chunk.add_row(scratch_, series.index);
  if (!neighbours_.empty()) {
    by_labels_.emplace(hash_of(scratch_), slot);
    find_twins(slot);
  }
  return slot;
}

template <class Use>
void Table::for_each_twin(std::uint32_t slot, Use use) {
  const std::string_view labels = chunks_[slot / kChunkRows]->labels(row_of(slot));
  const std::size_t hash = hash_of(labels);
  for (Neighbour& n : neighbours_) {
    const auto [first, last] = n.table->by_labels_.equal_range(hash);
    for (auto it = first; it != last; ++it) {
      const std::uint32_t other = it->second;
      if (n.table == this && other == slot) continue;
      if (n.table->chunks_[other / kChunkRows]->labels(row_of(other)) == labels) use(n, other);
    }
  }
}

void Table::find_twins(std::uint32_t slot) {
  bool found = false;
  for_each_twin(slot, [&](Neighbour& n, std::uint32_t other) {
    weir::set_bit(n.table->writable(other / kChunkRows).bitmap(n.table->twin_bit()), row_of(other),
                  true);
    found = true;
  });
  if (found) weir::set_bit(writable(slot / kChunkRows).bitmap(twin_bit()), row_of(slot), true);
}

// The values just written make those of the twins invalid.
void Table::silence_twins(std::uint32_t slot) {
  for_each_twin(slot, [&](Neighbour& n, std::uint32_t other) {
    Chunk& theirs = n.table->writable(other / kChunkRows);
    const Chunk& ours = *chunks_[slot / kChunkRows];  // after: they may be one chunk, just copied
    for (const auto& [our_column, their_column] : n.columns) {
      if (!weir::bit(ours.bitmap(columns_[our_column].bit), row_of(slot))) continue;
      weir::set_bit(theirs.bitmap(n.table->columns_[their_column].bit), row_of(other), false);
    }
  });
}

void Table::store(const weir_batch& batch, const std::vector<std::uint32_t>& slots,
                  std::int64_t stamp_ns) {
  for (std::uint32_t i = 0; i < batch.rows; ++i) {
    if (slots[i] == kNoSlot) continue;
    Chunk& chunk = writable(slots[i] / kChunkRows);
    chunk.stamps[row_of(slots[i])] = stamp_ns;
    if (chunk.times != nullptr) chunk.times[row_of(slots[i])] = batch.times[i];
  }
  for (const Column& column : columns_) store_column(column, batch, slots);
  if (neighbours_.empty()) return;
  for (std::uint32_t i = batch.rows; i-- > 0;) {  // backwards: the last row silences the others
    const std::uint32_t slot = slots[i];
    if (slot == kNoSlot) continue;
    if (weir::bit(chunks_[slot / kChunkRows]->bitmap(twin_bit()), row_of(slot))) {
      silence_twins(slot);
    }
  }
}

void Table::store_column(const Column& column, const weir_batch& batch,
                         const std::vector<std::uint32_t>& slots) {
  const weir_column& from = batch.columns[column.field];
  const auto each = [&](auto put) {
    for (std::uint32_t i = 0; i < batch.rows; ++i) {
      if (slots[i] == kNoSlot) continue;
      Chunk& chunk = *chunks_[slots[i] / kChunkRows];
      const std::uint32_t row = row_of(slots[i]);
      const bool valid = weir::has_value(from, i);
      weir::set_bit(chunk.bitmap(column.bit), row, valid);
      if (valid) put(chunk, row, i);
    }
  };
  switch (column.type) {
    case WEIR_BOOL:
      each([&](Chunk& chunk, std::uint32_t row, std::uint32_t i) {
        chunk.column(column.word)[row].u64 = weir::bit(from.v.bits, i) ? 1 : 0;
      });
      break;
    case WEIR_HISTOGRAM:
      each([&](Chunk& chunk, std::uint32_t row, std::uint32_t i) {
        const auto width = static_cast<std::uint32_t>(column.bounds.size() + 1);
        for (std::uint32_t b = 0; b < width; ++b) {
          chunk.column(column.word + b)[row].u64 = from.v.buckets[std::size_t{i} * width + b];
        }
        chunk.column(column.word + width)[row].f64 = from.sums[i];
      });
      break;
    default:  // f64, i64 and u64: eight bytes, whatever they mean
      each([&](Chunk& chunk, std::uint32_t row, std::uint32_t i) {
        chunk.column(column.word)[row].u64 = from.v.u64[i];
      });
  }
}

void Table::forget(std::uint32_t slot) {
  if (neighbours_.empty()) return;
  const auto [first, last] =
      by_labels_.equal_range(hash_of(chunks_[slot / kChunkRows]->labels(row_of(slot))));
  for (auto it = first; it != last; ++it) {
    if (it->second != slot) continue;
    by_labels_.erase(it);
    return;
  }
}

void Table::trim() {
  while (!chunks_.empty() && !chunks_.back()) chunks_.pop_back();
  if (chunks_.empty()) chunks_.shrink_to_fit();
  search_from_ = std::min(search_from_, static_cast<std::uint32_t>(chunks_.size()));
}

}  // namespace weir::prometheus_sink
