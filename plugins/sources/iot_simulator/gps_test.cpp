// GPS trackers: speed is the derivative of the position, vans leave when they like, weekends are
// calmer, and sometimes no satellite is heard.
#include "gps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "fixture_test.hpp"

namespace weir::iot {
namespace {

constexpr Time kMonday = kNoon - 10 * kHour;  // 0 h, as vans' local time
constexpr std::uint32_t kVans = 50;

bool moves(std::uint64_t key, Time local_time) {
  return position_at(key, 9, local_time).speed_mps > 0.1;
}

TEST(Gps, SpeedAndCourseAreThoseOfThePositions) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE(told(seed));
    constexpr Time kStep = kSecond / 50;
    for (Time t = kMonday; t < kMonday + kDay; t += 7 * kSecond) {
      const Position a = position_at(seed, 12, t), b = position_at(seed, 12, t + kStep);
      const Position mid = position_at(seed, 12, t + kStep / 2);
      const double east = b.east_m - a.east_m, north = b.north_m - a.north_m;
      ASSERT_NEAR(std::hypot(east, north) / seconds(kStep), mid.speed_mps, 0.05);
      if (mid.speed_mps < 0.5) continue;
      double difference = std::atan2(east, north) * 180 / M_PI - mid.course_degrees;
      difference -= 360 * std::round(difference / 360);
      ASSERT_NEAR(difference, 0, 0.5);
    }
  }
}

TEST(Gps, TheWayIsTheIntegralOfTheSpeed) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE(told(seed));
    double east = 0, north = 0, moved_m = 0, moving_s = 0, fastest = 0;
    constexpr Time kStep = kSecond / 2;
    for (Time t = kMonday; t < kMonday + 5 * kDay; t += kStep) {
      const Position mid = position_at(seed, 12, t + kStep / 2);
      const double metres = mid.speed_mps * seconds(kStep);
      ASSERT_GE(mid.speed_mps, 0);
      east += metres * std::sin(mid.course_degrees * M_PI / 180);
      north += metres * std::cos(mid.course_degrees * M_PI / 180);
      moved_m += metres;
      if (mid.speed_mps > 0) moving_s += seconds(kStep);
      fastest = std::max(fastest, mid.speed_mps);
      if (t % kMinute != 0) continue;
      const Position end = position_at(seed, 12, t + kStep);
      ASSERT_NEAR(east, end.east_m, 5);
      ASSERT_NEAR(north, end.north_m, 5);
    }
    EXPECT_GT(moved_m, 100e3);
    EXPECT_NEAR(moved_m / moving_s, 12, 1.2) << "mean_speed is that while it drives";
    // A leg 1.5 times as fast as the mean, shortened by a stop, its cruise with traffic, on the
    // outside of the loop's bend.
    EXPECT_LT(fastest, 12 * 1.5 * 0.92 / 0.7 * (1 / 0.85 + 0.24) * 1.24);
    EXPECT_GT(fastest, 12 * 1.2);
  }
}

TEST(Gps, TripsHaveStops) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE(told(seed));
    int away = 0, halted = 0;
    for (Time t = kMonday; t < kMonday + 5 * kDay; t += 10 * kSecond) {
      const Position p = position_at(seed, 9, t);
      away += p.is_away ? 1 : 0;
      halted += p.is_away && p.speed_mps == 0 ? 1 : 0;
    }
    EXPECT_GT(halted, away / 30);
    EXPECT_LT(halted, away / 6);
  }
}

TEST(Gps, VansDoNotMoveInLockstep) {
  for (const std::uint64_t seed : seeds(6)) {
    SCOPED_TRACE(told(seed));
    const FleetFixture f(fleet_of(Kind::gps, kVans), seed);
    std::array<double, 12> share{};  // by five minutes of the hour
    for (int day = 0; day < 5; ++day) {
      for (Time t = 8 * kHour; t < 16 * kHour; t += 5 * kMinute) {
        int moving = 0;
        for (std::uint32_t van = 0; van < kVans; ++van) {
          moving += moves(f.key(van), kMonday + day * kDay + t) ? 1 : 0;
        }
        ASSERT_GT(moving, 0);
        ASSERT_LT(moving, static_cast<int>(kVans));
        share[static_cast<std::size_t>(t / (5 * kMinute) % 12)] += moving / (5.0 * 8 * kVans);
      }
    }
    for (const double s : share) EXPECT_NEAR(s, 0.48, 0.12);
  }
}

