// The loop that a scrape spends its time in: per sample two copies and one number.
#include "exposition.hpp"

#include <limits>
#include <string>

#include "weir/rows.hpp"

namespace weir::prometheus_sink {

namespace {

// What OpenMetrics calls a family, and as what. A counter must end in _total and an info in
// _info, which the family's name then leaves out; one that does not, or whose short name is taken,
// keeps its name and is what the samples can honestly be called.
struct OpenMetricsFamily {
  std::string_view name;
  const char* type;
};

OpenMetricsFamily openmetrics_family(std::string_view name, Type type, bool short_name_taken) {
  switch (type) {
    case Type::histogram: return {name, "histogram"};
    case Type::gauge: return {name, "gauge"};
    case Type::untyped: return {name, "unknown"};
    default: break;
  }
  const std::string_view without_suffix = short_name(name, type);
  const bool keep = short_name_taken || without_suffix.size() == name.size();
  if (type == Type::counter) {
    return keep ? OpenMetricsFamily{name, "unknown"} : OpenMetricsFamily{without_suffix, "counter"};
  }
  return keep ? OpenMetricsFamily{name, "gauge"} : OpenMetricsFamily{without_suffix, "info"};
}

const char* text_type(Type type) {
  switch (type) {
    case Type::counter: return "counter";
    case Type::histogram: return "histogram";
    case Type::untyped: return "untyped";
    default: return "gauge";
  }
}

void line(Output& out, std::string_view keyword, std::string_view name, std::string_view rest) {
  out.append("# ");
  out.append(keyword);
  out.append(" ");
  out.append(name);
  out.append(" ");
  out.append(rest);
  out.append("\n");
}

bool ends_with_unit(std::string_view name, std::string_view unit) {
  return !unit.empty() && name.size() > unit.size() && name.ends_with(unit) &&
         name[name.size() - unit.size() - 1] == '_';
}

// Behind `name{labels} `: number, time, line end.
constexpr std::size_t kSampleTailBytesMax = 2 * kNumberBytesMax + 2;

}  // namespace

void write_family_head(Output& out, std::string_view name, Type type, std::string_view help,
                       std::string_view unit, bool short_name_taken, Format format) {
  const OpenMetricsFamily family = format == Format::openmetrics
                                       ? openmetrics_family(name, type, short_name_taken)
                                       : OpenMetricsFamily{name, text_type(type)};
  if (!help.empty()) {
    std::string escaped;
    append_help(escaped, help, format);
    line(out, "HELP", family.name, escaped);
  }
  line(out, "TYPE", family.name, family.type);
  // A unit that is not the end of the name would be an error.
  if (format == Format::openmetrics && ends_with_unit(family.name, unit)) {
    line(out, "UNIT", family.name, unit);
  }
}

char* Exposition::end_sample(char* at, const Chunk& chunk, std::uint32_t row) const {
  if (chunk.times != nullptr) {
    *at++ = ' ';
    at = write_timestamp(at, chunk.times[row], format_);
  }
  *at++ = '\n';
  return at;
}

template <class WriteRow>
bool Exposition::write_rows(Output& out, std::size_t target, const Column& column,
                            const Chunk& chunk, WriteRow write_row) {
  const std::uint8_t* valid = chunk.bitmap(column.bit);
  for (; row_ < chunk.capacity; ++row_) {
    if (!weir::bit(valid, row_) || chunk.stamps[row_] < snapshot_.cutoff_ns) continue;
    if (!head_written_) {
      const auto& view = snapshot_.families[family_];
      write_family_head(out, view.family->name, view.family->type, view.family->help,
                        view.family->unit, view.short_name_taken, format_);
      head_written_ = true;
    }
    write_row(row_);
    if (out.size() >= target) {
      ++row_;
      return true;
    }
  }
  return false;
}

// True: the piece is full.
bool Exposition::write_chunk(Output& out, std::size_t target, const Family& family,
                             const Column& column, const Chunk& chunk) {
  if (column.type == WEIR_HISTOGRAM) {
    return write_rows(out, target, column, chunk,
                      [&](std::uint32_t row) { write_histogram(out, family, column, chunk, row); });
  }
  const std::string_view name = family.name;
  const Word* words = chunk.column(column.word);
  const auto numbers = [&](auto member) {
    return write_rows(out, target, column, chunk, [&](std::uint32_t row) {
      const std::string_view labels = chunk.labels(row);
      char* at = out.room(name.size() + labels.size() + kSampleTailBytesMax);
      at = put(put(at, name), labels);
      at = write_number(at, words[row].*member);
      out.advance(end_sample(at, chunk, row));
    });
  };
  switch (column.type) {
    case WEIR_F64: return numbers(&Word::f64);
    case WEIR_I64: return numbers(&Word::i64);
    default: return numbers(&Word::u64);
  }
}

void Exposition::write_histogram(Output& out, const Family& family, const Column& column,
                                 const Chunk& chunk, std::uint32_t row) const {
  std::string_view block = chunk.labels(row);
  const std::string_view labels = block;  // "{a="b"} ", or " "
  if (block.size() > 1) block.remove_suffix(2);
  const std::string_view before_le = labels.size() > 1 ? ",le=\"" : "{le=\"";
  const std::string_view open = labels.size() > 1 ? block : std::string_view{};
  const std::size_t room = family.name.size() + labels.size() + 32 + kSampleTailBytesMax;
  const auto buckets = static_cast<std::uint32_t>(column.bounds.size() + 1);
  std::uint64_t count = 0;
  for (std::uint32_t b = 0; b < buckets; ++b) {
    count += chunk.column(column.word + b)[row].u64;
    const double bound =
        b + 1 == buckets ? std::numeric_limits<double>::infinity() : column.bounds[b];
    char* at = out.room(room + kNumberBytesMax);
    at = put(put(put(put(at, family.name), "_bucket"), open), before_le);
    at = put(write_bound(at, bound, format_), "\"} ");
    out.advance(end_sample(write_number(at, count), chunk, row));
  }
  char* at = out.room(room);
  at = put(put(put(at, family.name), "_sum"), labels);
  out.advance(
      end_sample(write_number(at, chunk.column(column.word + buckets)[row].f64), chunk, row));
  at = out.room(room);
  at = put(put(put(at, family.name), "_count"), labels);
  out.advance(end_sample(write_number(at, count), chunk, row));
}

bool Exposition::write(Output& out, std::size_t target) {
  for (; family_ < snapshot_.families.size(); ++family_) {
    const Snapshot::FamilyView& view = snapshot_.families[family_];
    for (; member_ < view.member_count; ++member_) {
      const Snapshot::Member& member = snapshot_.members[view.first_member + member_];
      for (; chunk_ < member.chunk_count; ++chunk_) {
        const Ref<Chunk>& chunk = snapshot_.chunks[member.first_chunk + chunk_];
        if (chunk && write_chunk(out, target, *view.family, *member.column, *chunk)) return true;
        row_ = 0;
      }
      chunk_ = 0;
    }
    member_ = 0;
    head_written_ = false;
  }
  return false;
}

}  // namespace weir::prometheus_sink
