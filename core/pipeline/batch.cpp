// Layout of a batch's block, and the pool that blocks come from.
#include "core/pipeline/batch.hpp"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace weir::core {

namespace {

constexpr std::size_t round8(std::size_t n) { return (n + 7) & ~std::size_t{7}; }

// Bytes of one column's values, without strings' text.
std::size_t values_bytes(const weir_field& field, std::size_t rows) {
  switch (field.type) {
    case WEIR_BOOL: return round8((rows + 7) / 8);
    case WEIR_STRING: return round8((rows + 1) * sizeof(std::int32_t));
    case WEIR_HISTOGRAM: return rows * 8 * (std::size_t{field.bound_count} + 1 + 2);
    default: return rows * 8;
  }
}

std::size_t block_bytes(const weir_measurement& m, std::size_t rows) {
  const std::size_t bitmap = round8((rows + 7) / 8);
  std::size_t bytes = round8(sizeof(Batch)) + rows * 16;
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    bytes += sizeof(weir_column) + bitmap + values_bytes(*m.fields[i], rows);
  }
  return bytes;
}

// Classes grow by a quarter of a power of two, so that a block is at most 25 % too large.
constexpr std::size_t kSmallest = 256;
std::uint16_t class_of(std::size_t bytes) {
  if (bytes <= kSmallest) return 0;
  const unsigned log = std::bit_width(bytes - 1) - 1;  // 2^log < bytes <= 2^(log+1)
  const std::size_t quarter = std::size_t{1} << (log - 2);
  const std::size_t step = (bytes - (std::size_t{1} << log) + quarter - 1) / quarter;  // 1..4
  return static_cast<std::uint16_t>((log - 8) * 4 + step);
}
std::size_t class_bytes(std::uint16_t size_class) {
  const std::size_t base = kSmallest << (size_class / 4);
  return base + base / 4 * (size_class % 4);
}

// The reserved words of a column are the agent's: a number each, kept as a pointer's value.
// [0]: bytes that a string column has room for. [2]: how many of its rows are written; a reader
// trusts the offsets of all of them. [1]: the bitmap that `validity` will point to.
std::uint64_t number(const weir_column& column, int word) {
  return reinterpret_cast<std::uintptr_t>(column.reserved[word]);
}
void set_number(weir_column& column, int word, std::uint64_t value) {
  column.reserved[word] = reinterpret_cast<void*>(static_cast<std::uintptr_t>(value));
}
constexpr int kStringCapacity = 0;
constexpr int kStringsWritten = 2;

std::uint8_t* spare_bitmap(weir_column& column) {
  return static_cast<std::uint8_t*>(column.reserved[1]);
}

// Sets the pointers of a batch of that shape, whose block is large enough.
void lay_out(Batch& batch, const weir_measurement& m, std::uint32_t rows) {
  char* at = reinterpret_cast<char*>(&batch) + round8(sizeof(Batch));
  const auto take = [&at](std::size_t n) {
    void* result = at;
    at += n;
    return result;
  };
  batch.has_strings = false;
  batch.abi.size = sizeof(weir_batch);
  batch.abi.capacity = rows;
  batch.abi.measurement = &m;
  batch.abi.series = static_cast<const weir_series**>(take(std::size_t{rows} * 8));
  batch.abi.times = static_cast<std::int64_t*>(take(std::size_t{rows} * 8));
  batch.abi.columns = static_cast<weir_column*>(take(m.field_count * sizeof(weir_column)));
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const weir_field& field = *m.fields[i];
    weir_column& column = *new (&batch.abi.columns[i]) weir_column{};
    column.reserved[1] = take(round8((std::size_t{rows} + 7) / 8));
    column.v.u64 = static_cast<std::uint64_t*>(take(values_bytes(field, rows)));
    if (field.type == WEIR_STRING) {
      batch.has_strings = true;
      column.v.offsets[0] = 0;
    } else if (field.type == WEIR_HISTOGRAM) {
      column.counts = column.v.buckets + std::size_t{rows} * (field.bound_count + 1);
      column.sums = reinterpret_cast<double*>(column.counts + rows);
    }
  }
}

}  // namespace

