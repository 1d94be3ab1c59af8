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
    const auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    row_.begin();
    const std::size_t malformed = row_.put_lines(*text, [&](std::string_view line) {
      const std::string_view key = next_word(line);
      std::int64_t value = 0;
      if (!next_number(line, value)) return false;
      row_.put({}, key, value);
      return true;
    });
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
