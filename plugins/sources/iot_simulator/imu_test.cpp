// IMUs: gravity and field at rest, noise densities, Allan deviation, and a gyroscope whose integral
// is the change of attitude.
#include "imu.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "fixture_test.hpp"
#include "weir/payload/rows.hpp"

namespace weir::iot {
namespace {

constexpr Time kSample = kSecond / 200;

double length(const Values& v, std::size_t first) {
  return std::sqrt(v[first] * v[first] + v[first + 1] * v[first + 1] + v[first + 2] * v[first + 2]);
}

FleetOptions imu(Motion motion) {
  FleetOptions options = fleet_of(Kind::imu, 5);
  options.motion = motion;
  return options;
}

TEST(Imu, FeelsOneGAndTheEarthsFieldAtRest) {
  FleetFixture f(imu(Motion::still));
  for (std::uint32_t device = 0; device < 5; ++device) {
    double acc = 0, mag = 0;
    constexpr int kSamples = 2000;
    for (int i = 0; i < kSamples; ++i) {
      const Values v = f.measured(kNoon + i * kSample, device);
      acc += length(v, 0) / kGravity / kSamples;
      mag += length(v, 6) * 1e4 / kSamples;  // gauss
    }
    EXPECT_NEAR(acc, 1, 0.04) << "a new sensor's offset is 8 mg an axis";
    EXPECT_GT(mag, 0.25);
    EXPECT_LT(mag, 0.65);
    EXPECT_NEAR(length(f.truth(kNoon, device), 0), kGravity, 1e-9);
    for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(f.truth(kNoon, device)[i], 0);
  }
  for (const double latitude : {-80.0, -33.0, 0.0, 50.0, 80.0}) {
    const Vector b = magnetic_field(latitude);
    const double gauss = std::sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]) * 1e4;
    EXPECT_GT(gauss, 0.25);
    EXPECT_LT(gauss, 0.65);
  }
}

TEST(Imu, ValuesAreWholeCountsOfTheConverters) {
  FleetFixture f(imu(Motion::running));
  for (int i = 0; i < 1000; ++i) {
    const Values v = f.measured(kNoon + i * kSample);
    for (std::size_t k = 0; k < 3; ++k) {
      const double acc = v[k] / payload::ImuUnits::kAcc;
      const double mag = v[6 + k] / payload::ImuUnits::kMag;
      EXPECT_NEAR(acc, std::round(acc), 1e-6);
      EXPECT_NEAR(mag, std::round(mag), 1e-6);
    }
  }
}

// Deviation of the means of neighbouring stretches of n samples.
double allan_deviation(const std::vector<double>& samples, std::size_t n) {
  std::vector<double> means;
  for (std::size_t i = 0; i + n <= samples.size(); i += n) {
    double sum = 0;
    for (std::size_t k = 0; k < n; ++k) sum += samples[i + k];
    means.push_back(sum / static_cast<double>(n));
  }
  double sum = 0;
  for (std::size_t i = 1; i < means.size(); ++i) {
    sum += (means[i] - means[i - 1]) * (means[i] - means[i - 1]);
  }
  return std::sqrt(sum / 2 / static_cast<double>(means.size() - 1));
}

TEST(Imu, NoiseHasTheDensityOfItsDataSheetAndTheSlopeOfWhiteNoise) {
  FleetFixture f(imu(Motion::still));
  constexpr std::size_t kSamples = 200 * 60;
  std::vector<double> acc(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    acc[i] = f.measured(kNoon + static_cast<Time>(i) * kSample)[2] / kGravity;
  }
  // 60 ug per root hertz: at an averaging time of T seconds, density / sqrt(T) for a one-sided
  // density N whose samples have sigma = N sqrt(rate); quantisation adds an LSB / sqrt(12).
  const double lsb = payload::ImuScale::kAccG;
  const double sigma = std::sqrt(60e-6 * 60e-6 * 200 + lsb * lsb / 12);
  EXPECT_NEAR(sigma, 0.85e-3, 0.03e-3);  // the figure that goes with it at 200 Hz
  EXPECT_NEAR(allan_deviation(acc, 1) / sigma, 1, 0.05);
  const double at_1 = allan_deviation(acc, 1), at_64 = allan_deviation(acc, 64);
  EXPECT_NEAR(std::log(at_64 / at_1) / std::log(64.0), -0.5, 0.06);
  // The gyroscope's noise is below a count; what goes into the converter is 40 mdps.
  EXPECT_NEAR(f.model().sigma(f.subject(), 3) * 180 / M_PI, 0.040, 0.001);
}

