// The source as a whole: the same rows whenever, in whatever order and from wherever it is
// collected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "fixture_test.hpp"
#include "weir/payload/rows.hpp"

namespace weir::iot {
namespace {

// Every kind of device and of fault.
Options mixed() {
  Options options;
  options.seed = 11;
  options.locations["fra1"] = {50.1, 8.7};
  const char* const names[] = {"environment", "vibration", "imu", "energy", "gps", "end_device"};
  for (std::size_t i = 0; i < kKindCount; ++i) {
    FleetOptions fleet = fleet_of(static_cast<Kind>(i), 2);
    fleet.owners = {"acme", "beta"};
    fleet.locations = {"fra1", "muc"};
    fleet.firmware = {"1.0.0"};
    fleet.id = "{name}-{n:3}";
    if (fleet.kind == Kind::imu) {
      fleet.motion = Motion::walking;
      fleet.rate_hz = 4;
    }
    fleet.loss = 0.05;
    fleet.clock_ppm = 20;
    if (i % 2 == 1) fleet.every = std::chrono::seconds(7);
    fleets(options)[names[i]] = fleet;
  }
  for (std::size_t i = 0; i < kFaultKindCount; ++i) {
    FaultOptions fault;
    fault.kind = static_cast<FaultKind>(i);
    fault.duration = std::chrono::minutes(4);
    fault.per_day = 40;
    options.faults.push_back(fault);
  }
  return options;
}

std::vector<std::string> join(std::initializer_list<std::vector<std::string>> lists) {
  std::vector<std::string> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Simulator, GivesTheSameRowsInAnyOrderAndAfterARestart) {
  constexpr Time kStep = 15 * kSecond;
  SimulatorFixture one(mixed()), two(mixed()), three(mixed());
  std::vector<std::vector<std::string>> forward, backward(60);
  for (int i = 0; i < 60; ++i) forward.push_back(one.collect(kNoon + i * kStep));
  for (int i = 59; i >= 0; --i)
    backward[static_cast<std::size_t>(i)] = two.collect(kNoon + i * kStep);
  EXPECT_EQ(forward, backward);
  // Another start: the second half alone.
  for (int i = 30; i < 60; ++i) {
    ASSERT_EQ(three.collect(kNoon + i * kStep), forward[static_cast<std::size_t>(i)]);
  }
}

TEST(Simulator, AnIntervalThatCoversTwoGivesTheRowsOfBoth) {
  // Devices with a time of their own: those that measure when they are collected, do so less often.
  Options options = mixed();
  for (auto& [name, fleet] : fleets(options)) {
    if (fleet.kind != Kind::imu) fleet.every = std::chrono::seconds(5);
  }
  SimulatorFixture fine(options, 15 * kSecond), coarse(options, 30 * kSecond);
  EXPECT_EQ(join({fine.collect(kNoon - 15 * kSecond), fine.collect(kNoon)}),
            join({coarse.collect(kNoon)}));
}

TEST(Simulator, ASeriesHasOneRowPerTimeAndTimesAscend) {
  SimulatorFixture f(mixed());
  std::map<std::string, Time> last;
  std::size_t rows = 0;
  for (int i = 0; i < 400; ++i) {
    f.collect(kNoon + i * 15 * kSecond);
    for (const char* name : {"iot_environment", "iot_imu", "iot_energy", "iot_status"}) {
      for (const Row& row : rows_of(f.agent(), name)) {
        Time& before = last.try_emplace(name + row.device_id, INT64_MIN).first->second;
        ASSERT_GT(row.time, before) << name << " " << row.device_id;
        before = row.time;
        ++rows;
      }
    }
  }
  EXPECT_GT(rows, 20'000u);
}

TEST(Simulator, OtherSeedsAreOtherWorldsAndOtherDevicesDoNotDisturb) {
  Options options;
  options.seed = 1;
  fleets(options)["env"] = fleet_of(Kind::environment);
  SimulatorFixture one(options);
  options.seed = 2;
  SimulatorFixture other_seed(options);
  options.seed = 1;
  fleets(options)["another"] = fleet_of(Kind::environment, 5);
  SimulatorFixture more(options);
  const auto line = one.collect(kNoon, "iot_environment").at(0);
  EXPECT_NE(other_seed.collect(kNoon, "iot_environment").at(0), line);
  EXPECT_THAT(more.collect(kNoon, "iot_environment"), ::testing::Contains(line));
}

TEST(Simulator, RowsAreThoseOfTheGoldenFile) {
  SimulatorFixture f(mixed());
  std::string text;
  for (const Time t : {kNoon - 9000 * kDay, kNoon, kNoon + 9 * kHour, kNoon + 1000 * kDay}) {
    for (const std::string& line : f.collect(t)) text += line + "\n";
  }
  const std::string path = std::string(WEIR_TESTDATA) + "/rows.golden";
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, golden) << "rows changed: if that is meant, run make golden";
}

TEST(Simulator, DevicesMeasureAtPhasesOfTheirOwnWhereTheirPeriodIsSet) {
  Options options;
  options.seed = 1;
  FleetOptions fleet = fleet_of(Kind::environment, 100);
  fleet.every = std::chrono::minutes(10);
  fleets(options)["env"] = fleet;
  SimulatorFixture f(options, kMinute);
  std::map<std::string, std::vector<Time>> times;
  for (int minute = 1; minute <= 60; ++minute) {
    f.collect(kNoon + minute * kMinute);
    for (const Row& row : rows_of(f.agent(), "iot_environment")) {
      EXPECT_GT(row.time, kNoon + (minute - 1) * kMinute);
      EXPECT_LE(row.time, kNoon + minute * kMinute);
      times[row.device_id].push_back(row.time);
    }
  }
  ASSERT_EQ(times.size(), 100u);
  std::set<Time> phases;
  for (const auto& [device, at] : times) {
    ASSERT_EQ(at.size(), 6u) << device;
    for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(at[i] - at[i - 1], 10 * kMinute);
    phases.insert(at[0]);
  }
  EXPECT_EQ(phases.size(), 100u);
}

TEST(Simulator, AnImuEmitsEverySampleOfTheInterval) {
  Options options;
  options.seed = 1;
  fleets(options)["imu"] = fleet_of(Kind::imu);
  SimulatorFixture f(options, kSecond);
  f.collect(kNoon);
  const std::vector<Row> rows = rows_of(f.agent(), "iot_imu");
  ASSERT_EQ(rows.size(), 200u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].time, kNoon - kSecond + static_cast<Time>(i + 1) * kSecond / 200);
    EXPECT_EQ(rows[i].numbers.at("sequence"), static_cast<double>(rows[i].time / (kSecond / 200)));
  }
}

