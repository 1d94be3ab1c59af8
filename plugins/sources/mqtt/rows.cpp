#include "rows.hpp"

#include <array>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace weir::mqtt_source {

namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kFieldsMax = 1024;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;  // of one batch's strings

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<char, 256> kCleaned = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto c = static_cast<char>(i);
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
    table[i] = good ? c : '_';
  }
  return table;
}();

// Appends; for every row's every name, so without a string of its own.
void put_clean(std::string& out, std::string_view name, bool digit_first) {
  name = name.substr(0, kNameBytesMax - 1);
  if (!name.empty() && is_digit(name[0]) && !digit_first) out += '_';
  const std::size_t begin = out.size();
  out.append(name);
  for (std::size_t i = begin; i < out.size(); ++i) {
    out[i] = kCleaned[static_cast<unsigned char>(out[i])];
  }
}

std::string clean(std::string_view name, bool digit_first) {
  std::string result;
  put_clean(result, name, digit_first);
  return result;
}

constexpr weir_type type_of(std::size_t index) {
  constexpr std::array kTypes{WEIR_F64, WEIR_I64, WEIR_U64, WEIR_BOOL, WEIR_STRING};
  return static_cast<weir_type>(kTypes.at(index));
}

// Length before text, so that no two lists of texts are the same.
void put(std::string& key, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key.append(text);
}

void put_name(std::string& key, std::string_view name, bool digit_first) {
  put_clean(key, name, digit_first);
  key += '\0';
}

}  // namespace

// What other components call a counter is one here, too: they may be of another agent that is
// bridged to this one. The agent does not tell the kind, so it is tried, for the field alone.
weir_metric Rows::kind_of(const Point& point, const Point::Field& field) const {
  for (const weir_metric kind : {WEIR_GAUGE, WEIR_COUNTER}) {
    Schema schema(clean(point.measurement, false));
    schema.field(clean(field.name, true), type_of(field.value.index()), kind,
                 std::string(field.unit), "");
    try {
      source_.measurement(schema);
      return kind;
    } catch (const std::invalid_argument&) {  // the other one, then
    }
  }
  throw std::invalid_argument("field '" + clean(field.name, true) + "' of '" +
                              clean(point.measurement, false) +
                              "' is of another type elsewhere in this agent; change its name or "
                              "its type where it is published, or the subscription's mapping");
}

const weir_measurement* Rows::describe(const Point& point) const {
  const auto registered = [&](auto kind) {
    Schema schema(clean(point.measurement, false));
    for (const Point::Label& l : point.labels) schema.label(clean(l.key, false));
    for (const Point::Field& f : point.fields) {
      schema.field(clean(f.name, true), type_of(f.value.index()), kind(f), std::string(f.unit), "");
    }
    return source_.measurement(schema);
  };
  const weir_measurement* m = nullptr;
  try {
    m = registered([](const Point::Field&) { return WEIR_GAUGE; });
  } catch (const std::invalid_argument&) {
    m = registered([&](const Point::Field& f) { return kind_of(point, f); });
  }
  // Cells are read by these types.
  for (std::uint32_t i = 0; i < m->field_count; ++i) {
    if (m->fields[i]->type != type_of(point.fields[i].value.index())) {
      throw std::invalid_argument("a field is of another type than before");
    }
  }
  return m;
}

Rows::Shape& Rows::usable(Shape& shape) {
  if (!shape.problem.empty()) throw std::invalid_argument(shape.problem);
  return shape;
}

Rows::Shape& Rows::shape_of(const Point& point) {
  if (point.fields.size() > kFieldsMax) throw std::length_error("more than 1024 fields");
  key_.clear();
  put_name(key_, point.measurement, false);
  for (const Point::Label& l : point.labels) put_name(key_, l.key, false);
  const std::size_t names = key_.size();
  key_ += '\0';
  for (const Point::Field& f : point.fields) {
    put_name(key_, f.name, true);
    put(key_, f.unit);
    key_ += static_cast<char>(f.value.index());
  }
  const auto known = shapes_.find(key_);
  if (known != shapes_.end()) return usable(known->second);
  if (shapes_.size() == kShapesMax) {
    throw std::length_error(
        "more than 1000 different sets of names in a subscription; name its fields");
  }
  Shape shape;
  shape.identity = std::hash<std::string_view>{}(std::string_view(key_).substr(0, names));
  try {
    shape.measurement = describe(point);
  } catch (const std::invalid_argument& e) {
    // For ever, since measurements are; known, since each attempt may leave fields in the agent.
    shape.problem = e.what();
  }
  return usable(shapes_[key_] = std::move(shape));
}

const Rows::Known& Rows::series_of(Shape& shape, const Point& point) {
  key_.clear();
  for (const Point::Label& l : point.labels) put(key_, l.value);
  if (const auto known = shape.series.find(key_); known != shape.series.end()) {
    known->second.is_used = true;
    return known->second;
  }
  std::vector<weir_string> values;
  values.reserve(point.labels.size());
  for (const Point::Label& l : point.labels) values.push_back(abi_string(l.value));
  const weir_series* series = source_.series(shape.measurement, values);
  const std::size_t identity = shape.identity * 31 + std::hash<std::string>{}(key_);
  return shape.series.emplace(key_, Known{series, identity, true}).first->second;
}

