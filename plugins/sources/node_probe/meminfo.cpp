// Collector meminfo: every line of /proc/meminfo is a field.
#include <algorithm>
#include <vector>

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

class Meminfo : public Collector {
 public:
  explicit Meminfo(Context& context)
      : file_(context.reader, context.path("/proc/meminfo"), File::kAttribute),
        row_("node_memory", "Use of memory.", WEIR_GAUGE,
             [this](std::string_view, std::string_view key, DynamicRow::Field& field) {
               describe(key, field);
               return true;
             }) {}

  Outcome collect(Context& context) override {
    const auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    row_.begin();
    const std::size_t malformed = row_.put_lines(*text, [&](std::string_view line) {
      std::string_view key;
      std::int64_t value = 0;
      bool in_bytes = false;
      if (!parse_meminfo_line(line, key, value, in_bytes)) return false;
      if (!in_bytes && !is_count(key)) counts_.emplace_back(key);
      row_.put({}, line.substr(0, key.size() + 1), value);  // with its colon, as in the line
      return true;
    });
    const Outcome outcome = row_.emit(context, file_.path());
    return malformed != 0 ? context.malformed(file_.path(), malformed) : outcome;
  }

 private:
  bool is_count(std::string_view key) const {
    return std::find(counts_.begin(), counts_.end(), key) != counts_.end();
  }

  // "Active(anon):" -> Active_anon_bytes. The '(' becomes '_' with all that a name cannot have.
  void describe(std::string_view key, DynamicRow::Field& field) const {
    key.remove_suffix(1);
    const bool in_bytes = !is_count(key);
    field.name = key.substr(0, key.size() - (key.ends_with(')') ? 1 : 0));
    if (in_bytes) field.name += "_bytes";
    field.unit = in_bytes ? "bytes" : "";
    field.help = "The line " + std::string(key) + " of /proc/meminfo" +
                 (in_bytes ? ", converted to bytes." : ", a number of pages.");
  }

  File file_;
  DynamicRow row_;
  std::vector<std::string> counts_;  // keys of lines without a unit
};

}  // namespace

std::unique_ptr<Collector> make_meminfo(Context& context, Shared&) {
  return std::make_unique<Meminfo>(context);
}

}  // namespace node_probe