TEST(Simulator, RowsOfAnImuMakeTheBinaryPacketExactly) {
  Options options;
  options.seed = 1;
  fleets(options)["imu"] = fleet_of(Kind::imu);
  fleets(options)["imu"].motion = Motion::running;
  SimulatorFixture f(options, kSecond);
  f.collect(kNoon);
  std::vector<payload::ImuSample> samples;
  std::vector<Row> rows;
  for (const weir_batch* batch : f.agent().emitted()) {
    const auto columns = payload::ImuColumns::of(*batch->measurement);
    if (!columns) continue;
    for (std::uint32_t row = 0; row < batch->rows; ++row) {
      samples.push_back(columns->sample(*batch, row).value());
    }
  }
  rows = rows_of(f.agent(), "iot_imu");
  ASSERT_EQ(samples.size(), rows.size());
  std::size_t first = 0;  // a packet begins at a multiple of 64
  while (static_cast<std::uint64_t>(rows.at(first).numbers.at("sequence")) % 64 != 0) ++first;
  samples = {samples.begin() + static_cast<std::ptrdiff_t>(first),
             samples.begin() + static_cast<std::ptrdiff_t>(first) + 64};
  format::Buffer bytes;
  ASSERT_TRUE(payload::encode_imu_packet(64, static_cast<std::uint64_t>(rows[first].time) / 1000,
                                         samples, bytes));
  ASSERT_EQ(bytes.size(), 1300u);
  payload::ImuPacket packet;
  std::size_t used = 0;
  ASSERT_TRUE(payload::decode_imu_packet(bytes.view(), packet, &used));
  for (std::size_t i = 0; i < 64; ++i) {
    const auto& values = rows[first + i].numbers;
    EXPECT_EQ(packet.samples[i].acc[0] * payload::ImuUnits::kAcc, values.at("acc_x"));
    EXPECT_EQ(packet.samples[i].gyro[1] * payload::ImuUnits::kGyro, values.at("gyro_y"));
    EXPECT_EQ(packet.samples[i].mag[2] * payload::ImuUnits::kMag, values.at("mag_z"));
    EXPECT_EQ(25 + packet.samples[i].temperature / 256.0, values.at("temperature"));
  }
}

TEST(Simulator, ALongCollectionEndsWhenTheAgentStops) {
  Options options;
  options.seed = 1;
  options.status = false;
  fleets(options)["imu"] = fleet_of(Kind::imu, 50);
  SimulatorFixture f(options, 86'400 * kSecond);  // 864 million rows
  f.agent().set_stopping(true);
  EXPECT_TRUE(f.collect(kNoon).empty());
}

TEST(Simulator, LossLeavesGapsInTheSequence) {
  Options options;
  options.seed = 1;
  FleetOptions fleet = fleet_of(Kind::environment);
  fleet.loss = 0.3;
  fleets(options)["env"] = fleet;
  fleet = fleet_of(Kind::imu);
  fleet.loss = 0.3;
  fleets(options)["imu"] = fleet;
  SimulatorFixture f(options);
  std::size_t heard = 0, imu_rows = 0;
  std::set<std::uint64_t> packets;
  for (int i = 0; i < 200; ++i) {
    f.collect(kNoon + i * 15 * kSecond);
    heard += rows_of(f.agent(), "iot_environment").size();
    for (const Row& row : rows_of(f.agent(), "iot_imu")) {
      packets.insert(static_cast<std::uint64_t>(row.numbers.at("sequence")) / 64);
      ++imu_rows;
    }
  }
  EXPECT_NEAR(static_cast<double>(heard), 140, 25);
  // Whole packets are lost: those that come are complete, but for the first and the last.
  EXPECT_NEAR(static_cast<double>(imu_rows), static_cast<double>(packets.size()) * 64, 128);
  EXPECT_NEAR(static_cast<double>(packets.size()), 200 * 15 / 0.32 * 0.7, 300);
}

TEST(Simulator, SaysWhichSeedItDrew) {
  Options options;
  fleets(options)["env"] = fleet_of(Kind::environment);
  SimulatorFixture f(options);
  ASSERT_FALSE(f.agent().log().empty());
  EXPECT_THAT(f.agent().log()[0].text, ::testing::HasSubstr("seed"));
}

}  // namespace
}  // namespace weir::iot
