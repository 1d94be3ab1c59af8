// From batches to iovecs; the counterpart of payload.cpp.
#include "core/buffer/encoder.hpp"

#include <algorithm>
#include <cstring>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/payload.hpp"

namespace weir::buffer {

namespace {

// A piece of its own costs a system call more than copying this much.
constexpr std::uint64_t kCopyBytesMax = 1024;
constexpr std::size_t kScratchBytesKept = 1u << 20;

void put_u32(std::string& to, std::uint32_t value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put_text(std::string& to, const char* text) {
  const std::size_t size = text == nullptr ? 0 : std::strlen(text);
  put_u32(to, text == nullptr ? kNoText : static_cast<std::uint32_t>(size));
  to.append(text == nullptr ? "" : text, size);
}

}  // namespace

void Encoder::begin_segment(std::uint64_t base) {
  base_ = base;
  next_measurement_ = next_series_ = 0;
  if (++stamp_ == 0) {  // after four thousand million segments an old stamp must not seem new
    measurements_.clear();
    series_.clear();
    stamp_ = 1;
  }
}

void Encoder::define(const weir_measurement& m, std::uint32_t id) {
  std::string& to = definitions_;
  put_u32(to, static_cast<std::uint32_t>(Definition::kMeasurement));
  put_u32(to, id);
  put_u32(to, m.label_count);
  put_u32(to, m.field_count);
  put_text(to, m.name);
  put_text(to, m.help);
  for (std::uint32_t i = 0; i < m.label_count; ++i) put_text(to, m.labels[i]);
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const weir_field& f = *m.fields[i];
    put_u32(to, f.type);
    put_u32(to, f.metric);
    put_u32(to, f.bound_count);
    put_text(to, f.name);
    put_text(to, f.unit);
    put_text(to, f.help);
    put_text(to, f.flat_name);
    if (f.bound_count != 0) {
      to.append(reinterpret_cast<const char*>(f.bounds), f.bound_count * sizeof(double));
    }
  }
}

void Encoder::define(const weir_series& s, std::uint32_t id) {
  // Of a plugin's own making, it may be another than the batch's.
  const std::uint32_t measurement = measurement_id(*s.measurement);
  put_u32(definitions_, static_cast<std::uint32_t>(Definition::kSeries));
  put_u32(definitions_, id);
  put_u32(definitions_, measurement);
  for (std::uint32_t i = 0; i < s.measurement->label_count; ++i) {
    const weir_string& value = s.label_values[i];
    put_u32(definitions_, static_cast<std::uint32_t>(value.size));
    if (value.size != 0) definitions_.append(value.data, value.size);
  }
}

std::uint32_t Encoder::measurement_id(const weir_measurement& m) {
  if (m.id >= measurements_.size()) measurements_.resize(m.id + 1);
  Known& known = measurements_[m.id];
  if (known.stamp != stamp_) {
    known = {stamp_, 0, next_measurement_++};
    fresh_measurements_.push_back(m.id);
    define(m, known.id);
  }
  return known.id;
}

// The hot loop: what the segment knows already is one comparison a row.
void Encoder::put_series_ids(const weir_batch& batch) {
  const std::size_t first = ids_.size();
  ids_.resize(first + batch.rows);
  std::uint32_t* to = ids_.data() + first;
  std::span<const Known> all = series_;
  const std::uint32_t stamp = stamp_;
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    const weir_series& s = *batch.series[row];
    const Known known = s.index < all.size() ? all[s.index] : Known{};
    if (known.stamp == stamp && known.generation == s.generation) {
      to[row] = known.id;
    } else {
      to[row] = new_series_id(s);
      all = series_;
    }
  }
}

std::uint32_t Encoder::new_series_id(const weir_series& s) {
  if (s.index >= series_.size()) series_.resize(std::max<std::size_t>(s.index + 1, 64));
  series_[s.index] = {stamp_, s.generation, next_series_};
  fresh_series_.push_back(s.index);
  define(s, next_series_);
  return next_series_++;
}

void Encoder::copy(const void* data, std::uint64_t size) {
  if (pieces_.empty() || pieces_.back().iov_base != nullptr) pieces_.push_back({nullptr, 0});
  pieces_.back().iov_len += size;
  scratch_.append(static_cast<const char*>(data), size);
}

void Encoder::put(const void* data, std::uint64_t size) {
  constexpr char kZeros[8]{};
  if (size > kCopyBytesMax) {
    pieces_.push_back({const_cast<void*>(data), size});
  } else if (size != 0) {
    copy(data, size);
  }
  const std::uint64_t padding = round8(size) - size;
  if (padding != 0) copy(kZeros, padding);
  bytes_ += size + padding;
}

void Encoder::put_column(const weir_field& field, const weir_column& column, std::uint32_t rows) {
  switch (field.type) {
    case WEIR_BOOL: put(column.v.bits, (std::uint64_t{rows} + 7) / 8); break;
    case WEIR_STRING:
      put(column.v.offsets, (std::uint64_t{rows} + 1) * sizeof(std::int32_t));
      put(column.bytes, static_cast<std::uint64_t>(column.v.offsets[rows]));
      break;
    case WEIR_HISTOGRAM:
      put(column.v.buckets, std::uint64_t{rows} * (field.bound_count + 1) * 8);
      put(column.counts, std::uint64_t{rows} * 8);
      put(column.sums, std::uint64_t{rows} * 8);
      break;
    default: put(column.v.u64, std::uint64_t{rows} * 8); break;
  }
}

