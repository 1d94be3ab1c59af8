// Bounded reading: every size is compared with what is left before it is used.
#include "core/buffer/payload.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer/format.hpp"

namespace weir::buffer {

namespace {

// Limits of abi.h and of the agent's registry.
constexpr std::uint32_t kFieldsMax = 1024;
constexpr std::uint32_t kLabelsMax = 64;
constexpr std::uint32_t kBoundsMax = 4096;

// Takes pieces off the front of some bytes. Once something did not fit, nothing does.
class Cursor {
 public:
  explicit Cursor(std::span<const char> bytes) : at_(bytes.data()), left_(bytes.size()) {}

  bool good() const { return good_; }
  std::size_t left() const { return good_ ? left_ : 0; }
  const char* take(std::uint64_t size) {
    if (!good_ || size > left_) {
      good_ = false;
      return nullptr;
    }
    left_ -= size;
    return std::exchange(at_, at_ + size);
  }
  // `count` items; the next piece begins at a multiple of 8.
  template <class T>
  const T* array(std::uint64_t count) {
    return reinterpret_cast<const T*>(take(round8(count * sizeof(T))));
  }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    if (const char* p = take(sizeof value)) std::memcpy(&value, p, sizeof value);
    return value;
  }
  std::string_view bytes() {
    const std::uint32_t size = u32();
    const char* p = take(size);
    return p == nullptr ? std::string_view{} : std::string_view{p, size};
  }

 private:
  const char* at_;
  std::size_t left_;
  bool good_ = true;
};

}  // namespace

struct Definitions::Measurement {
  weir_measurement abi{};
  std::vector<std::string> texts;
  std::vector<weir_field> fields;
  std::vector<std::vector<double>> bounds;
  std::vector<const weir_field*> field_pointers;
  std::vector<const char*> labels;

  // A string that can be told as a C string. The vector never grows beyond its first capacity.
  const char* text(Cursor& from, bool& good) {
    const std::uint32_t size = from.u32();
    if (size == kNoText) return nullptr;
    const char* p = from.take(size);
    good = good && p != nullptr && std::memchr(p, '\0', size) == nullptr;
    return texts.emplace_back(good ? std::string(p, size) : std::string()).c_str();
  }

  bool read(Cursor& from) {
    const std::uint32_t label_count = from.u32();
    const std::uint32_t field_count = from.u32();
    if (label_count > kLabelsMax || field_count == 0 || field_count > kFieldsMax) return false;
    texts.reserve(2 + label_count + std::size_t{field_count} * 4);
    fields.resize(field_count);
    bounds.resize(field_count);
    bool good = true;
    abi.name = text(from, good);
    abi.help = text(from, good);
    for (std::uint32_t i = 0; i < label_count; ++i) labels.push_back(text(from, good));
    for (std::uint32_t i = 0; i < field_count && good; ++i) {
      weir_field& f = fields[i];
      f.size = sizeof f;
      f.type = from.u32();
      f.metric = from.u32();
      f.bound_count = from.u32();
      f.name = text(from, good);
      f.unit = text(from, good);
      f.help = text(from, good);
      f.flat_name = text(from, good);
      const bool histogram = f.type == WEIR_HISTOGRAM;
      good = good && f.name != nullptr && f.type >= WEIR_F64 && f.type <= WEIR_HISTOGRAM &&
             f.bound_count <= (histogram ? kBoundsMax : 0);
      const char* values = good ? from.take(f.bound_count * sizeof(double)) : nullptr;
      good = good && values != nullptr;
      if (!good) return false;
      bounds[i].resize(f.bound_count);
      if (f.bound_count != 0) std::memcpy(bounds[i].data(), values, f.bound_count * sizeof(double));
      f.bounds = histogram ? bounds[i].data() : nullptr;
      field_pointers.push_back(&f);
    }
    const auto is_null = [](const char* label) { return label == nullptr; };
    if (!good || abi.name == nullptr || std::any_of(labels.begin(), labels.end(), is_null)) {
      return false;
    }
    abi.size = sizeof abi;
    abi.field_count = field_count;
    abi.label_count = label_count;
    abi.fields = field_pointers.data();
    abi.labels = labels.data();
    return from.good();
  }
};

Definitions::Definitions() = default;
Definitions::~Definitions() = default;

void Definitions::clear() {
  measurements_.clear();
  series_.clear();
}

std::string Definitions::read(std::span<const char> bytes, std::uint64_t ids_end) {
  Cursor from(bytes);
  while (from.left() >= kDefinitionBytesMin) {
    const auto kind = static_cast<Definition>(from.u32());
    if (kind == Definition::kEnd) break;  // zeros that pad
    const std::uint32_t id = from.u32();
    if (id >= ids_end) return "a definition has a number beyond what the segment can hold";
    if (kind == Definition::kMeasurement) {
      auto m = std::make_unique<Measurement>();
      if (!m->read(from)) return "the definition of a measurement is malformed";
      if (id >= measurements_.size()) measurements_.resize(id + 1);
      if (measurements_[id] != nullptr) return "a measurement is defined twice";
      measurements_[id] = std::move(m);
    } else if (kind == Definition::kSeries) {
      const std::uint32_t of = from.u32();
      const weir_measurement* m = measurement(of);
      if (m == nullptr) return "a series is of a measurement that is not defined";
      Series series{true, of, {}};
      for (std::uint32_t i = 0; i < m->label_count; ++i) {
        const std::string_view value = from.bytes();
        const auto size = static_cast<std::uint32_t>(value.size());
        series.text.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
      }
      if (!from.good()) return "the definition of a series is malformed";
      if (id >= series_.size()) series_.resize(id + 1);
      if (series_[id].known) return "a series is defined twice";
      series_[id] = std::move(series);
    } else {
      return "there is a definition of an unknown kind";
    }
  }
  return from.good() ? "" : "the definitions are malformed";
}

