#include "model.hpp"

namespace weir::iot {

std::unique_ptr<Model> make_model(Kind kind) {
  switch (kind) {
    case Kind::environment: return make_environment_model();
    case Kind::vibration: return make_vibration_model();
    case Kind::imu: return make_imu_model();
    case Kind::energy: return make_energy_model();
    case Kind::gps: return make_gps_model();
    case Kind::end_device: break;
  }
  return make_end_device_model();
}

std::span<const Channel> channels_of(Kind kind) { return make_model(kind)->channels(); }

}  // namespace weir::iot