void Encoder::put_batch(const weir_batch& batch, std::uint32_t measurement,
                        const std::uint32_t* series) {
  const weir_measurement& m = *batch.measurement;
  const std::uint32_t rows = batch.rows;
  const BatchHead head{measurement, rows, batch.source, batch.epoch, batch.sequence};
  put(&head, sizeof head);
  for (std::uint32_t first = 0; first < m.field_count; first += 64) {
    std::uint64_t with_bitmap = 0;
    for (std::uint32_t i = first; i < std::min(first + 64, m.field_count); ++i) {
      if (batch.columns[i].validity != nullptr) with_bitmap |= std::uint64_t{1} << (i - first);
    }
    put(&with_bitmap, sizeof with_bitmap);
  }
  // The numbers are this object's own and move when more are added: always copied.
  copy(series, std::uint64_t{rows} * sizeof *series);
  bytes_ += std::uint64_t{rows} * sizeof *series;
  if (rows % 2 != 0) {
    constexpr std::uint32_t kZero = 0;
    copy(&kZero, sizeof kZero);
    bytes_ += sizeof kZero;
  }
  put(batch.times, std::uint64_t{rows} * 8);
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const weir_column& column = batch.columns[i];
    if (column.validity != nullptr) put(column.validity, (std::uint64_t{rows} + 7) / 8);
    put_column(*m.fields[i], column, rows);
  }
}

void Encoder::add(const Chain& chain) {
  definitions_.clear();
  ids_.clear();
  std::uint64_t rows = 0;
  std::uint32_t batches = 0;
  for (const weir_batch* batch : chain.batches) {
    if (batch->rows == 0) continue;
    ++batches;
    ids_.push_back(measurement_id(*batch->measurement));
    put_series_ids(*batch);
    rows += batch->rows;
  }
  too_large_ = too_large_ || definitions_.size() > kFrameBytesMax;
  if (too_large_ || batches == 0) return;
  const std::uint64_t begin = bytes_;
  Frame frame{};
  frame.scratch = scratch_.size();
  put(&frame.header, sizeof frame.header);
  const PayloadHead head{static_cast<std::uint32_t>(round8(definitions_.size())), batches};
  put(&head, sizeof head);
  definitions_.resize(head.definitions_bytes);
  copy(definitions_.data(), definitions_.size());  // gone with the next frame
  bytes_ += definitions_.size();
  const std::uint32_t* ids = ids_.data();
  for (const weir_batch* batch : chain.batches) {
    if (batch->rows == 0) continue;
    const std::uint32_t measurement = *ids++;
    put_batch(*batch, measurement, ids);
    ids += batch->rows;
  }
  const std::uint64_t size = bytes_ - begin;
  too_large_ = size > kFrameBytesMax;
  frame.header.payload_bytes = static_cast<std::uint32_t>(size - sizeof frame.header);
  frame.header.rows = static_cast<std::uint32_t>(rows);
  frame.header.origin = chain.origin;
  frames_.push_back(frame);
  rows_ += rows;
}

std::span<const iovec> Encoder::seal(std::uint64_t offset, std::uint64_t number,
                                     std::uint64_t rows_before) {
  char* scratch = scratch_.data();
  for (iovec& piece : pieces_) {
    if (piece.iov_base != nullptr) continue;
    piece.iov_base = scratch;
    scratch += piece.iov_len;
  }
  std::size_t piece = 0;
  std::size_t used = 0;  // of that piece
  // Goes `size` bytes on over the pieces.
  const auto crc_over = [&](std::uint64_t size) {
    std::uint32_t crc = 0;
    while (size != 0) {
      const std::uint64_t n = std::min<std::uint64_t>(pieces_[piece].iov_len - used, size);
      crc = crc32c(crc, static_cast<const char*>(pieces_[piece].iov_base) + used, n);
      size -= n;
      used += n;
      if (used == pieces_[piece].iov_len) {
        ++piece;
        used = 0;
      }
    }
    return crc;
  };
  const bool first = offset == 0;
  if (first) offset = sizeof(SegmentHeader);
  for (Frame& frame : frames_) {
    crc_over(sizeof(FrameHeader));
    frame.header.number = number++;
    frame.header.rows_before = rows_before;
    frame.header.payload_crc = crc_over(frame.header.payload_bytes);
    buffer::seal(frame.header, base_, offset);
    std::memcpy(scratch_.data() + frame.scratch, &frame.header, sizeof frame.header);
    rows_before += frame.header.rows;
    offset += frame.header.bytes();
  }
  if (first) {
    segment_header_ = make_segment_header(base_);
    pieces_.insert(pieces_.begin(), {&segment_header_, sizeof segment_header_});
  }
  return pieces_;
}

void Encoder::clear() {
  fresh_measurements_.clear();
  fresh_series_.clear();
  pieces_.clear();
  scratch_.clear();
  if (scratch_.capacity() > kScratchBytesKept) scratch_.shrink_to_fit();
  frames_.clear();
  bytes_ = rows_ = 0;
  too_large_ = false;
}

void Encoder::keep() { clear(); }

void Encoder::undo() {
  for (const std::uint32_t index : fresh_measurements_) measurements_[index].stamp = 0;
  for (const std::uint32_t index : fresh_series_) series_[index].stamp = 0;
  next_measurement_ -= static_cast<std::uint32_t>(fresh_measurements_.size());
  next_series_ -= static_cast<std::uint32_t>(fresh_series_.size());
  clear();
}

}  // namespace weir::buffer
