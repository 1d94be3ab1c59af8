// Collector conntrack: the connection tracking table of netfilter, where its module is loaded.
#include <algorithm>

#include "collectors.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

void parse_conntrack(std::string_view text, ConntrackStats& stats) {
  static constexpr std::string_view kNames[kConntrackStats] = {
      "found",         "invalid", "ignore",     "insert",
      "insert_failed", "drop",    "early_drop", "search_restart"};
  constexpr std::size_t kColumnsMax = 32;
  stats = {};
  std::string_view line;
  if (!next_line(text, line)) {
    stats.malformed_line = 1;
    return;
  }
  std::array<int, kColumnsMax> stat_of_column{};
  stat_of_column.fill(-1);
  std::size_t columns = 0;
  bool known = false;
  for (std::string_view word = next_word(line); !word.empty() && columns < kColumnsMax;
       word = next_word(line), ++columns) {
    const auto* found = std::find(std::begin(kNames), std::end(kNames), word);
    if (found == std::end(kNames)) continue;
    stat_of_column[columns] = static_cast<int>(found - std::begin(kNames));
    known = true;
  }
  if (!known) stats.malformed_line = 1;
  for (std::size_t number = 2; next_line(text, line); ++number) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::uint64_t value = 0;
      if (!parse_hex(next_word(line), value)) {
        if (stats.malformed_line == 0) stats.malformed_line = number;
        break;
      }
      if (stat_of_column[column] >= 0) {
        stats.sums[static_cast<std::size_t>(stat_of_column[column])] += value;
      }
    }
  }
}

namespace {

constexpr std::size_t kLineBytesMax = 512;  // 17 columns of up to 16 digits, or their names

class Conntrack : public Collector {
 public:
  explicit Conntrack(Context& context)
      : count_(context.reader, context.path("/proc/sys/net/netfilter/nf_conntrack_count"),
               File::kAttribute),
        max_(context.reader, context.path("/proc/sys/net/netfilter/nf_conntrack_max"),
             File::kAttribute),
        stat_(context.reader, context.path("/proc/net/stat/nf_conntrack"), File::kTable,
              kLineBytesMax),
        measurement_(context.source.measurement(schema())),
        series_(context.series(measurement_, {})) {}

  Outcome collect(Context& context) override {
    std::uint64_t entries = 0, limit = 0;
    for (auto [file, value] : {std::pair(&count_, &entries), std::pair(&max_, &limit)}) {
      const auto text = file->read();
      if (!text) return context.no_data_or_cannot_read(*file);
      if (!parse_number(trim(*text), *value)) return context.malformed(file->path(), 1);
    }
    ConntrackStats stats;
    const auto text = stat_.read();
    if (text) parse_conntrack(*text, stats);

    weir::Batch batch = context.source.batch(measurement_, 1);
    batch.add(series_, context.time);
    batch.set_u64(0, 0, entries);
    batch.set_u64(1, 0, limit);
    for (std::uint32_t i = 0; i < kConntrackStats; ++i) {
      batch.set_u64(2 + i, 0, stats.sums[i]);
      if (!text || stats.malformed_line != 0) batch.set_null(2 + i, 0);
    }
    context.source.emit(std::move(batch));
    if (!text) return context.cannot_read(stat_);
    return context.understood(stat_.path(), stats.malformed_line);
  }

 private:
  // Gauges by tradition, although all but the first two only grow.
  static weir::Schema schema() {
    weir::Schema s("node_nf_conntrack", "Connection tracking of netfilter.");
    const auto add = [&](const char* name, const char* help) {
      s.field(name, WEIR_U64, WEIR_GAUGE, "", help);
    };
    add("entries", "Connections that are tracked.");
    add("entries_limit", "Connections that can be tracked at most.");
    add("stat_found", "Lookups that found their connection.");
    add("stat_invalid", "Packets that cannot be tracked.");
    add("stat_ignore", "Packets that belong to no connection worth tracking.");
    add("stat_insert", "Connections inserted.");
    add("stat_insert_failed", "Connections that could not be inserted.");
    add("stat_drop", "Packets dropped because tracking them failed.");
    add("stat_early_drop", "Connections dropped to make room for new ones.");
    add("stat_search_restart", "Lookups begun again because the table was resized.");
    return s;
  }

  File count_, max_, stat_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

}  // namespace

std::unique_ptr<Collector> make_conntrack(Context& context, Shared&) {
  return std::make_unique<Conntrack>(context);
}

}  // namespace node_probe