void release(Batch* batch) {
  while (batch != nullptr) {
    if (batch->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    Batch* next = batch->next;
    if (batch->receipt != nullptr) std::exchange(batch->receipt, nullptr)->unref();
    unhold(batch);
    batch = next;
  }
}

void unhold(Batch* batch) {
  while (batch != nullptr) {
    // The only one who holds it needs no atomic operation to find out: nobody can join.
    if (batch->holds.load(std::memory_order_acquire) != 1 &&
        batch->holds.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    Batch* original = batch->original;
    batch->pool->recycle(batch);
    batch = original;
  }
}

namespace {
void free_list(Batch* batch) {
  while (batch != nullptr) std::free(std::exchange(batch, batch->next));
}
}  // namespace

BatchPool::~BatchPool() {
  for (Batch* list : free_) free_list(list);
  free_list(returned_.load(std::memory_order_acquire));
}

void BatchPool::unref() {
  if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void BatchPool::close() {
  closed_.store(true, std::memory_order_relaxed);
  unref();
}

// A batch that was used before, as it was left, or a new one without pool.
Batch* BatchPool::allocate(std::size_t bytes) {
  const std::uint16_t size_class = class_of(bytes);
  if (size_class >= kClasses) return nullptr;  // a terabyte
  const std::lock_guard lock(mutex_);
  if (free_[size_class] == nullptr) {
    Batch* batch = returned_.exchange(nullptr, std::memory_order_acquire);
    while (batch != nullptr) {
      Batch*& list = free_[batch->size_class];
      batch = std::exchange(batch->next, std::exchange(list, batch));
    }
  }
  if (Batch* batch = free_[size_class]) {
    free_[size_class] = std::exchange(batch->next, nullptr);
    cached_bytes_.fetch_sub(static_cast<std::int64_t>(class_bytes(size_class)),
                            std::memory_order_relaxed);
    batch->refs.store(1, std::memory_order_relaxed);
    batch->holds.store(1, std::memory_order_relaxed);
    return batch;
  }
  void* block = std::malloc(class_bytes(size_class));
  if (block == nullptr) return nullptr;
  Batch* batch = new (block) Batch;
  batch->size_class = size_class;
  batch->pool = this;
  return batch;
}

void BatchPool::recycle(Batch* batch) {
  if (batch->original == nullptr) {
    if (batch->has_strings) {
      const weir_measurement& m = *batch->abi.measurement;
      for (std::uint32_t i = 0; i < m.field_count; ++i) {
        if (m.fields[i]->type == WEIR_STRING) std::free(batch->abi.columns[i].bytes);
      }
    }
    Epochs::leave(*counts_, batch->epoch_parity);
  }
  const auto bytes = static_cast<std::int64_t>(class_bytes(batch->size_class));
  if (!closed_.load(std::memory_order_relaxed) &&
      cached_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <=
          static_cast<std::int64_t>(kCachedBytesMax)) {
    batch->next = returned_.load(std::memory_order_relaxed);
    while (!returned_.compare_exchange_weak(batch->next, batch, std::memory_order_release,
                                            std::memory_order_relaxed)) {
    }
  } else {
    if (!closed_.load(std::memory_order_relaxed)) {
      cached_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    }
    std::free(batch);
  }
  unref();
}

Batch* BatchPool::acquire(const weir_measurement* m, std::uint32_t rows) {
  if (rows == 0 || rows > kRowsMax) return nullptr;
  Batch* batch = allocate(block_bytes(*m, rows));
  if (batch == nullptr) return nullptr;

  users_.fetch_add(1, std::memory_order_relaxed);
  batch->bytes = class_bytes(batch->size_class);
  batch->epoch_parity = static_cast<std::uint8_t>(epochs_.enter(*counts_));
  // What served a batch of this shape before has its columns in place.
  const bool same_shape = batch->original == nullptr && batch->abi.measurement == m &&
                          batch->abi.capacity == rows && !batch->has_strings;
  batch->original = nullptr;
  batch->abi.rows = 0;
  batch->abi.sequence = 0;
  if (same_shape) {
    for (std::uint32_t i = 0; i < m->field_count; ++i) batch->abi.columns[i].validity = nullptr;
  } else {
    lay_out(*batch, *m, rows);
  }
  return batch;
}

Batch* BatchPool::alias(Batch* original) {
  if (original->original != nullptr) original = original->original;
  Batch* batch = allocate(sizeof(Batch));
  if (batch == nullptr) return nullptr;
  users_.fetch_add(1, std::memory_order_relaxed);
  hold(original);
  batch->abi = original->abi;
  batch->bytes = original->bytes + class_bytes(batch->size_class);
  batch->original = original;
  return batch;
}

std::uint8_t* make_validity(Batch* batch, std::uint32_t field) {
  weir_column& column = batch->abi.columns[field];
  if (column.validity == nullptr) {
    column.validity = spare_bitmap(column);
    std::memset(column.validity, 0xff, (batch->abi.capacity + 7) / 8);
  }
  return column.validity;
}

bool append_string(Batch* batch, std::uint32_t field, std::uint32_t row, const char* data,
                   std::uint64_t size) {
  weir_column& column = batch->abi.columns[field];
  if (batch->abi.measurement->fields[field]->type != WEIR_STRING || row >= batch->abi.capacity ||
      row != number(column, kStringsWritten)) {
    return false;
  }
  const auto begin = static_cast<std::uint64_t>(column.v.offsets[row]);
  if (size > INT32_MAX - begin) return false;
  const std::uint64_t end = begin + size;
  const std::uint64_t capacity = number(column, kStringCapacity);
  if (end > capacity) {
    const std::uint64_t wanted = std::bit_ceil(end < 64 ? 64 : end);
    void* bytes = std::realloc(column.bytes, wanted);
    if (bytes == nullptr) return false;
    column.bytes = static_cast<char*>(bytes);
    batch->bytes += wanted - capacity;
    set_number(column, kStringCapacity, wanted);
  }
  if (size != 0) std::memcpy(column.bytes + begin, data, size);
  column.v.offsets[row + 1] = static_cast<std::int32_t>(end);
  set_number(column, kStringsWritten, std::uint64_t{row} + 1);
  return true;
}

bool well_formed(const weir_batch& batch) {
  if (batch.rows > batch.capacity) return false;
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    if (batch.series[row] == nullptr) return false;
  }
  for (std::uint32_t i = 0; i < batch.measurement->field_count; ++i) {
    if (batch.measurement->fields[i]->type == WEIR_STRING &&
        number(batch.columns[i], kStringsWritten) < batch.rows) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::core
