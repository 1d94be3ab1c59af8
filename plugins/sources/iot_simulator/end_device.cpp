// End devices (gateways, terminals): processor, memory and storage. Load follows the hours of work
// and bursts; memory follows a slower share of the load; storage fills until it is cleaned up.
#include "model.hpp"

namespace weir::iot {

namespace {

constexpr Channel kChannels[] = {
    {"cpu", "percent", "Busy processor time.", 1.0, 10, 0, 100, 60},
    {"ram", "percent", "Memory in use.", 0.3, 10, 0, 100, 40},
    {"storage", "percent", "Storage in use.", 0, 100, 0, 100, 30},
};
enum Trait : std::uint64_t { kIdle = 1, kSlow, kBurst, kRam, kCleanup, kCleanupPhase, kFilled };

class EndDeviceModel : public Model {
 public:
  EndDeviceModel()
      : Model("iot_end_device", "End devices: processor, memory, storage.", kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const std::uint64_t key = s.key;
    const double work = occupied(s.climate.solar_time(t));
    const double slow = sim::noise(sim::mix(key, kSlow), t, 2 * kHour);
    const double burst = Course{sim::mix(key, kBurst), 3 * kMinute}.at(t);
    const double cpu = trait(key, kIdle, 4, 15) + 25 * work + 4 * slow + 45 * burst * burst * burst;
    out[0] = cpu;
    out[1] = trait(key, kRam, 30, 60) + 10 * work + 4 * slow;
    // Fills linearly from one clean-up to the next.
    const Time cycle = static_cast<Time>(trait(key, kCleanup, 10, 40) * 24) * kHour;
    const Time phase =
        static_cast<Time>(trait(key, kCleanupPhase, 0, 1) * static_cast<double>(cycle));
    out[2] = trait(key, kFilled, 25, 45) + 40 * turns(t + phase, cycle);
  }
};

}  // namespace

std::unique_ptr<Model> make_end_device_model() { return std::make_unique<EndDeviceModel>(); }

}  // namespace weir::iot
