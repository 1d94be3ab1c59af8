#include "motion.hpp"

#include <cmath>

namespace weir::iot {

namespace {

constexpr double kDegree = sim::kPi / 180;

double drawn(std::uint64_t key, std::uint64_t which, double low, double high) {
  return low + (high - low) * sim::uniform(sim::mix(key, which, 0x6D6F74696F6Eu));
}

}  // namespace

Vector to_body(const Attitude& a, const Vector& world) {
  const double cy = sim::cos(a.yaw), sy = sim::sin(a.yaw);
  const double cp = sim::cos(a.pitch), sp = sim::sin(a.pitch);
  const double cr = sim::cos(a.roll), sr = sim::sin(a.roll);
  const double x1 = cy * world[0] + sy * world[1];
  const double y1 = -sy * world[0] + cy * world[1];
  const double x2 = cp * x1 - sp * world[2];
  const double z2 = sp * x1 + cp * world[2];
  return {x2, cr * y1 + sr * z2, -sr * y1 + cr * z2};
}

MotionModel::MotionModel(Motion motion, std::uint64_t key) {
  std::uint64_t drawn_count = 10;
  const auto wave = [&](double period_s, double amplitude) {
    // Each device has a rhythm of its own, each of its waves a phase.
    const double rhythm = drawn(key, 1, 0.94, 1.06);
    return Wave{static_cast<Time>(period_s * rhythm * 1e9), amplitude,
                drawn(key, drawn_count++, 0, 1)};
  };
  const auto turn = [&](Angle& angle, double period_s, double degrees) {
    angle.waves[angle.count++] = wave(period_s, degrees * kDegree);
  };
  const auto push = [&](Axis axis, double period_s, double g) {
    pushes_[push_count_++] = {axis, wave(period_s, g * kGravity)};
  };
  yaw_.base = drawn(key, 2, -sim::kPi, sim::kPi);
  pitch_.base = drawn(key, 3, -12, 12) * kDegree;
  roll_.base = drawn(key, 4, -12, 12) * kDegree;
  switch (motion) {
    case Motion::still: break;
    case Motion::walking: {
      constexpr double kStep = 1 / 1.85;  // seconds; a stride is two steps
      turn(yaw_, 41, 70);
      turn(yaw_, 2 * kStep, 4);
      turn(pitch_, kStep, 3);
      turn(pitch_, 17, 5);
      turn(roll_, 2 * kStep, 4);
      push(kUp, kStep, 0.26);
      push(kUp, kStep / 2, 0.09);
      push(kForward, kStep, 0.14);
      push(kLeft, 2 * kStep, 0.08);
      break;
    }
    case Motion::running: {
      constexpr double kStep = 1 / 2.75;
      turn(yaw_, 29, 80);
      turn(yaw_, 2 * kStep, 8);
      turn(pitch_, kStep, 6);
      turn(pitch_, 11, 5);
      turn(roll_, 2 * kStep, 7);
      push(kUp, kStep, 1.1);
      push(kUp, kStep / 2, 0.35);
      push(kUp, kStep / 3, 0.12);
      push(kForward, kStep, 0.4);
      push(kLeft, 2 * kStep, 0.2);
      break;
    }
    case Motion::machine: {
      constexpr double kTurn = 1 / 24.7;  // an asynchronous motor of four poles at 50 Hz
      pushes_follow_body_ = true;
      turn(pitch_, kTurn, 0.02);
      turn(roll_, kTurn, 0.015);
      push(kForward, kTurn, 0.22);
      push(kUp, kTurn, 0.3);
      push(kUp, kTurn / 2, 0.1);
      push(kLeft, kTurn / 3, 0.04);
      break;
    }
  }
}

MotionState MotionModel::at(Time t) const {
  MotionState state;
  double angles[3], slopes[3];
  const Angle* const all[] = {&yaw_, &pitch_, &roll_};
  for (std::size_t i = 0; i < 3; ++i) {
    angles[i] = all[i]->base;
    slopes[i] = 0;
    for (std::size_t k = 0; k < all[i]->count; ++k) {
      angles[i] += all[i]->waves[k].at(t);
      slopes[i] += all[i]->waves[k].slope(t);
    }
  }
  state.attitude = {angles[0], angles[1], angles[2]};

  // Rates of the angles to rates about the body's axes.
  const double cp = sim::cos(angles[1]), sp = sim::sin(angles[1]);
  const double cr = sim::cos(angles[2]), sr = sim::sin(angles[2]);
  state.rate_rad_s = {slopes[2] - slopes[0] * sp, slopes[1] * cr + slopes[0] * cp * sr,
                      -slopes[1] * sr + slopes[0] * cp * cr};

  Vector own{};  // forward, left, up
  for (std::size_t i = 0; i < push_count_; ++i) own[pushes_[i].axis] += pushes_[i].wave.at(t);
  // What holds the device up, felt as an acceleration of 1 g upwards.
  Vector world{0, 0, kGravity};
  if (!pushes_follow_body_) {
    const double cy = sim::cos(angles[0]), sy = sim::sin(angles[0]);
    world = {cy * own[0] - sy * own[1], sy * own[0] + cy * own[1], kGravity + own[2]};
  }
  state.specific_force_m_s2 = to_body(state.attitude, world);
  if (pushes_follow_body_) {
    for (std::size_t i = 0; i < 3; ++i) state.specific_force_m_s2[i] += own[i];
  }
  return state;
}

Vector magnetic_field(double latitude_degrees) {
  const double s = sim::sin(latitude_degrees * kDegree), c = sim::cos(latitude_degrees * kDegree);
  constexpr double kEquatorTesla = 0.31e-4;
  return {0, kEquatorTesla * c, -2 * kEquatorTesla * s};
}

}  // namespace weir::iot
