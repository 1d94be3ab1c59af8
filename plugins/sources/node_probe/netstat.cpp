// Collector netstat: the fields of /proc/net/netstat, snmp and snmp6 that netstat.fields selects.
// The first two hold pairs of lines, names and values of one protocol; the third a name a line,
// whose protocol ends with its first 6.
#include <utility>
#include <vector>

#include "collectors.hpp"
#include "dynamic_row.hpp"
#include "filter.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kGroupsMax = 64;

class Netstat : public Collector {
 public:
  explicit Netstat(Context& context)
      : netstat_(context.reader, context.path("/proc/net/netstat"), File::kAttribute),
        snmp_(context.reader, context.path("/proc/net/snmp"), File::kAttribute),
        snmp6_(context.reader, context.path("/proc/net/snmp6"), File::kAttribute),
        filter_(context.options.netstat.fields, ""),
        row_("node_netstat", "Counters and states of the network protocols.", WEIR_UNTYPED,
             [this](std::string_view protocol, std::string_view key, DynamicRow::Field& field) {
               field.name = std::string(protocol).append("_").append(key);
               field.help = "The value " + std::string(key) + " of " + std::string(protocol) +
                            " in the kernel's network statistics.";
               return filter_.accepts(field.name);
             }) {}

  Outcome collect(Context& context) override {
    row_.begin();
    Outcome outcome = Outcome::kOk;
    for (auto [file, groups] :
         {std::pair(&netstat_, &netstat_groups_), std::pair(&snmp_, &snmp_groups_)}) {
      const auto text = file->read();
      if (!text) {
        outcome = context.cannot_read(*file);
      } else if (const std::size_t malformed = put_pairs(*text, *groups)) {
        outcome = context.malformed(file->path(), malformed);
      }
    }
    if (const auto text = snmp6_.read()) {
      if (const std::size_t malformed = put_lines(*text)) {
        outcome = context.malformed(snmp6_.path(), malformed);
      }
    } else if (!snmp6_.missing()) {  // it is missing where there is no IPv6
      outcome = context.cannot_read(snmp6_);
    }
    if (outcome == Outcome::kOk) return finish(context);
    const std::string why = std::move(context.failure);
    finish(context);
    return context.fail(why);
  }

 private:
  Outcome finish(Context& context) {
    const Outcome outcome = row_.emit(context, netstat_.path());
    filter_.forget();
    return outcome;
  }

  // A line of names as it was last read, and the columns that are selected.
  struct Group {
    std::string names;
    std::size_t protocol_size = 0;
    std::vector<std::pair<std::size_t, std::string>> columns;  // ascending; the first value is 0
  };

  // Both return the first line that is not understood, from 1, or 0.
  std::size_t put_pairs(std::string_view rest, std::vector<Group>& groups) {
    std::string_view names, values;
    std::size_t malformed = 0;
    for (std::size_t i = 0; next_line(rest, names); ++i) {
      const bool has_values = next_line(rest, values);
      if (i == groups.size()) groups.emplace_back();
      if (groups[i].names != names) learn(names, groups[i]);
      if ((!has_values || !put_values(values, groups[i])) && malformed == 0) malformed = 2 * i + 1;
      if (i == kGroupsMax) break;
    }
    return malformed;
  }

  void learn(std::string_view names, Group& group) {
    group.names = names;
    group.columns.clear();
    std::string_view protocol = next_word(names);
    group.protocol_size = protocol.size();
    if (!protocol.ends_with(':')) return;
    protocol.remove_suffix(1);
    std::size_t column = 0;
    for (std::string_view name = next_word(names); !name.empty(); name = next_word(names)) {
      if (filter_.accepts(std::string(protocol).append("_").append(name))) {
        group.columns.emplace_back(column, name);
      }
      ++column;
    }
  }

  bool put_values(std::string_view values, const Group& group) {
    const std::string_view names = group.names;
    const std::string_view head = names.substr(0, group.protocol_size);
    if (!head.ends_with(':') || next_word(values) != head) return false;
    std::size_t at = 0;
    for (const auto& [column, name] : group.columns) {
      for (; at < column; ++at) next_word(values);
      ++at;
      std::int64_t value = 0;
      if (!number_of(next_word(values), value)) return false;
      row_.put(head.substr(0, head.size() - 1), name, value);
    }
    return true;
  }

  std::size_t put_lines(std::string_view text) {
    return row_.put_lines(text, [&](std::string_view line) {
      const std::string_view key = next_word(line);
      const std::size_t six = key.find('6');
      if (six == std::string_view::npos) return true;
      std::int64_t value = 0;
      if (!number_of(next_word(line), value)) return false;
      row_.put(key.substr(0, six + 1), key.substr(six + 1), value);
      return true;
    });
  }

  // Counters are unsigned, but MaxConn is -1: above INT64_MAX a counter wraps.
  static bool number_of(std::string_view word, std::int64_t& value) {
    std::uint64_t counter = 0;
    if (!parse_number(word, counter)) return parse_number(word, value);
    value = static_cast<std::int64_t>(counter);
    return true;
  }

  File netstat_, snmp_, snmp6_;
  std::vector<Group> netstat_groups_, snmp_groups_;
  Filter filter_;
  DynamicRow row_;
};

}  // namespace

std::unique_ptr<Collector> make_netstat(Context& context, Shared&) {
  return std::make_unique<Netstat>(context);
}

}  // namespace node_probe
