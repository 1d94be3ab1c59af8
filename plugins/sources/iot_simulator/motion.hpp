// How a device with an inertial measurement unit moves: attitude, angular rate, acceleration.
//
// The attitude is three angles, each a sum of sinusoids; the angular rate is their derivative in
// the body's axes; one attitude turns gravity and the magnetic field into those axes. So a
// gyroscope's integral is the change of attitude that the accelerometer and the magnetometer see.
//
// Frames: the world's x points east, y north, z up; the body's are turned by yaw about z, then
// pitch about y, then roll about x (R = Rz Ry Rx).
#pragma once

#include <array>
#include <cstdint>

#include "options.hpp"
#include "waves.hpp"

namespace weir::iot {

using Vector = std::array<double, 3>;

struct Attitude {
  double yaw = 0, pitch = 0, roll = 0;  // radians
};

// A vector of the world in the body's axes.
Vector to_body(const Attitude& attitude, const Vector& world);

struct MotionState {
  Attitude attitude;
  Vector rate_rad_s{};           // of the body, in its axes
  Vector specific_force_m_s2{};  // what an accelerometer feels, in the body's axes
};

// The motion of one device.
class MotionModel {
 public:
  MotionModel(Motion motion, std::uint64_t key);
  MotionState at(Time t) const;

 private:
  struct Angle {
    double base = 0;
    std::array<Wave, 3> waves{};
    std::size_t count = 0;
  };
  enum Axis { kForward, kLeft, kUp };
  struct Push {
    Axis axis = kUp;  // with the body's heading
    Wave wave;        // m/s2
  };
  Angle yaw_, pitch_, roll_;
  std::array<Push, 6> pushes_{};
  std::size_t push_count_ = 0;
  bool pushes_follow_body_ = false;  // a machine shakes in its own axes
};

// The Earth's field as that of a dipole, in tesla: 0.31 to 0.62 gauss.
Vector magnetic_field(double latitude_degrees);

inline constexpr double kGravity = 9.80665;

}  // namespace weir::iot