void Rows::begin_message() {
  if (timeless_count_ > 1) timeless_ = {};  // to clear it costs what its largest message had
  timeless_count_ = 0;
}

// How many rows of the series precede this one in the message.
Time Rows::place_of(std::size_t identity) {
  if (timeless_count_++ == 0) {
    first_timeless_ = identity;
    return 0;
  }
  if (timeless_count_ == 2) timeless_[first_timeless_] = 1;
  return timeless_[identity]++;
}

std::string Rows::add(Point& point) {
  if (std::all_of(point.fields.begin(), point.fields.end(),
                  [](const Point::Field& f) { return f.is_null; })) {
    return "no value";
  }
  std::sort(point.labels.begin(), point.labels.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  try {
    Shape& shape = shape_of(point);
    const Known& known = series_of(shape, point);
    std::size_t text = shape.text.size();
    for (const Point::Field& f : point.fields) {
      if (const auto* s = std::get_if<std::string_view>(&f.value)) text += s->size();
    }
    if (text > kTextBytesMax) return "too much text at once";
    if (shape.times.empty()) touched_.push_back(&shape);
    shape.row_series.push_back(known.series);
    shape.times.push_back(point.time + (point.has_own_time ? 0 : place_of(known.identity)));
    for (const Point::Field& f : point.fields) {
      if (f.is_null) shape.nulls.push_back(shape.cells.size());
      Cell cell{};
      switch (f.value.index()) {
        case 0: cell.f64 = std::get<0>(f.value); break;
        case 1: cell.i64 = std::get<1>(f.value); break;
        case 2: cell.u64 = std::get<2>(f.value); break;
        case 3: cell.u64 = std::get<3>(f.value) ? 1 : 0; break;
        default: {
          const std::string_view s = std::get<4>(f.value);
          cell.text = {static_cast<std::uint32_t>(shape.text.size()),
                       static_cast<std::uint32_t>(s.size())};
          shape.text += s;
        }
      }
      shape.cells.push_back(cell);
    }
    return "";
  } catch (const std::bad_alloc&) {
    throw;  // not the message's fault
  } catch (const std::exception& e) {
    return e.what();
  }
}

Batch Rows::batch_of(const Shape& shape, std::size_t begin, std::uint32_t rows) const {
  const std::uint32_t fields = shape.measurement->field_count;
  Batch batch = source_.batch(shape.measurement, rows);
  std::copy_n(shape.row_series.data() + begin, rows, batch.series());
  std::copy_n(shape.times.data() + begin, rows, batch.times());
  batch.set_rows(rows);
  for (std::uint32_t f = 0; f < fields; ++f) {
    const weir_type type = shape.measurement->fields[f]->type;
    weir_column& column = batch.column(f);
    for (std::uint32_t row = 0; row < rows; ++row) {
      const Cell& cell = shape.cells[(begin + row) * fields + f];
      switch (type) {
        case WEIR_F64: column.v.f64[row] = cell.f64; break;
        case WEIR_I64: column.v.i64[row] = cell.i64; break;
        case WEIR_U64: column.v.u64[row] = cell.u64; break;
        case WEIR_BOOL: set_bit(column.v.bits, row, cell.u64 != 0); break;
        default:
          batch.set_string(f, row,
                           std::string_view(shape.text).substr(cell.text.begin, cell.text.size));
      }
    }
  }
  const auto first = std::lower_bound(shape.nulls.begin(), shape.nulls.end(), begin * fields);
  const auto last = std::lower_bound(first, shape.nulls.end(), (begin + rows) * fields);
  for (auto at = first; at != last; ++at) {
    batch.set_null(static_cast<std::uint32_t>(*at % fields),
                   static_cast<std::uint32_t>(*at / fields - begin));
  }
  return batch;
}

std::vector<Batch> Rows::take() {
  std::vector<Batch> batches;
  for (const Shape* shape : touched_) {
    const std::size_t count = shape->times.size();
    for (std::size_t begin = 0; begin < count; begin += kBatchRowsMax) {
      const auto rows = static_cast<std::uint32_t>(std::min(count - begin, kBatchRowsMax));
      batches.push_back(batch_of(*shape, begin, rows));
    }
  }
  clear();
  return batches;
}

void Rows::clear() {
  for (Shape* shape : touched_) {
    shape->row_series.clear();
    shape->times.clear();
    shape->cells.clear();
    shape->nulls.clear();
    shape->text.clear();
  }
  touched_.clear();
}

void Rows::release_idle() {
  for (auto& [key, shape] : shapes_) {
    for (auto at = shape.series.begin(); at != shape.series.end();) {
      if (std::exchange(at->second.is_used, false)) {
        ++at;
        continue;
      }
      source_.release(at->second.series);
      at = shape.series.erase(at);
    }
  }
}

std::size_t Rows::series_count() const {
  std::size_t count = 0;
  for (const auto& [key, shape] : shapes_) count += shape.series.size();
  return count;
}

}  // namespace weir::mqtt_source
