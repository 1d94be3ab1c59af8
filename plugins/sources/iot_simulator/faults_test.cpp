// Faults: what the ground truth says is what the values show, for each kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fixture_test.hpp"

namespace weir::iot {
namespace {

// The same world with and without a fault, side by side.
class FaultTest : public ::testing::Test {
 protected:
  static constexpr Time kBegin = kNoon + 10 * kMinute;
  static constexpr Time kDuration = 20 * kMinute;

  struct Sample {
    std::string fault;
    double healthy = 0, shown = 0;
    bool present = false;
    Time time = 0;  // on the device's clock
    double uptime = 0;
  };

  // Samples of device env-1 by true time, every 15 s for an hour from noon.
  std::map<Time, Sample> run(FaultOptions fault) {
    fault.begin = "2026-11-23T10:10:00Z";
    fault.duration = std::chrono::nanoseconds(kDuration);
    Options options;
    options.seed = 5;
    fleets(options)["env"] = fleet_of(Kind::environment, 3);
    SimulatorFixture healthy(options);
    fault.device = "env-1";
    options.faults = {fault};
    SimulatorFixture faulty(options);
    std::map<Time, Sample> samples;
    for (Time t = kNoon; t <= kNoon + kHour; t += 15 * kSecond) {
      Sample& s = samples[t];
      healthy.collect(t);
      for (const Row& row : rows_of(healthy.agent(), "iot_environment")) {
        if (row.device_id == "env-1") s.healthy = row.numbers.at("temperature");
      }
      faulty.collect(t);
      for (const Row& row : rows_of(faulty.agent(), "iot_environment")) {
        if (row.device_id != "env-1") {
          EXPECT_TRUE(row.texts.empty()) << "a fault of another device";
          continue;
        }
        s.present = true;
        s.time = row.time;
        s.shown = row.numbers.at("temperature");
        if (row.texts.count("fault") != 0) s.fault = row.texts.at("fault");
      }
      for (const Row& row : rows_of(faulty.agent(), "iot_status")) {
        if (row.device_id == "env-1") s.uptime = row.numbers.at("uptime");
      }
      for (const Row& row : rows_of(faulty.agent(), "iot_fault")) events_.push_back(row);
    }
    return samples;
  }
  static bool within(Time t) { return t >= kBegin && t < kBegin + kDuration; }

  void expect_events(const std::string& field) {
    ASSERT_EQ(events_.size(), 2u);
    EXPECT_EQ(events_[0].time, kBegin);
    EXPECT_EQ(events_[0].numbers.at("active"), 1);
    EXPECT_EQ(events_[0].numbers.at("duration"), seconds(kDuration));
    EXPECT_EQ(events_[1].time, kBegin + kDuration);
    EXPECT_EQ(events_[1].numbers.at("active"), 0);
    EXPECT_EQ(events_[0].texts.count("field"), field.empty() ? 0u : 1u);
    if (!field.empty()) {
      EXPECT_EQ(events_[0].texts.at("field"), field);
    }
  }

  static FaultOptions fault_of(FaultKind kind, bool has_field = true) {
    FaultOptions fault;
    fault.kind = kind;
    if (has_field) fault.field = "temperature";
    return fault;
  }

