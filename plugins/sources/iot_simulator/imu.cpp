// Inertial measurement units: accelerometer, gyroscope, magnetometer, temperature.
//
// Noise is that of the data sheets of the LSM6DSV and the LIS3MDL: white noise of a given density,
// and biases that walk. Values are whole counts of the converters in SI units, so that the binary
// packet of weir/payload/imu_packet.hpp can be made of rows exactly.
#include "imu.hpp"

#include <cmath>

#include "weir/payload/rows.hpp"

namespace weir::iot {

namespace {

using payload::ImuScale;
using payload::ImuUnits;

constexpr double kDps = sim::kPi / 180;
constexpr double kAccDensity = 60e-6 * kGravity;  // m/s2 per root hertz
constexpr double kGyroDensity = 2.8e-3 * kDps;    // rad/s per root hertz
constexpr double kMagSigma = 3.5e-3 * 1e-4;       // tesla, at every rate: the sensor averages
constexpr double kTemperatureSigma = 0.03;        // celsius

// Sizes of a walk are of its increment in one second.
constexpr double kAccWalk = 4e-6 * kGravity;
constexpr double kGyroWalk = 0.4e-3 * kDps;
constexpr double kAccOffset = 8e-3 * kGravity;  // of a new device, standard deviation
constexpr double kGyroOffset = 0.3 * kDps;
constexpr double kMagOffset = 8e-3 * 1e-4;

constexpr char kAcc[] = "Acceleration, with gravity: 9.81 upwards at rest.";
constexpr char kRate[] = "Angular rate.";
constexpr char kMag[] = "Magnetic flux density.";
constexpr Channel kChannels[] = {
    {"acc_x", "metres_per_second_squared", kAcc, 0, 0, 0, 0, 5},
    {"acc_y", "metres_per_second_squared", kAcc, 0, 0, 0, 0, 5},
    {"acc_z", "metres_per_second_squared", kAcc, 0, 0, 0, 0, 5},
    {"gyro_x", "radians_per_second", kRate, 0, 0, 0, 0, 3},
    {"gyro_y", "radians_per_second", kRate, 0, 0, 0, 0, 3},
    {"gyro_z", "radians_per_second", kRate, 0, 0, 0, 0, 3},
    {"mag_x", "tesla", kMag, 0, 0, 0, 0, 5e-5},
    {"mag_y", "tesla", kMag, 0, 0, 0, 0, 5e-5},
    {"mag_z", "tesla", kMag, 0, 0, 0, 0, 5e-5},
    {"temperature", "celsius", "Temperature of the sensor.", 0, 0, 0, 0, 20},
};
enum Trait : std::uint64_t { kBias = 1, kWarmth = 10 };

}  // namespace

double bias_walk(std::uint64_t key, Time t) {
  // A walk has as much of every scale: noises of doubling period, each as large as the walk gets in
  // its time. The factor makes the increments' variance that of their time.
  constexpr double kShare = 0.15;
  double sum = 0;
  Time period = 4 * kSecond;
  for (std::uint64_t octave = 0; octave < 12; ++octave, period *= 2) {
    const double size = std::sqrt(kShare * seconds(period));
    sum += size * sim::noise(sim::mix(key, octave), t, period);
  }
  return sum;
}

namespace {

class ImuModel : public Model {
 public:
  ImuModel() : Model("iot_imu", "Inertial measurement units, one row a sample.", kChannels) {}

  void truth(const Subject& s, Time t, Values& out) override {
    const MotionState state = motion_of(s).at(t);
    const Vector field = to_body(state.attitude, field_);
    for (std::size_t i = 0; i < 3; ++i) {
      out[i] = state.specific_force_m_s2[i];
      out[3 + i] = state.rate_rad_s[i];
      out[6 + i] = field[i];
    }
    out[9] = 27 + trait(s.key, kWarmth, 0, 6) +
             1.5 * sim::sin_turns(turns(s.climate.solar_time(t), kDay) - 0.375);
  }

  void sense(const Subject& s, Time t, Values& out) override {
    truth(s, t, out);
    add_biases(s, t, out);
    const std::uint64_t at = sim::mix(s.key, static_cast<std::uint64_t>(t));
    for (std::size_t i = 0; i < 10; ++i) out[i] += sigma(s, i) * sim::normal(sim::mix(at + i));
  }

  double sigma(const Subject& s, std::size_t channel) const override {
    const double root_hertz = std::sqrt(static_cast<double>(*s.fleet.options.rate_hz));
    if (channel < 3) return kAccDensity * root_hertz;
    if (channel < 6) return kGyroDensity * root_hertz;
    return channel < 9 ? kMagSigma : kTemperatureSigma;
  }

  double quantised(std::size_t channel, double value) const override {
    if (channel == 9) {
      return ImuScale::kTemperatureZeroC +
             payload::imu_count(value - ImuScale::kTemperatureZeroC, ImuScale::kTemperatureC) *
                 ImuScale::kTemperatureC;
    }
    const double unit = channel < 3   ? ImuUnits::kAcc
                        : channel < 6 ? ImuUnits::kGyro
                                      : ImuUnits::kMag;
    return payload::imu_count(value, unit) * unit;
  }

 private:
  const MotionModel& motion_of(const Subject& s) {
    if (key_ != s.key || fleet_ != &s.fleet) {
      key_ = s.key;
      fleet_ = &s.fleet;
      motion_ = MotionModel(*s.fleet.options.motion, s.key);
      field_ = magnetic_field(s.climate.latitude_degrees);
      second_ = INT64_MIN;
    }
    return motion_;
  }

  // Biases move slowly: they are computed at whole seconds, and straight in between.
  void add_biases(const Subject& s, Time t, Values& out) {
    const Time second = periods(t, kSecond);
    if (second != second_) {
      const bool next = second_ != INT64_MIN && second == second_ + 1;
      for (std::size_t i = 0; i < 9; ++i) {
        from_[i] = next ? to_[i] : bias(s.key, i, second * kSecond);
        to_[i] = bias(s.key, i, (second + 1) * kSecond);
      }
      second_ = second;
    }
    const double part = turns(t, kSecond);
    for (std::size_t i = 0; i < 9; ++i) out[i] += from_[i] + (to_[i] - from_[i]) * part;
  }
  static double bias(std::uint64_t key, std::size_t channel, Time t) {
    const double offset = channel < 3 ? kAccOffset : channel < 6 ? kGyroOffset : kMagOffset;
    const std::uint64_t own = sim::mix(key, kBias + channel);
    const double constant = offset * sim::normal(own);
    if (channel >= 6) return constant;
    return constant + (channel < 3 ? kAccWalk : kGyroWalk) * bias_walk(own, t);
  }

  // Caches of the device that was measured last.
  std::uint64_t key_ = 0;
  const Fleet* fleet_ = nullptr;
  MotionModel motion_{Motion::still, 0};
  Vector field_{};
  Time second_ = INT64_MIN;
  double from_[9] = {}, to_[9] = {};
};

}  // namespace

std::unique_ptr<Model> make_imu_model() { return std::make_unique<ImuModel>(); }

}  // namespace weir::iot
