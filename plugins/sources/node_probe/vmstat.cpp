// Collector vmstat: the fields of /proc/vmstat that the option vmstat.fields selects.
#include "collectors.hpp"
#include "dynamic_row.hpp"
#include "filter.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kLineBytesMax = 96;  // a name, of up to 40 bytes so far, and 20 digits

class Vmstat : public Collector {
 public:
  explicit Vmstat(Context& context)
      : file_(context.reader, context.path("/proc/vmstat"), File::kTable, kLineBytesMax),
        filter_(context.options.vmstat.fields, ""),
        row_("node_vmstat", "Counters and states of virtual memory.", WEIR_UNTYPED,
             [this](std::string_view, std::string_view key, DynamicRow::Field& field) {
               if (!filter_.accepts(key)) return false;
               field.name = key;
               field.help = "The field " + std::string(key) + " of /proc/vmstat.";
               return true;
             }) {}

  Outcome collect(Context& context) override {
    auto rest = file_.read();
    if (!rest) return context.cannot_read(file_);
    std::string_view line;
    std::size_t malformed = 0;
    row_.begin();
    for (std::size_t number = 1;; ++number) {
      number += row_.put_known_lines(*rest);
      if (!next_line(*rest, line)) break;
      const std::string_view key = next_word(line);
      std::int64_t value = 0;
      if (next_number(line, value)) {
        row_.put({}, key, value);
      } else if (malformed == 0) {
        malformed = number;
      }
    }
    const Outcome outcome = row_.emit(context, file_.path());
    filter_.forget();
    return malformed != 0 ? context.malformed(file_.path(), malformed) : outcome;
  }

 private:
  File file_;
  Filter filter_;
  DynamicRow row_;
};

}  // namespace

std::unique_ptr<Collector> make_vmstat(Context& context, Shared&) {
  return std::make_unique<Vmstat>(context);
}

}  // namespace node_probe
