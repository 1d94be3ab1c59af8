// Collector netstat: the fields of /proc/net/netstat, snmp and snmp6 that netstat.fields selects.
// The first two hold pairs of lines, names and values of one protocol; the third a name a line,
// whose protocol ends with its first 6.
#include "collectors.hpp"
#include "dynamic_row.hpp"
#include "filter.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

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
    for (File* file : {&netstat_, &snmp_}) {
      const auto text = file->read();
      if (!text) {
        outcome = context.cannot_read(*file);
      } else if (const std::size_t malformed = put_pairs(*text)) {
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

  // Both return the first line that is not understood, from 1, or 0.
  std::size_t put_pairs(std::string_view rest) {
    std::string_view names, values;
    std::size_t malformed = 0;
    for (std::size_t number = 1; next_line(rest, names); number += 2) {
      if (!next_line(rest, values)) return malformed != 0 ? malformed : number;
      std::string_view protocol = next_word(names);
      bool good = protocol.size() > 1 && protocol.back() == ':' && next_word(values) == protocol;
      if (good) protocol.remove_suffix(1);
      while (good) {
        const std::string_view name = next_word(names);
        const std::string_view word = next_word(values);
        if (name.empty() && word.empty()) break;
        std::int64_t value = 0;
        good = !name.empty() && number_of(word, value);
        if (good) row_.put(protocol, name, value);
      }
      if (!good && malformed == 0) malformed = number;
    }
    return malformed;
  }

  std::size_t put_lines(std::string_view rest) {
    std::string_view line;
    std::size_t malformed = 0;
    for (std::size_t number = 1; next_line(rest, line); ++number) {
      const std::string_view key = next_word(line);
      const std::size_t six = key.find('6');
      if (six == std::string_view::npos) continue;
      std::int64_t value = 0;
      if (number_of(next_word(line), value)) {
        row_.put(key.substr(0, six + 1), key.substr(six + 1), value);
      } else if (malformed == 0) {
        malformed = number;
      }
    }
    return malformed;
  }

  // Counters are unsigned, but MaxConn is -1: above INT64_MAX a counter wraps.
  static bool number_of(std::string_view word, std::int64_t& value) {
    std::uint64_t counter = 0;
    if (!parse_number(word, counter)) return parse_number(word, value);
    value = static_cast<std::int64_t>(counter);
    return true;
  }

  File netstat_, snmp_, snmp6_;
  Filter filter_;
  DynamicRow row_;
};

}  // namespace

std::unique_ptr<Collector> make_netstat(Context& context, Shared&) {
  return std::make_unique<Netstat>(context);
}

}  // namespace node_probe
