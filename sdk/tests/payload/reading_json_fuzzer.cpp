// Fuzzes the decoder of readings: what it accepts survives another round.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "weir/payload/reading_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::payload;
  constexpr std::size_t kReadingsMax = 16;
  constexpr std::int64_t kYear1678 = -9'214'560'000'000'000'000;  // what the text form reaches
  std::vector<Reading> readings;
  if (!decode_readings({reinterpret_cast<const char*>(data), size}, kReadingsMax, readings))
    return 0;
  weir::format::Buffer out;
  ReadingEncoder encoder;
  out.append("[");
  for (const Reading& r : readings) {
    if (r.time < kYear1678 || r.time > -kYear1678 - 31'536'000'000'000'000) return 0;
    if (&r != readings.data()) out.append(ReadingEncoder::kBetween);
    encoder.append({r.device_id, r.name, r.value, r.unit, r.time, r.owner_id}, out);
  }
  out.append("]");
  std::vector<Reading> again;
  if (!decode_readings(out.view(), kReadingsMax, again)) std::abort();
  if (again.size() != readings.size()) std::abort();
  for (std::size_t i = 0; i < again.size(); ++i) {
    const Reading& a = readings[i];
    const Reading& b = again[i];
    if (a.device_id != b.device_id || a.name != b.name || a.time != b.time) std::abort();
    if (a.value != b.value && !(std::isnan(a.value) && std::isnan(b.value))) std::abort();
  }
  return 0;
}
