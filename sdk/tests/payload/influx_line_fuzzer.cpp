// Fuzzes the reader of the InfluxDB line protocol: it ends, and its views lie within its storage.
#include <cstdint>
#include <cstdlib>

#include "weir/payload/influx_line.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::payload;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  InfluxPoint point;
  Decoded result;
  std::size_t before = rest.size() + 1;
  const auto within = [&](std::string_view view) {
    const std::string& all = point.storage;
    if (view.data() < all.data() || view.data() + view.size() > all.data() + all.size()) {
      std::abort();
    }
  };
  while (next_influx_line(rest, point, result)) {
    if (rest.size() >= before) std::abort();
    before = rest.size();
    if (!result) continue;
    within(point.measurement);
    for (const auto& tag : point.tags) {
      within(tag.key);
      within(tag.value);
    }
    if (point.fields.empty()) std::abort();
    for (const auto& field : point.fields) {
      within(field.key);
      if (const auto* text = std::get_if<std::string_view>(&field.value)) within(*text);
    }
  }
  return 0;
}