  std::vector<Row> events_;
};

TEST_F(FaultTest, BiasAddsItsMagnitude) {
  FaultOptions fault = fault_of(FaultKind::bias);
  fault.magnitude = -3;
  for (const auto& [t, s] : run(fault)) {
    EXPECT_EQ(s.fault, within(t) ? "bias:temperature" : "");
    EXPECT_NEAR(s.shown - s.healthy, within(t) ? -3 : 0, 0.006);
  }
  expect_events("temperature");
}

TEST_F(FaultTest, DriftGrowsToItsMagnitude) {
  for (const auto& [t, s] : run(fault_of(FaultKind::drift))) {
    EXPECT_EQ(s.fault, within(t) ? "drift:temperature" : "");
    const double part = static_cast<double>(t - kBegin) / static_cast<double>(kDuration);
    EXPECT_NEAR(s.shown - s.healthy, within(t) ? 5 * part : 0, 0.006);
  }
  expect_events("temperature");
}

TEST_F(FaultTest, StuckRepeatsTheLastHealthyValue) {
  const auto samples = run(fault_of(FaultKind::stuck));
  const double last = samples.at(kBegin).healthy;  // the sample at the begin is the last good one
  for (const auto& [t, s] : samples) {
    EXPECT_EQ(s.fault, within(t) ? "stuck:temperature" : "");
    EXPECT_EQ(s.shown, within(t) ? last : s.healthy);
  }
}

TEST_F(FaultTest, SpikesAreSingleSamplesAndEachIsTold) {
  int spikes = 0, samples = 0;
  for (const auto& [t, s] : run(fault_of(FaultKind::spike))) {
    const bool differs = std::abs(s.shown - s.healthy) > 1;
    EXPECT_EQ(s.fault, differs ? "spike:temperature" : "");
    if (differs) {
      EXPECT_TRUE(within(t));
      EXPECT_NEAR(std::abs(s.shown - s.healthy), 5, 0.006);
    }
    spikes += differs ? 1 : 0;
    samples += within(t) ? 1 : 0;
  }
  EXPECT_GE(spikes, samples / 8);
  EXPECT_LE(spikes, samples / 2);
}

TEST_F(FaultTest, NoiseBurstsAreAsLargeAsTheySay) {
  double square = 0;
  int samples = 0;
  FaultOptions fault = fault_of(FaultKind::noise);
  fault.magnitude = 2;
  for (const auto& [t, s] : run(fault)) {
    EXPECT_EQ(s.fault, within(t) ? "noise:temperature" : "");
    if (!within(t)) {
      EXPECT_EQ(s.shown, s.healthy);
      continue;
    }
    square += (s.shown - s.healthy) * (s.shown - s.healthy);
    ++samples;
  }
  EXPECT_NEAR(std::sqrt(square / samples), 2, 0.5);
}

TEST_F(FaultTest, DropoutLeavesRowsOut) {
  for (const auto& [t, s] : run(fault_of(FaultKind::dropout, false)))
    EXPECT_EQ(s.present, !within(t));
  expect_events("");
}

TEST_F(FaultTest, RebootSilencesAndBeginsUptimeAnew) {
  for (const auto& [t, s] : run(fault_of(FaultKind::reboot, false))) {
    EXPECT_EQ(s.present, !within(t));
    if (t >= kBegin + kDuration) {
      EXPECT_EQ(s.uptime, seconds(t - kBegin - kDuration));
    }
    if (t < kBegin) {
      EXPECT_GT(s.uptime, 10);
    }
  }
  expect_events("");
}

TEST_F(FaultTest, ClockSkewMovesTheRowsTimesAndNeverBackwards) {
  Time last = INT64_MIN, most = 0;
  for (const auto& [t, s] : run(fault_of(FaultKind::clock_skew, false))) {
    EXPECT_EQ(s.fault, within(t) ? "clock_skew" : "");
    EXPECT_GT(s.time, last);
    last = s.time;
    most = std::max(most, s.time - t);
    if (!within(t)) {
      EXPECT_EQ(s.time, t);
    }
    EXPECT_EQ(s.shown, s.healthy);
  }
  EXPECT_EQ(most, 30 * kSecond);
}

TEST(Faults, RandomOnesComeAsOftenAsTheyAreToldTo) {
  FaultOptions options;
  options.kind = FaultKind::bias;
  options.per_day = 6;
  options.duration = std::chrono::minutes(20);
  World world;
  world.devices["env"] = fleet_of(Kind::environment, 50);
  world.faults = {options};
  const Simulated s = simulated(world);
  const Fault& fault = s.fleets[0].faults.at(0);
  std::size_t begins = 0;
  double faulty = 0, samples = 0;
  for (std::uint32_t device = 0; device < 50; ++device) {
    const std::uint64_t key = s.keys[device];
    windows_between(fault, device, key, kNoon, kNoon + 20 * kDay, [&](const Window& w) {
      if (w.begin > kNoon && w.begin <= kNoon + 20 * kDay) ++begins;
      EXPECT_EQ(w.end - w.begin, 20 * kMinute);
      EXPECT_TRUE(window_at(fault, device, key, w.begin));
      EXPECT_TRUE(window_at(fault, device, key, w.end - 1));
      EXPECT_FALSE(window_at(fault, device, key, w.begin - 1));
      const auto before = window_before(fault, device, key, w.end, 0);
      EXPECT_TRUE(before && before->begin == w.begin);
    });
    for (Time t = kNoon; t < kNoon + 20 * kDay; t += 10 * kMinute) {
      faulty += window_at(fault, device, key, t) ? 1 : 0;
      samples += 1;
    }
  }
  EXPECT_NEAR(static_cast<double>(begins), 50 * 20 * 6, 500);
  EXPECT_NEAR(faulty / samples, 6.0 / 72, 0.01);
}

TEST(Faults, WhereNoFieldIsNamedEachDrawsOne) {
  Options options;
  options.seed = 3;
  fleets(options)["env"] = fleet_of(Kind::environment, 40);
  FaultOptions fault;
  fault.kind = FaultKind::bias;
  fault.begin = "2026-11-23T10:00:00Z";
  options.faults = {fault};
  SimulatorFixture f(options);
  f.collect(kNoon + kMinute);
  std::map<std::string, int> fields;
  for (const Row& row : rows_of(f.agent(), "iot_environment")) ++fields[row.texts.at("fault")];
  EXPECT_EQ(fields.size(), 4u);
}

}  // namespace
}  // namespace weir::iot