const weir_measurement* Definitions::measurement(std::uint32_t id) const {
  return id < measurements_.size() && measurements_[id] ? &measurements_[id]->abi : nullptr;
}

const Definitions::Series* Definitions::series(std::uint32_t id) const {
  return id < series_.size() && series_[id].known ? &series_[id] : nullptr;
}

void Definitions::values(const Series& series, std::vector<weir_string>& to) {
  to.clear();
  Cursor from({series.text.data(), series.text.size()});
  while (from.left() != 0) {
    const std::string_view value = from.bytes();
    to.push_back({value.data(), value.size()});
  }
}

namespace {

// Columns of a batch are read by others than this file: not one may point outside of the payload.
std::string decode_column(Cursor& from, const weir_field& field, std::uint32_t rows, bool bitmap,
                          weir_column& column) {
  // The payload is ours and not changed; the struct is one for writers too.
  const auto mutable_array = [&]<class T>(std::uint64_t count, T) {
    return const_cast<T*>(from.array<T>(count));
  };
  if (bitmap) column.validity = mutable_array((std::uint64_t{rows} + 7) / 8, std::uint8_t{});
  switch (field.type) {
    case WEIR_BOOL:
      column.v.bits = mutable_array((std::uint64_t{rows} + 7) / 8, std::uint8_t{});
      break;
    case WEIR_STRING: {
      const std::int32_t* offsets = from.array<std::int32_t>(std::uint64_t{rows} + 1);
      if (offsets == nullptr) break;
      if (offsets[0] != 0 || !std::is_sorted(offsets, offsets + rows + 1)) {
        return "the offsets of a string column do not ascend";
      }
      column.v.offsets = const_cast<std::int32_t*>(offsets);
      column.bytes = mutable_array(static_cast<std::uint64_t>(offsets[rows]), char{});
      break;
    }
    case WEIR_HISTOGRAM:
      column.v.buckets =
          mutable_array(std::uint64_t{rows} * (field.bound_count + 1), std::uint64_t{});
      column.counts = mutable_array(rows, std::uint64_t{});
      column.sums = mutable_array(rows, double{});
      break;
    default: column.v.u64 = mutable_array(rows, std::uint64_t{}); break;
  }
  return from.good() ? "" : "a column ends beyond the frame";
}

std::string decode_batch(Cursor& from, const Definitions& definitions, BatchView& batch) {
  const char* head = from.take(sizeof(BatchHead));
  if (head == nullptr) return "a batch ends beyond the frame";
  std::memcpy(&batch.head, head, sizeof(BatchHead));
  const std::uint32_t rows = batch.head.rows;
  if (rows == 0 || rows > kRowsMax) return "a batch has no rows, or more than a batch can have";
  batch.measurement = definitions.measurement(batch.head.measurement);
  if (batch.measurement == nullptr) return "the definition of a measurement is missing";
  const std::uint32_t field_count = batch.measurement->field_count;
  const auto* bitmaps = from.array<std::uint64_t>((field_count + 63) / 64);
  batch.series = from.array<std::uint32_t>(rows);
  batch.times = from.array<std::int64_t>(rows);
  if (!from.good()) return "a batch ends beyond the frame";
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (row != 0 && batch.series[row] == batch.series[row - 1]) continue;
    const Definitions::Series* series = definitions.series(batch.series[row]);
    if (series == nullptr) return "the definition of a series is missing";
    if (series->measurement != batch.head.measurement) {
      return "a series is of another measurement than its batch";
    }
  }
  batch.columns.assign(field_count, weir_column{});
  for (std::uint32_t i = 0; i < field_count; ++i) {
    const bool bitmap = (bitmaps[i / 64] >> (i % 64) & 1) != 0;
    std::string why =
        decode_column(from, *batch.measurement->fields[i], rows, bitmap, batch.columns[i]);
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace

std::string decode(std::span<const char> payload, std::uint64_t frame_end, std::uint64_t rows,
                   Definitions& definitions, std::vector<BatchView>& batches) {
  batches.clear();
  Cursor from(payload);
  const auto* head = from.array<PayloadHead>(1);
  const char* defined = head == nullptr ? nullptr : from.take(head->definitions_bytes);
  if (defined == nullptr || head->definitions_bytes % 8 != 0) return "the payload is cut short";
  std::string why =
      definitions.read({defined, head->definitions_bytes}, frame_end / kDefinitionBytesMin + 1);
  if (!why.empty()) return why;
  for (std::uint32_t i = 0; i < head->batches; ++i) {
    why = decode_batch(from, definitions, batches.emplace_back());
    if (!why.empty()) break;
    rows -= batches.back().head.rows;  // wraps where there are too many, and is not 0 then
  }
  if (why.empty() && (rows != 0 || from.left() != 0)) why = "the frame does not hold what it says";
  if (!why.empty()) batches.clear();
  return why;
}

}  // namespace weir::buffer
