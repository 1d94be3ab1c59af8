// Vibration, energy, end devices, and what all devices have: laws that hold at every time.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "energy.hpp"
#include "fixture_test.hpp"
#include "status.hpp"
#include "vibration.hpp"

namespace weir::iot {
namespace {

TEST(Vibration, GoesThroughTheZonesOfIso10816) {
  // Limits of ISO 10816-1, annex B.
  EXPECT_EQ(vibration_zones(MachineClass::i).a, 0.71);
  EXPECT_EQ(vibration_zones(MachineClass::iv).c, 18.0);
  for (const auto machine_class :
       {MachineClass::i, MachineClass::ii, MachineClass::iii, MachineClass::iv}) {
    FleetOptions options = fleet_of(Kind::vibration);
    options.machine_class = machine_class;
    FleetFixture f(options);
    const VibrationZones zones = vibration_zones(machine_class);
    std::set<char> seen;
    for (int hour = 0; hour < 60 * 24; ++hour) {
      const Values v = f.truth(kNoon + hour * kHour);
      seen.insert(v[0] <= zones.a ? 'A' : v[0] <= zones.b ? 'B' : v[0] <= zones.c ? 'C' : 'D');
      ASSERT_LT(v[0], zones.c * 1.8);
      // A vibration of one frequency f: a = 2 pi f v. Here f is between one and four rotations.
      const double hertz = v[1] / (v[0] * 1e-3) / (2 * M_PI);
      ASSERT_GE(hertz, 0.99 * v[4] / 60);
      ASSERT_LE(hertz, 4.01 * v[4] / 60);
      ASSERT_GE(v[2], std::sqrt(2.0));
    }
    EXPECT_EQ(seen, (std::set<char>{'A', 'B', 'C', 'D'}));
  }
}

TEST(Energy, TheCounterIsTheIntegralOfThePower) {
  double joules = load_at(5, 450, kNoon).joules;
  constexpr Time kStep = kSecond / 4;
  for (Time t = kNoon; t < kNoon + 30 * kHour; t += kStep) {
    joules += load_at(5, 450, t + kStep / 2).watts * seconds(kStep);
    // The motor's switching falls within a step: some hundred joules each.
    ASSERT_NEAR(joules, load_at(5, 450, t + kStep).joules, 8000);
  }
  EXPECT_NEAR(joules - load_at(5, 450, kNoon).joules,
              load_at(5, 450, kNoon + 30 * kHour).joules - load_at(5, 450, kNoon).joules, 8000);
  const double year = load_at(5, 450, kNoon + 365 * kDay).joules - load_at(5, 450, kNoon).joules;
  EXPECT_NEAR(year / (365 * 86'400.0), 450, 2);
}

TEST(Energy, TheMeterAddsUp) {
  FleetFixture f(fleet_of(Kind::energy, 3));
  for (std::uint32_t device = 0; device < 3; ++device) {
    double last = -1;
    double last_exact = 0;
    for (Time t = kNoon; t < kNoon + 2 * kDay; t += 5 * kMinute) {
      const Values v = f.measured(t, device);
      const Values exact = f.truth(t, device);
      ASSERT_GT(v[2], 0);
      ASSERT_NEAR(v[0] * v[1], v[4], 0.02 * v[4]) << "S = U I";
      ASSERT_NEAR(v[5], v[2] / v[4], 0.02) << "power factor = P / S";
      ASSERT_NEAR(v[4] * v[4], v[2] * v[2] + v[3] * v[3], 0.02 * v[4] * v[4]);
      ASSERT_LE(v[5], 1);
      ASSERT_NEAR(v[6], 50, 0.2);
      ASSERT_GE(v[7], last) << "the counter went back";
      ASSERT_NEAR(v[7], exact[7], 1801) << "a count is 1 Wh";
      ASSERT_EQ(std::fmod(v[7], 3600), 0);
      ASSERT_GE(exact[7], last_exact);
      last = v[7];
      last_exact = exact[7];
    }
  }
}

TEST(EndDevice, StorageFillsUntilItIsCleanedUp) {
  FleetFixture f(fleet_of(Kind::end_device));
  int cleanups = 0;
  double last = 0;
  for (int hour = 0; hour < 24 * 120; ++hour) {
    const Values v = f.measured(kNoon + hour * kHour);
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_GE(v[i], 0);
      ASSERT_LE(v[i], 100);
    }
    if (v[2] < last) ++cleanups;
    last = v[2];
  }
  EXPECT_GE(cleanups, 2);
  EXPECT_LE(cleanups, 12);
}

TEST(Status, ABatteryFallsBetweenChargesAndNeverOtherwise) {
  FleetFixture f(fleet_of(Kind::gps));
  int charges = 0;
  bool charging = false;
  Battery last = battery_at(f.fleet(), f.key(), kNoon);
  double lowest = 100, highest = 0;
  for (int minute = 1; minute < 20 * 24 * 60; ++minute) {
    const Battery now = battery_at(f.fleet(), f.key(), kNoon + minute * kMinute);
    const bool rises = now.percent > last.percent || now.volts > last.volts;
    const bool falls = now.percent < last.percent || now.volts < last.volts;
    ASSERT_FALSE(rises && falls);
    if (rises && !charging) ++charges;
    if (rises || falls) charging = rises;
    lowest = std::min(lowest, now.percent);
    highest = std::max(highest, now.percent);
    last = now;
  }
  EXPECT_EQ(charges, 4) << "a battery lasts 5 days, and never rises but when it is charged";
  EXPECT_LE(lowest, 4);
  EXPECT_GE(highest, 99);
}

TEST(Status, RadioAndClockKeepTheirOptions) {
  FleetOptions options = fleet_of(Kind::environment);
  options.loss = 0.1;
  options.latency = std::chrono::milliseconds(100);
  options.clock_ppm = 50;
  FleetFixture f(options);
  int lost = 0;
  double latency = 0;
  Time last = INT64_MIN;
  Time away = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Time t = kNoon + static_cast<Time>(i) * kMinute;
    lost += is_lost(f.fleet(), f.key(), i) ? 1 : 0;
    latency += latency_seconds(f.fleet(), f.key(), t) / 10'000;
    const Time clock = t + clock_offset(f.fleet(), f.key(), t);
    ASSERT_GT(clock, last);
    last = clock;
    away = std::max(away, std::abs(clock - t));
  }
  EXPECT_NEAR(lost, 1000, 150);
  EXPECT_NEAR(latency, 0.1, 0.02);
  EXPECT_LE(seconds(away), 50e-6 * 43'200 + 1e-6);
  EXPECT_GT(away, 0);
}

}  // namespace
}  // namespace weir::iot
