// Fuzzes the decoder of Sparkplug B: it stays within its bytes, and what it understood survives
// another round.
#include <cstdint>
#include <cstdlib>

#include "weir/payload/sparkplug.hpp"

namespace {

using namespace weir::payload;

// The encoder is promised a value of the kind that the type says; others are left out here.
bool fits(const SparkplugMetric& m) {
  const std::size_t kind = m.value.index();
  switch (m.type) {
    case SparkplugType::int8:
    case SparkplugType::int16:
    case SparkplugType::int32:
    case SparkplugType::int64: return kind <= 1;
    case SparkplugType::uint64: return kind == 0 || kind == 2;
    case SparkplugType::boolean: return kind == 0 || kind == 4;
    case SparkplugType::string: return kind == 0 || kind == 5;
    default: return kind == 0;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMetricsMax = 1000;
  SparkplugPayload payload;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!decode_sparkplug(bytes, kMetricsMax, payload)) return 0;
  std::erase_if(payload.metrics, [](const SparkplugMetric& m) { return !fits(m); });
  weir::format::Buffer out;
  encode_sparkplug(payload.time_ms, payload.metrics, payload.seq, out);
  SparkplugPayload again;
  if (!decode_sparkplug(out.view(), kMetricsMax, again)) std::abort();
  if (again.time_ms != payload.time_ms || again.seq != payload.seq) std::abort();
  if (again.metrics != payload.metrics) std::abort();
  return 0;
}
