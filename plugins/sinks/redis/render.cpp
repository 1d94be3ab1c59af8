#include "render.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "scripts.hpp"
#include "weir/rows.hpp"
#include "words.hpp"

namespace weir::redis_sink {

namespace {

constexpr std::size_t kKeysBytesMax = 32 << 20;  // of each cache
constexpr std::uint32_t kRowsAtOnce = 64;        // in one command
constexpr std::size_t kBytesAtOnce = 64 << 10;   // of one command, where a row is not larger

std::string word(std::string_view text) {
  format::Buffer out;
  append_word(text, out);
  return std::string(out.view());
}

// Names of fields as words. Fields have no dot in their names: what is made here collides with
// none.
struct Names {
  static std::string base(std::string_view name) {
    return (name == kTimeField ? "field." : "") + std::string(name);
  }
  static std::string key(std::string_view name) { return word(base(name)); }
  static std::vector<std::string> parts(const weir_field& f) {
    return {word(base(f.name) + ".count"), word(base(f.name) + ".sum"),
            word(base(f.name) + ".buckets")};
  }
};

// As Redis itself writes them, and most languages read them: inf, -inf, nan.
char* put_real(char* p, double value) {
  if (std::isnan(value)) return format::put(p, "nan");
  if (std::isinf(value)) return format::put(p, value > 0 ? "inf" : "-inf");
  return format::put_f64(p, value);
}

std::int64_t milliseconds(Duration d) {
  return std::chrono::ceil<std::chrono::milliseconds>(d).count();
}

// A stream's id is the row's time: milliseconds, and the nanoseconds that they leave out.
constexpr std::int64_t kMillisecond = 1'000'000;
void append_id(std::int64_t time, format::Buffer& out) {
  char text[2 * format::kNumberBytesMax];
  char* p = format::put_i64(text, time / kMillisecond);
  *p++ = '-';
  p = format::put_i64(p, time % kMillisecond);
  append_word({text, static_cast<std::size_t>(p - text)}, out);
}

}  // namespace

Renderer::Renderer(const Options& options)
    : options_(options),
      latest_keys_(kKeysBytesMax),
      history_keys_(kKeysBytesMax),
      channels_(kKeysBytesMax),
      messages_(format::Format::jsonl) {
  // What is wrong with them, `check` has said.
  if (options.latest) latest_key_.parse(options.latest->key, true);
  if (options.history) history_key_.parse(options.history->key, true);
  if (options.publish) channel_.parse(options.publish->channel, false);
}

Renderer::Key Renderer::key_of(const Template& of, const weir_series& series,
                               format::PrefixCache& cache) {
  // The slot's two bytes, then the key.
  const std::string_view known = cache.find(series, [&](format::Buffer& text) {
    format::Buffer key;
    of.append(series, key);
    const std::uint16_t slot = slot_of(key.view());
    char bytes[sizeof slot];
    std::memcpy(bytes, &slot, sizeof slot);
    text.append({bytes, sizeof slot});
    append_word(key.view(), text);
  });
  Key key{known.substr(sizeof key.slot), 0};
  std::memcpy(&key.slot, known.data(), sizeof key.slot);
  return key;
}

std::string_view Renderer::time_text(std::int64_t time) {
  const std::string_view text = time_.at(time, 9);
  std::memcpy(time_bytes_, text.data(), text.size());
  time_bytes_[10] = 'T';
  time_bytes_[text.size()] = 'Z';
  return {time_bytes_, text.size() + 1};
}

// Keys of a cluster are in slots, and a command writes into one slot only.
std::uint32_t Renderer::append(const weir_batch& batch, std::uint32_t row, Commands& out) {
  const std::uint32_t rows_max = options_.cluster ? 1 : kRowsAtOnce;
  const std::uint32_t last = row + std::min(rows_max, batch.rows - row);
  const std::size_t begin = out.text.size(), commands = out.list.size();
  std::size_t bytes = 0;
  std::uint32_t at = row;
  while (at < last) {
    render_row(batch, at);
    // A row of many bytes goes alone: what the server says of its command is said of that row.
    const bool is_large = is_large_row(batch, at);
    if (at > row && (is_large || (options_.latest && !has_shape_of_gathered()))) break;
    if (options_.latest) gather_latest(batch, at);
    if (options_.history) append_history(batch, at, out);
    if (options_.publish) append_message(batch, at, out);
    ++at;
    bytes = keys_.size() + rows_.size() + out.text.size() - begin;
    if (is_large || bytes >= kBytesAtOnce) break;
  }
  if (options_.latest) {
    const Key key = key_of(latest_key_, *batch.series[row], latest_keys_);
    append_latest(batch, row, at - row, key.slot, out);
    // Whoever hears of a row finds it in the hash.
    const auto first = out.list.begin() + static_cast<std::ptrdiff_t>(commands);
    std::rotate(first, out.list.end() - 1, out.list.end());
  }
  return at - row;
}

bool Renderer::is_large_row(const weir_batch& batch, std::uint32_t row) {
  std::size_t bytes = values_.size();
  if (options_.latest) {
    bytes += key_of(latest_key_, *batch.series[row], latest_keys_).text.size();
  }
  return bytes >= kBytesAtOnce;
}

void Renderer::end_cell(std::string_view name, bool is_there) {
  cells_.push_back({name, values_.size(), is_there});
  there_ += is_there ? 1 : 0;
}

void Renderer::render_row(const weir_batch& batch, std::uint32_t row) {
  const format::Plan& plan = plans_.find<Names>(*batch.measurement);
  cells_.clear();
  values_.clear();
  there_ = 0;
  for (const format::FieldPlan& f : plan.fields) {
    const weir_column& c = batch.columns[f.index];
    const bool is_there = has_value(c, row);
    if (f.type == WEIR_HISTOGRAM) {
      if (is_there) append_number(values_, c.counts[row], format::put_u64);
      end_cell(f.parts[0], is_there);
      if (is_there) append_number(values_, c.sums[row], put_real);
      end_cell(f.parts[1], is_there);
      if (is_there) {
        buckets_.clear();
        table::append_buckets(*batch.measurement->fields[f.index], c, row, buckets_);
        append_word(buckets_.view(), values_);
      }
      end_cell(f.parts[2], is_there);
      continue;
    }
    if (is_there) {
      switch (f.type) {
        case WEIR_F64: append_number(values_, c.v.f64[row], put_real); break;
        case WEIR_I64: append_number(values_, c.v.i64[row], format::put_i64); break;
        case WEIR_U64: append_number(values_, c.v.u64[row], format::put_u64); break;
        case WEIR_BOOL: append_word(bit(c.v.bits, row) ? "1" : "0", values_); break;
        default: append_word(string_at(c, row), values_); break;
      }
    }
    end_cell({f.key, f.key_size}, is_there);
  }
}

void Renderer::append_pairs(format::Buffer& out) const {
  std::size_t begin = 0;
  for (const Cell& cell : cells_) {
    if (cell.is_there) {
      out.append(cell.name);
      out.append(values_.view().substr(begin, cell.end - begin));
    }
    begin = cell.end;
  }
}

bool Renderer::has_shape_of_gathered() const {
  return std::equal(cells_.begin(), cells_.end(), shape_.begin(), shape_.end(),
                    [](const Cell& cell, bool is_there) { return cell.is_there == is_there; });
}

void Renderer::gather_latest(const weir_batch& batch, std::uint32_t row) {
  if (keys_.empty()) {
    shape_.clear();
    for (const Cell& cell : cells_) shape_.push_back(cell.is_there);
  }
  keys_.append(key_of(latest_key_, *batch.series[row], latest_keys_).text);
  append_word(time_text(batch.times[row]), rows_);
  rows_.append(values_.view());
}

// EVALSHA script n keys... ttl set del names... then of each row its time and values
void Renderer::append_latest(const weir_batch& batch, std::uint32_t first, std::uint32_t rows,
                             std::uint16_t slot, Commands& out) {
  const std::size_t begin = out.text.size();
  const auto set = static_cast<std::size_t>(std::count(shape_.begin(), shape_.end(), true));
  append_word_count(3 + rows + 3 + shape_.size() + rows * (1 + set), out.text);
  append_word("EVALSHA", out.text);
  append_word(scripts()[kLatestScript].id, out.text);
  append_integer(rows, out.text);
  out.text.append(keys_.view());
  append_integer(milliseconds(options_.latest->ttl), out.text);
  append_integer(static_cast<std::int64_t>(set), out.text);
  append_integer(static_cast<std::int64_t>(shape_.size() - set), out.text);
  for (const bool is_there : {true, false}) {
    for (std::size_t i = 0; i < shape_.size(); ++i) {
      if (shape_[i] == is_there) out.text.append(cells_[i].name);
    }
  }
  out.text.append(rows_.view());
  out.list.push_back({begin, out.text.size(), What::latest, slot, &batch, first, rows});
  keys_.clear();
  rows_.clear();
}

// XADD key [MAXLEN ~ n] id pairs...
void Renderer::append_history(const weir_batch& batch, std::uint32_t row, Commands& out) {
  if (batch.times[row] <= 0) {
    out.rejected.push_back({&batch, row, "a stream has no place for a time before 1970"});
    return;
  }
  const std::size_t begin = out.text.size();
  const Key key = key_of(history_key_, *batch.series[row], history_keys_);
  const std::uint64_t max = options_.history->max_length;
  append_word_count(3 + (max > 0 ? 3 : 0) + 2 * std::max<std::size_t>(there_, 1), out.text);
  append_word("XADD", out.text);
  out.text.append(key.text);
  if (max > 0) {
    append_word("MAXLEN", out.text);
    append_word("~", out.text);
    append_integer(static_cast<std::int64_t>(max), out.text);
  }
  append_id(batch.times[row], out.text);
  append_pairs(out.text);
  if (there_ == 0) {  // an entry has one field at least
    append_word(kTimeField, out.text);
    append_word(time_text(batch.times[row]), out.text);
  }
  out.list.push_back({begin, out.text.size(), What::history, key.slot, &batch, row, 1});
}

// PEXPIRE key ms
void Renderer::append_expiry(const weir_batch& batch, std::uint32_t row, Commands& out) {
  const std::size_t begin = out.text.size();
  const Key key = key_of(history_key_, *batch.series[row], history_keys_);
  append_word_count(3, out.text);
  append_word("PEXPIRE", out.text);
  out.text.append(key.text);
  append_integer(milliseconds(options_.history->ttl), out.text);
  out.list.push_back({begin, out.text.size(), What::expire, key.slot, &batch, row, 1});
}

// EVALSHA script 1 key id max pairs... time
void Renderer::append_late(const weir_batch& batch, std::uint32_t row, Commands& out) {
  render_row(batch, row);
  const std::size_t begin = out.text.size();
  const Key key = key_of(history_key_, *batch.series[row], history_keys_);
  append_word_count(4 + 2 + 2 * there_ + 2, out.text);
  append_word("EVALSHA", out.text);
  append_word(scripts()[kLateScript].id, out.text);
  append_integer(1, out.text);
  out.text.append(key.text);
  append_id(batch.times[row], out.text);
  append_integer(static_cast<std::int64_t>(options_.history->max_length), out.text);
  append_pairs(out.text);
  append_word(kTimeField, out.text);
  append_word(time_text(batch.times[row]), out.text);
  out.list.push_back({begin, out.text.size(), What::late, key.slot, &batch, row, 1});
}

// PUBLISH channel line
void Renderer::append_message(const weir_batch& batch, std::uint32_t row, Commands& out) {
  const std::size_t begin = out.text.size();
  const Key channel = key_of(channel_, *batch.series[row], channels_);
  message_.clear();
  messages_.append(batch, row, 1, message_);
  append_word_count(3, out.text);
  append_word("PUBLISH", out.text);
  out.text.append(channel.text);
  append_word(message_.view().substr(0, message_.size() - 1), out.text);  // without its newline
  out.list.push_back({begin, out.text.size(), What::publish, channel.slot, &batch, row, 1});
}

}  // namespace weir::redis_sink
