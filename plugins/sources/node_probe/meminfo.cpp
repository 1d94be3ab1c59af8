// Collector meminfo: every line of /proc/meminfo is a field.
#include "collectors.hpp"
#include "dynamic_row.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_meminfo_line(std::string_view line, std::string_view& key, std::int64_t& value,
                        bool& in_bytes) {
  key = next_word(line);
  if (key.size() < 2 || key.back() != ':') return false;
  key.remove_suffix(1);
  if (!next_number(line, value) || value < 0) return false;
  const std::string_view unit = next_word(line);
  in_bytes = unit == "kB";
  if (in_bytes) return !__builtin_mul_overflow(value, std::int64_t{1024}, &value);
  return unit.empty();
}

namespace {

// "Active(anon)" -> "Active_anon".
std::string field_name(std::string_view key) {
  std::string name(key);
  if (name.ends_with(')')) name.pop_back();
  return name;  // the '(' becomes '_'
}

bool describe(std::string_view unit, std::string_view key, DynamicRow::Field& field) {
  const bool in_bytes = unit == "bytes";
  field.name = field_name(key) + (in_bytes ? "_bytes" : "");
  field.unit = unit;
  field.help = "The line " + std::string(key) + " of /proc/meminfo" +
               (in_bytes ? ", converted to bytes." : ", a number of pages.");
  return true;
}

class Meminfo : public Collector {
 public:
  explicit Meminfo(Context& context)
      : file_(context.reader, context.path("/proc/meminfo"), File::kAttribute),
        row_("node_memory", "Use of memory.", WEIR_GAUGE, describe) {}

  Outcome collect(Context& context) override {
    auto rest = file_.read();
    if (!rest) return context.cannot_read(file_);
    std::string_view line;
    std::size_t malformed = 0;
    row_.begin();
    for (std::size_t number = 1; next_line(*rest, line); ++number) {
      std::string_view key;
      std::int64_t value = 0;
      bool in_bytes = false;
      if (parse_meminfo_line(line, key, value, in_bytes)) {
        row_.put(in_bytes ? "bytes" : "", key, value);
      } else if (malformed == 0) {
        malformed = number;
      }
    }
    const Outcome outcome = row_.emit(context, file_.path());
    return malformed != 0 ? context.malformed(file_.path(), malformed) : outcome;
  }

 private:
  File file_;
  DynamicRow row_;
};

}  // namespace

std::unique_ptr<Collector> make_meminfo(Context& context, Shared&) {
  return std::make_unique<Meminfo>(context);
}

}  // namespace node_probe
