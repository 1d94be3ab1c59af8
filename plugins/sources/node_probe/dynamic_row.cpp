// The slow half of a dynamic row: what happens when the kernel shows other keys than before.
#include "dynamic_row.hpp"

#include <cstring>
#include <unordered_set>

#include "text.hpp"
#include "utf8.hpp"

namespace node_probe {

namespace {
// Reads "123\n" or "123 kB\n" at `at`, after any blanks; what follows it, or NULL.
const char* read_value(const char* at, const char* end, std::int64_t& value) {
  constexpr std::int64_t kLargest = INT64_MAX / 10 / 1024 - 1;
  while (at != end && is_blank(*at)) ++at;
  const char* const digits = at;
  std::int64_t number = 0;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    if (number > kLargest) return nullptr;
    number = number * 10 + (*at - '0');
  }
  if (at == digits || at == end) return nullptr;
  if (end - at > 3 && std::memcmp(at, " kB", 3) == 0) {
    number *= 1024;
    at += 3;
  }
  if (*at != '\n') return nullptr;
  value = number;
  return at + 1;
}
}  // namespace

std::size_t DynamicRow::put_known_lines(std::string_view& rest) {
  const char* at = rest.data();
  const char* const end = at + rest.size();
  const std::size_t first = cursor_;
  for (; cursor_ < pairs_.size(); ++cursor_) {
    Pair& pair = pairs_[cursor_];
    const std::size_t size = pair.text.size();
    if (static_cast<std::size_t>(end - at) <= size || !is_blank(at[size]) ||
        std::memcmp(at, pair.text.data(), size) != 0) {
      break;
    }
    const char* next = nullptr;
    if (pair.field >= 0) {
      next = read_value(at + size, end, pair.value);
    } else {  // nobody wants to know
      next = static_cast<const char*>(
          std::memchr(at + size, '\n', static_cast<std::size_t>(end - at) - size));
      if (next != nullptr) ++next;
    }
    if (next == nullptr) break;
    at = next;
  }
  rest = {at, static_cast<std::size_t>(end - at)};
  return cursor_ - first;
}

void DynamicRow::put_changed(std::string_view prefix, std::string_view key, std::int64_t value) {
  pairs_.resize(cursor_);
  changed_ = true;
  if (cursor_ == kPairsMax) {
    overflowed_ = true;
    return;
  }
  pairs_.push_back({std::string(prefix).append(key), prefix.size(), value, -1});
  ++cursor_;
}

Outcome DynamicRow::emit(Context& context, const std::string& source_path) {
  if (cursor_ != pairs_.size()) {
    pairs_.resize(cursor_);
    changed_ = true;
  }
  if (pairs_.empty()) return context.fail(source_path + " holds no values");
  if (changed_) {
    const Outcome outcome = describe(context, source_path);
    if (outcome != Outcome::kOk) return outcome;
  }
  if (series_ == nullptr) return Outcome::kOk;  // every field is filtered out
  weir::Batch batch = context.source.batch(measurement_, 1);
  batch.add(series_, context.time);
  for (const Pair& pair : pairs_) {
    if (pair.field >= 0) batch.set_i64(static_cast<std::uint32_t>(pair.field), 0, pair.value);
  }
  context.source.emit(std::move(batch));
  if (overflowed_) {
    return context.fail(source_path + " holds more than " + std::to_string(kPairsMax) + " values");
  }
  return Outcome::kOk;
}

Outcome DynamicRow::describe(Context& context, const std::string& source_path) {
  // Every layout is a measurement that the agent keeps for good.
  if (layouts_ == kLayoutsMax) {
    return context.fail("the fields of " + source_path + " have changed more than " +
                        std::to_string(kLayoutsMax) + " times; giving up on them");
  }
  ++layouts_;
  if (series_ != nullptr) context.source.release(series_);
  series_ = nullptr;

  weir::Schema schema(name_, help_);
  std::unordered_set<std::string> names;
  std::int32_t fields = 0;
  for (Pair& pair : pairs_) {
    const std::string_view text = pair.text;
    Field field;
    pair.field = -1;
    if (!describe_(text.substr(0, pair.prefix_size), text.substr(pair.prefix_size), field))
      continue;
    for (char& c : field.name) {
      const bool allowed =
          (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
      if (!allowed) c = '_';
    }
    if (field.name.empty() || fields == kFieldsMax || !names.insert(field.name).second) continue;
    schema.field(field.name, WEIR_I64, metric_, field.unit, valid_utf8(field.help));
    pair.field = fields++;
  }
  changed_ = false;
  if (fields == 0) return Outcome::kOk;
  measurement_ = context.source.measurement(schema);
  series_ = context.series(measurement_, {});
  return Outcome::kOk;
}

}  // namespace node_probe
