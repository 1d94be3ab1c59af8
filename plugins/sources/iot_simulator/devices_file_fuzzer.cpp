// Fuzzes the devices file: whatever it holds, it is read or refused, and a world is built or
// refused.
#include <cstdint>
#include <cstdlib>

#include "devices_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::iot;
  bool wrong = false;
  const Report report = [&](const std::string&, const std::string& what) {
    wrong = true;
    if (what.empty()) std::abort();
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  DevicesFile file = parse_devices(text, "devices.yaml", report);
  if (wrong) return 0;
  for (auto& [name, fleet] : file.world.devices) {
    if (fleet.count > 100) fleet.count = 100;  // a million is right, but takes its time
  }
  const Simulated world = build_world(file.world, 1, report);
  if (!wrong && world.fleets.size() != file.world.devices.size()) std::abort();
  return 0;
}