TEST(Gps, WeekendsAreCalmerAndNightsQuiet) {
  for (const std::uint64_t seed : seeds(4)) {
    SCOPED_TRACE(told(seed));
    const FleetFixture f(fleet_of(Kind::gps, kVans), seed);
    std::array<double, 7> moving{};
    for (int day = 0; day < 28; ++day) {
      for (std::uint32_t van = 0; van < kVans; ++van) {
        for (Time t = 0; t < kDay; t += 10 * kMinute) {
          const bool is_moving = moves(f.key(van), kMonday + day * kDay + t);
          moving[static_cast<std::size_t>(day % 7)] += is_moving ? 1 : 0;
          const Time end_of_last = 21 * kHour + 30 * kMinute;  // begun before 19:30 h
          ASSERT_FALSE(is_moving && (t < 5 * kHour || t >= end_of_last));
        }
      }
    }
    for (std::size_t day = 1; day < 5; ++day) EXPECT_NEAR(moving[day] / moving[0], 1, 0.15);
    EXPECT_NEAR(moving[5] / moving[0], 0.5, 0.1);
    EXPECT_NEAR(moving[6] / moving[0], 0.17, 0.06);
  }
}

TEST(Gps, WithoutSatellitesThereIsNoPosition) {
  for (const std::uint64_t seed : seeds(3)) {
    SCOPED_TRACE(told(seed));
    FleetFixture f(fleet_of(Kind::gps, kVans), seed);
    int samples = 0, silent = 0;
    for (std::uint32_t van = 0; van < kVans; ++van) {
      for (Time t = kNoon; t < kNoon + 6 * kHour; t += 10 * kSecond) {
        const Values v = f.measured(t, van);
        ++samples;
        const bool has_fix = v[5] >= 4;
        silent += has_fix ? 0 : 1;
        for (std::size_t i = 0; i < 5; ++i) ASSERT_EQ(is_absent(v[i]), !has_fix);
        if (has_fix) {
          ASSERT_LT(v[6], 3);
        } else {
          ASSERT_EQ(v[5], 0);
          ASSERT_EQ(v[6], 99.99);
        }
      }
    }
    EXPECT_GT(silent, samples / 2000);
    EXPECT_LT(silent, samples / 100);
  }
}

TEST(Gps, RowsWithoutAFixHaveNoPosition) {
  Options options;
  options.seed = 1;
  fleets(options)["van"] = fleet_of(Kind::gps, 20);
  SimulatorFixture f(options, 15 * kSecond);
  int silent = 0, heard = 0;
  for (Time t = kNoon; t < kNoon + 2 * kHour; t += 15 * kSecond) {
    f.collect(t);
    for (const Row& row : rows_of(f.agent(), "iot_gps")) {
      const bool has_fix = row.numbers.at("satellites") > 0;
      (has_fix ? heard : silent) += 1;
      for (const char* field : {"latitude", "longitude", "altitude", "speed", "course"}) {
        ASSERT_EQ(row.numbers.contains(field), has_fix) << field;
      }
    }
  }
  EXPECT_GT(silent, 0);
  EXPECT_GT(heard, 9000);
}

TEST(Gps, ReceiversAreOffBySomeMetres) {
  for (const std::uint64_t seed : seeds(3)) {
    SCOPED_TRACE(told(seed));
    FleetFixture f(fleet_of(Kind::gps, 10), seed);
    for (std::uint32_t device = 0; device < 10; ++device) {
      const Time night = kNoon + 14 * kHour;  // parked
      double north_m = 0;
      std::vector<double> latitudes;
      for (int i = 0; i < 500; ++i) {
        const Values v = f.measured(night + i * 30 * kSecond, device);
        latitudes.push_back(v[0]);
        north_m += v[0] / 500;
        ASSERT_LT(v[3], 0.4);
      }
      double square = 0;
      for (const double l : latitudes) {
        square += (l - north_m) * (l - north_m) * 111'195.0 * 111'195.0 / 500;
      }
      EXPECT_GT(std::sqrt(square), 0.5);
      EXPECT_LT(std::sqrt(square), 4);
    }
  }
}

}  // namespace
}  // namespace weir::iot
