// Environmental sensors: the plan's ranges, humidity by dew point, the lag's amplitude and phase.
#include <gtest/gtest.h>

#include <cmath>

#include "fixture_test.hpp"

namespace weir::iot {
namespace {

constexpr double kPi = 3.14159265358979323846;

TEST(Waves, LagAnswersASinusoidAsTheEquationSays) {
  const Wave air{kDay, 5, 0.1};
  const Time lag = 2 * kHour;
  const Wave sensor = air.behind(lag);
  const double x = 2 * kPi * 2 / 24;
  EXPECT_NEAR(sensor.amplitude, 5 / std::sqrt(1 + x * x), 1e-12);
  EXPECT_NEAR((air.offset_turns - sensor.offset_turns) * 2 * kPi, std::atan(x), 1e-12);
  // dy/dt = (x - y) / lag, at any time.
  for (Time t = kNoon; t < kNoon + kDay; t += 17 * kMinute) {
    EXPECT_NEAR(sensor.slope(t), (air.at(t) - sensor.at(t)) / seconds(lag), 1e-12);
  }
}

TEST(Waves, ACourseIsTheIntegralOfItsSlope) {
  const Course course{42, kHour};
  double sum = course.at(0);
  constexpr Time kStep = kSecond;
  for (Time t = 0; t < 3 * kHour; t += kStep) {
    sum += course.slope(t + kStep / 2) * seconds(kStep);
    ASSERT_NEAR(sum, course.at(t + kStep), 1e-6);
    ASSERT_GE(course.at(t), 0);
    ASSERT_LE(course.at(t), 1);
  }
}

TEST(Environment, DefaultsStayInTheRangesOfTheMonitoringPlan) {
  FleetFixture f(fleet_of(Kind::environment, 50));
  for (std::uint32_t device = 0; device < 50; ++device) {
    for (int hour = 0; hour < 24 * 366; hour += 7) {
      const Values v = f.measured(kNoon + hour * kHour, device);
      ASSERT_GE(v[0], 15);
      ASSERT_LE(v[0], 35);
      ASSERT_GE(v[1], 30);
      ASSERT_LE(v[1], 80);
      ASSERT_GE(v[2], 0);
      ASSERT_LE(v[2], 1000);
      ASSERT_GE(v[3], 980);
      ASSERT_LE(v[3], 1050);
    }
  }
}

TEST(Environment, HumidityIsWhatTheDewPointMakesOfTheTemperature) {
  // Magnus, with the standard library's functions: independent of sim::exp.
  const auto vapour = [](double c) { return 6.112 * std::exp(17.62 * c / (243.12 + c)); };
  EXPECT_NEAR(relative_humidity_percent(22, 10), 100 * vapour(10) / vapour(22), 1e-9);
  EXPECT_NEAR(vapour_pressure_hpa(20), 23.33, 0.05);  // the WMO's tables
  EXPECT_NEAR(relative_humidity_percent(15, 15), 100, 1e-9);

  // The dew point of temperature and humidity moves slowly, while temperature follows the day.
  FleetFixture f(fleet_of(Kind::environment));
  const auto dew_point = [](const Values& v) {
    const double g = std::log(v[1] / 100) + 17.62 * v[0] / (243.12 + v[0]);
    return 243.12 * g / (17.62 - g);
  };
  const Time night = kNoon - 2 * kDay - 8 * kHour;  // of a Saturday: nobody is in
  double up = 0, down = 0, correlation = 0;
  double mean_t = 0, mean_h = 0;
  constexpr int kSamples = 24 * 12;
  for (int i = 0; i < kSamples; ++i) {
    const Values v = f.truth(night + i * 5 * kMinute);
    mean_t += v[0] / kSamples;
    mean_h += v[1] / kSamples;
    if (i == 0) up = down = dew_point(v);
    up = std::max(up, dew_point(v));
    down = std::min(down, dew_point(v));
  }
  for (int i = 0; i < kSamples; ++i) {
    const Values v = f.truth(night + i * 5 * kMinute);
    correlation += (v[0] - mean_t) * (v[1] - mean_h);
  }
  EXPECT_LT(up - down, 0.8);
  EXPECT_LT(correlation, 0) << "humidity does not fall when it gets warmer";
}

TEST(Environment, OutdoorSensorsFollowTheWeatherLate) {
  FleetOptions options = fleet_of(Kind::environment);
  options.placement = Placement::outdoor;
  options.lag = std::chrono::hours(3);
  FleetFixture slow(options);
  // The phase and size of the day's wave in the sensor, by correlation over 60 days.
  const auto wave_of_day = [](auto value) {
    double s = 0, c = 0;
    constexpr int kSteps = 60 * 96;
    for (int i = 0; i < kSteps; ++i) {
      const Time t = kNoon + i * 15 * kMinute;
      const double phase = 2 * kPi * turns(t, kDay);
      s += value(t) * std::sin(phase) * 2 / kSteps;
      c += value(t) * std::cos(phase) * 2 / kSteps;
    }
    return std::pair(std::hypot(s, c), std::atan2(c, s));
  };
  const auto air = wave_of_day([&](Time t) { return slow.climate().outdoor_celsius.at(t); });
  const auto sensor = wave_of_day([&](Time t) { return slow.truth(t)[0]; });
  const double x = 2 * kPi * 3 / 24;
  EXPECT_NEAR(sensor.first / air.first, 1 / std::sqrt(1 + x * x), 0.02);
  EXPECT_NEAR(air.second - sensor.second, std::atan(x), 0.03);
}

TEST(Environment, DevicesOfOneLocationAgreeAndOthersDoNot) {
  World world;
  FleetOptions options = fleet_of(Kind::environment, 4);
  options.locations = {"here", "there"};
  options.placement = Placement::outdoor;
  world.devices["dev"] = options;
  const Simulated s = simulated(world);
  auto model = make_model(Kind::environment);
  const auto pressure = [&](std::uint32_t device, Time t) {
    Values v{};
    const std::uint32_t turn = device % 2;
    model->truth({s.fleets[0], s.climates[s.fleets[0].locations[turn]], turn, s.keys[device]}, t,
                 v);
    return v[3];
  };
  double here = 0, there = 0;
  for (int day = 0; day < 30; ++day) {
    const Time t = kNoon + day * kDay;
    here = std::max(here, std::abs(pressure(0, t) - pressure(2, t)));
    there = std::max(there, std::abs(pressure(0, t) - pressure(1, t)));
  }
  EXPECT_LT(here, 1.1);
  EXPECT_GT(there, 3);
}

TEST(Climate, TheSunRisesAndSetsByPlaceAndSeason) {
  const Climate frankfurt(LocationOptions{50.1, 8.7}, 1);
  const Time june = kNoon - 155 * kDay;
  EXPECT_GT(frankfurt.sun(june), 0.85);                  // noon, 63 degrees high
  EXPECT_NEAR(frankfurt.sun(kNoon + kHour), 0.33, 0.1);  // November
  EXPECT_EQ(frankfurt.sun(kNoon + 12 * kHour), 0);
  const Climate tokyo(LocationOptions{35.7, 139.7}, 1);
  EXPECT_EQ(tokyo.sun(kNoon + 3 * kHour), 0);  // night there
}

}  // namespace
}  // namespace weir::iot