TEST(Imu, BiasesWalk) {
  // Increments over a time have about that time's variance, averaged over many devices.
  for (const double tau : {30.0, 300.0, 3000.0}) {
    double sum = 0;
    constexpr int kDevices = 400;
    for (std::uint64_t device = 0; device < kDevices; ++device) {
      const double step =
          bias_walk(device, kNoon + static_cast<Time>(tau) * kSecond) - bias_walk(device, kNoon);
      sum += step * step / kDevices;
    }
    EXPECT_GT(sum / tau, 0.4) << tau;
    EXPECT_LT(sum / tau, 2.0) << tau;
  }
}

// Turns an attitude matrix (rows: the body's axes in the world) by body rates for a time.
using Matrix = std::array<Vector, 3>;
Matrix matrix_of(const Attitude& a) {
  const Vector x = to_body(a, {1, 0, 0}), y = to_body(a, {0, 1, 0}), z = to_body(a, {0, 0, 1});
  return {Vector{x[0], y[0], z[0]}, Vector{x[1], y[1], z[1]}, Vector{x[2], y[2], z[2]}};
}
void turn(Matrix& m, const Vector& rate, double dt) {
  const double angle = std::sqrt(rate[0] * rate[0] + rate[1] * rate[1] + rate[2] * rate[2]) * dt;
  if (angle == 0) return;
  const double s = std::sin(angle) / angle * dt,
               c = (1 - std::cos(angle)) / (angle * angle) * dt * dt;
  const Matrix before = m;
  const auto cross = [](const Vector& w, const Matrix& b, std::size_t row, std::size_t col) {
    const std::size_t j = (row + 1) % 3, k = (row + 2) % 3;
    return w[j] * b[k][col] - w[k] * b[j][col];
  };
  Matrix once{}, twice{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 3; ++k) once[r][k] = cross(rate, before, r, k);
  }
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 3; ++k) twice[r][k] = cross(rate, once, r, k);
  }
  // A fixed vector seen from a body that turns: its components change by -rate x vector.
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 3; ++k) m[r][k] += -s * once[r][k] + c * twice[r][k];
  }
}

TEST(Imu, TheGyroscopesIntegralIsTheChangeOfAttitude) {
  for (const Motion motion : {Motion::walking, Motion::running, Motion::machine}) {
    const MotionModel model(motion, 7);
    Matrix integrated = matrix_of(model.at(kNoon).attitude);
    constexpr Time kStep = kSecond / 2000;
    Time t = kNoon;
    for (int i = 0; i < 2000 * 20; ++i, t += kStep) {
      turn(integrated, model.at(t + kStep / 2).rate_rad_s, seconds(kStep));
    }
    const Matrix expected = matrix_of(model.at(t).attitude);
    double moved = 0;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(integrated[r][k], expected[r][k], 2e-5);
        moved += std::abs(expected[r][k] - matrix_of(model.at(kNoon).attitude)[r][k]);
      }
    }
    EXPECT_GT(moved, motion == Motion::machine ? 0 : 0.3) << "nothing turned";
  }
}

TEST(Imu, MotionHasItsRhythm) {
  // Running is stronger than walking; both are 1 g in the mean, seen in the world's axes.
  double strength[2] = {};
  for (const Motion motion : {Motion::walking, Motion::running}) {
    const MotionModel model(motion, 3);
    double up = 0, square = 0;
    constexpr int kSamples = 200 * 60;
    for (int i = 0; i < kSamples; ++i) {
      const MotionState s = model.at(kNoon + i * kSample);
      const Vector z = to_body(s.attitude, {0, 0, 1});
      const double vertical = s.specific_force_m_s2[0] * z[0] + s.specific_force_m_s2[1] * z[1] +
                              s.specific_force_m_s2[2] * z[2];
      up += vertical / kSamples;
      square += (vertical - kGravity) * (vertical - kGravity) / kSamples;
    }
    EXPECT_NEAR(up, kGravity, 0.05);
    strength[motion == Motion::running ? 1 : 0] = std::sqrt(square) / kGravity;
  }
  EXPECT_NEAR(strength[0], std::sqrt(0.26 * 0.26 + 0.09 * 0.09) / std::sqrt(2.0), 0.02);
  EXPECT_GT(strength[1], 3 * strength[0]);
}

}  // namespace
}  // namespace weir::iot
