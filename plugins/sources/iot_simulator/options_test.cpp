// Options and the devices file: what is right is taken, what is wrong is refused with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "devices_file.hpp"
#include "fixture_test.hpp"
#include "yaml_tree.hpp"

namespace weir::iot {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "path: what" of everything that is wrong with a world.
std::vector<std::string> problems_of(const World& world) {
  std::vector<std::string> problems;
  build_world(world, 1, [&](const std::string& path, const std::string& what) {
    problems.push_back(path + ": " + what);
  });
  return problems;
}

std::vector<std::string> problems_of(std::string_view yaml) {
  std::vector<std::string> problems;
  parse_devices(yaml, "d.yaml", [&](const std::string& path, const std::string& what) {
    EXPECT_EQ(path, "devices_file");
    problems.push_back(what);
  });
  return problems;
}

World one_fleet(FleetOptions options) {
  World world;
  world.devices["env"] = std::move(options);
  return world;
}

TEST(Fleets, NameTheirDevicesByPattern) {
  FleetOptions options = fleet_of(Kind::environment, 12);
  options.id = "{name}/{n:4}-x";
  options.first = 98;
  const Simulated world = simulated(one_fleet(options));
  EXPECT_EQ(device_id(world.fleets[0], 0), "env/0098-x");
  EXPECT_EQ(device_id(world.fleets[0], 11), "env/0109-x");
  options.id = "";
  EXPECT_EQ(device_id(simulated(one_fleet(options)).fleets[0], 2), "env-100");
  options.count = 1;
  EXPECT_EQ(device_id(simulated(one_fleet(options)).fleets[0], 0), "env");
  EXPECT_EQ(in_turn({"a", "b"}, 3), "b");
  EXPECT_EQ(in_turn({}, 3), "");
}

TEST(Fleets, AbsurdOnesAreRefusedWithTheReason) {
  const auto with = [](auto change) {
    FleetOptions options = fleet_of(Kind::environment, 2);
    change(options);
    return problems_of(one_fleet(options));
  };
  EXPECT_THAT(with([](auto& o) { o.id = "x"; }),
              ElementsAre(HasSubstr("devices.env.id: needs {n}")));
  EXPECT_THAT(with([](auto& o) { o.id = "{m}{n}"; }), ElementsAre(HasSubstr("no other braces")));
  EXPECT_THAT(with([](auto& o) { o.id = "{n"; }), ElementsAre(HasSubstr("no other braces")));
  EXPECT_THAT(with([](auto& o) { o.id = "{n:99}"; }), ElementsAre(HasSubstr("no other braces")));
  EXPECT_THAT(with([](auto& o) { o.id = std::string(300, 'a') + "{n}"; }),
              ElementsAre(HasSubstr("1 to 200 bytes")));
  EXPECT_THAT(with([](auto& o) {
                o.kind = Kind::imu;
                o.every = std::chrono::seconds(1);
              }),
              ElementsAre(HasSubstr("devices.env.every: an IMU measures at its rate")));

  EXPECT_THAT(with([](auto& o) { o.owners.resize(10'001); }),
              ElementsAre(HasSubstr("more than 10000 items")));
  World places;
  for (int d = 0; d < 100; ++d) {
    const std::string name = "d" + std::to_string(d);
    FleetOptions& fleet = places.devices[name] = fleet_of(Kind::environment);
    for (int i = 0; i < 101; ++i) fleet.locations.push_back(name + "/" + std::to_string(i));
  }
  EXPECT_THAT(problems_of(places), ElementsAre(HasSubstr("name 10100 locations; at most 10000")));

  World world = one_fleet(fleet_of(Kind::environment, 900'000));
  world.devices["more"] = fleet_of(Kind::environment, 200'000);
  EXPECT_THAT(problems_of(world), ElementsAre(HasSubstr("has 1100000 devices; at most 1000000")));
  world = one_fleet(fleet_of(Kind::environment, 5));
  world.devices["other"] = fleet_of(Kind::environment);
  world.devices["other"].id = "env-3";
  EXPECT_THAT(problems_of(world), Contains(HasSubstr("the device 'env-3' exists twice")));
}

TEST(Fleets, AnOptionOfAnotherKindIsRefused) {
  const auto with = [](Kind kind, auto change) {
    FleetOptions options = fleet_of(kind, 2);
    change(options);
    return problems_of(one_fleet(options));
  };
  const auto refused = [](const std::string& name, const std::string& kind) {
    return "devices.env." + name + ": says nothing of devices of kind end_device, only of " + kind +
           ": leave it out";
  };
  const auto all = [](FleetOptions& o) {
    o.placement = Placement::indoor;  // even where it is the default
    o.lag = std::chrono::minutes(5);
    o.motion = Motion::still;
    o.rate_hz = 400;
    o.machine_class = MachineClass::ii;
    o.wear = std::chrono::hours(100);
    o.mean_power_watts = 1;
    o.mean_speed_mps = 1;
  };
  EXPECT_THAT(with(Kind::end_device, all),
              ElementsAre(refused("placement", "environment"), refused("lag", "environment"),
                          refused("motion", "imu"), refused("rate", "imu"),
                          refused("machine_class", "vibration"), refused("wear", "vibration"),
                          refused("mean_power", "energy"), refused("mean_speed", "gps")));
  EXPECT_EQ(with(Kind::environment, all).size(), 6u);
  EXPECT_EQ(with(Kind::imu, all).size(), 6u);
  EXPECT_EQ(with(Kind::vibration, all).size(), 6u);
  EXPECT_EQ(with(Kind::energy, all).size(), 7u);
  EXPECT_EQ(with(Kind::gps, all).size(), 7u);
}

// By rows a second, so that whoever checks need not know the interval.
TEST(Fleets, ThatMakeRowsWithoutEndAreRefused) {
  EXPECT_THAT(problems_of(one_fleet(fleet_of(Kind::imu, 5000))), IsEmpty());
  EXPECT_THAT(problems_of(one_fleet(fleet_of(Kind::imu, 100'000))),
              ElementsAre(HasSubstr("devices.env: with this fleet the devices make more than "
                                    "1000000 rows a second: lower 'count'")));
  World world = one_fleet(fleet_of(Kind::imu, 5000));
  world.devices["more"] = fleet_of(Kind::environment, 10);
  EXPECT_THAT(problems_of(world), IsEmpty()) << "these have no pace of their own";
  world.devices["more"].every = std::chrono::milliseconds(10);
  EXPECT_THAT(problems_of(world), ElementsAre(HasSubstr("devices.more: with this fleet")));
}

TEST(Checks, TellAllThatIsWrong) {
  FleetOptions bad = fleet_of(Kind::environment, 2);
  bad.id = "x";
  bad.rate_hz = 5;
  bad.owners.resize(10'001);
  World world = one_fleet(bad);
  world.devices["imu"] = fleet_of(Kind::imu);
  world.devices["imu"].every = std::chrono::seconds(1);
  for (const char* fleet : {"env", "imu"}) {
    FaultOptions& fault = world.faults.emplace_back();
    fault.kind = FaultKind::dropout;
    fault.fleet = fleet;
    fault.field = "humidity";
    fault.magnitude = 1;
  }
  world.faults[1].fleet = "f";
  EXPECT_THAT(
      problems_of(world),
      ElementsAre(HasSubstr("devices.env.id: needs {n}"), HasSubstr("devices.env.rate: says"),
                  HasSubstr("devices.env: a list"), HasSubstr("devices.imu.every: an IMU"),
                  HasSubstr("faults[0]: needs"), HasSubstr("faults[0].magnitude: says"),
                  HasSubstr("faults[0].field: says"), HasSubstr("faults[1]: needs"),
                  HasSubstr("faults[1].magnitude: says"), HasSubstr("faults[1].field: says"),
                  "faults[1].fleet: there is no fleet 'f'"));
  world = one_fleet(fleet_of(Kind::environment));
  world.faults.emplace_back().fleet = "f";
  EXPECT_THAT(problems_of(world),
              ElementsAre(HasSubstr("faults[0]: needs"), "faults[0].fleet: there is no fleet 'f'"));
}

TEST(Faults, ThatCannotBeAreRefusedWithTheReason) {
  const auto with = [](auto change) {
    World world = one_fleet(fleet_of(Kind::environment, 2));
    FaultOptions& fault = world.faults.emplace_back();
    fault.kind = FaultKind::bias;
    fault.per_day = 1;
    change(fault);
    return problems_of(world);
  };
  EXPECT_THAT(with([](auto&) {}), IsEmpty());
  EXPECT_THAT(with([](auto& f) { f.per_day = 0; }),
              ElementsAre(HasSubstr("faults[0]: needs 'begin', for once, or 'per_day'")));
  EXPECT_THAT(with([](auto& f) { f.begin = "2026-11-23T10:00:00Z"; }),
              ElementsAre(HasSubstr("faults[0]: has both 'begin', for once, and 'per_day'")));
  EXPECT_THAT(with([](auto& f) {
                f.per_day = 0;
                f.begin = "yesterday";
              }),
              ElementsAre(HasSubstr("faults[0].begin: is not a time")));
  EXPECT_THAT(with([](auto& f) { f.per_day = 1000; }),
              ElementsAre(HasSubstr("faulty more than half of the time")));
  EXPECT_THAT(with([](auto& f) { f.device = "env-9"; }),
              ElementsAre("faults[0].device: there is no device 'env-9'"));
  EXPECT_THAT(with([](auto& f) { f.fleet = "enw"; }),
              ElementsAre("faults[0].fleet: there is no fleet 'enw'"));
  EXPECT_THAT(with([](auto& f) { f.field = "speed"; }), ElementsAre(HasSubstr("has that field")));
  EXPECT_THAT(with([](auto& f) {
                f.kind = FaultKind::dropout;
                f.field = "temperature";
              }),
              ElementsAre(HasSubstr("faults[0].field: says nothing")));
  EXPECT_THAT(with([](auto& f) {
                f.kind = FaultKind::reboot;
                f.magnitude = 1;
              }),
              ElementsAre(HasSubstr("faults[0].magnitude: says nothing")));
  EXPECT_THAT(with([](auto& f) {
                f.kind = FaultKind::clock_skew;
                f.magnitude = 3600;
              }),
              ElementsAre(HasSubstr("faster than half of time's own pace")));
}

TEST(DevicesFile, IsReadWithTheDefaultsOfTheOptions) {
  const DevicesFile file = parse_devices(
      R"(# devices
locations:
  fra1: {latitude: 50.1, longitude: 8.7}
devices:
  env:
    kind: environment
    count: 3
    owners: [acme, beta]
    locations: fra1
    every: 1m30s
  meter: {kind: energy, mean_power: 1.5e3, clock_drift: 20}
faults:
  - {kind: drift, fleet: env, field: temperature, per_day: 0.5, magnitude: -2}
)",
      "d.yaml", [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
  const World& world = file.world;
  ASSERT_EQ(world.devices.size(), 2u);
  const FleetOptions& env = world.devices.at("env");
  EXPECT_EQ(env.count, 3u);
  EXPECT_THAT(env.owners, ElementsAre("acme", "beta"));
  EXPECT_THAT(env.locations, ElementsAre("fra1"));
  EXPECT_EQ(env.every, std::chrono::seconds(90));
  EXPECT_EQ(env.lag, std::nullopt);
  EXPECT_EQ(env.battery_life, std::nullopt);
  EXPECT_EQ(world.devices.at("meter").kind, Kind::energy);
  EXPECT_EQ(world.devices.at("meter").mean_power_watts, 1500);
  EXPECT_EQ(world.devices.at("meter").latency, std::chrono::milliseconds(40));
  EXPECT_EQ(world.locations.at("fra1").latitude_degrees, 50.1);
  EXPECT_EQ(world.faults.at(0).magnitude, -2);
  EXPECT_EQ(file.places.at("devices.env"), "d.yaml:6:5");
  EXPECT_EQ(file.places.at("faults[0]"), "d.yaml:13:5");
  EXPECT_THAT(problems_of(world), IsEmpty());
}

TEST(DevicesFile, SaysWhatIsWrongWithFileLineAndColumn) {
  EXPECT_THAT(problems_of(""), IsEmpty());
  EXPECT_THAT(problems_of("[]"), ElementsAre("d.yaml:1:1: expected a map"));
  EXPECT_THAT(problems_of("device: {}"),
              ElementsAre("d.yaml:1:9: unknown key 'device', expected one of: devices, locations, "
                          "faults"));
  EXPECT_THAT(problems_of("devices:\n  a: {kind: imo}\n  b: {}\n"),
              ElementsAre("d.yaml:2:13: 'kind' is 'imo', but must be one of: environment, "
                          "vibration, imu, energy, gps, end_device",
                          "d.yaml:3:6: 'kind' is missing"));
  const auto value = [](const std::string& text) {
    return problems_of("devices: {a: {kind: imu, " + text + "}}");
  };
  EXPECT_THAT(value("count: 0"), ElementsAre(HasSubstr("must be at least 1")));
  EXPECT_THAT(value("count: 1000001"), ElementsAre(HasSubstr("must be at most 1000000")));
  EXPECT_THAT(value("count: 1.5"), ElementsAre(HasSubstr("must be a whole number")));
  EXPECT_THAT(value("loss: nan"), ElementsAre(HasSubstr("must be a number")));
  EXPECT_THAT(value("latency: 5"), ElementsAre(HasSubstr("must be a duration")));
  EXPECT_THAT(value("latency: 2h"), ElementsAre(HasSubstr("must be at most 1h")));
  EXPECT_THAT(value("every: 1ms"), ElementsAre(HasSubstr("must be at least 10ms")));
  EXPECT_THAT(value("count: [1]"), ElementsAre(HasSubstr("must be a single value")));
  EXPECT_THAT(value("owners: {a: b}"), ElementsAre(HasSubstr("'owners' must be a list")));
  EXPECT_THAT(value("owners: [[a]]"), ElementsAre(HasSubstr("expected a text")));
  EXPECT_THAT(value("count: 1, count: 2"), ElementsAre(HasSubstr("'count' is written twice")));
  EXPECT_THAT(problems_of("devices: {a: {kind: imu}, a: {kind: imu}}"),
              ElementsAre(HasSubstr("'a' is written twice")));
}

TEST(DevicesFile, HostileOnesAreRefused) {
  EXPECT_THAT(problems_of("a: &x 1\nb: *x\n"), ElementsAre(HasSubstr("an anchor")));
  EXPECT_THAT(problems_of("devices: !map {}"), ElementsAre(HasSubstr("a tag")));
  EXPECT_THAT(problems_of("a: 1\n---\nb: 2\n"),
              ElementsAre(HasSubstr("d.yaml:2:1: a second document")));
  EXPECT_THAT(problems_of("a: [[[[[[[[[[[[]]]]]]]]]]]]"),
              ElementsAre(HasSubstr("nested more than 8 levels")));
  EXPECT_THAT(problems_of(std::string(1'000'000, '[')),
              ElementsAre(HasSubstr("too many brackets")));
  EXPECT_THAT(problems_of("{[a]: 1}"), ElementsAre(HasSubstr("a key must be a text")));
  EXPECT_THAT(problems_of("a: 'b"), ElementsAre(HasSubstr("d.yaml:")));
  EXPECT_THAT(problems_of(std::string("\0\xFF\xFE", 3)), Contains(HasSubstr("d.yaml:")));
  EXPECT_THAT(problems_of(std::string(kYamlBytesMax + 1, ' ')), ElementsAre(HasSubstr("MiB")));
  std::string many = "[";
  for (std::size_t i = 0; i < kYamlNodesMax; ++i) many += "1,";
  many += "1]";
  EXPECT_THAT(problems_of(many), ElementsAre(HasSubstr("more than 2000000 values")));
  std::string mistakes = "devices:\n";
  for (int i = 0; i < 100; ++i) mistakes += "  d" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(problems_of(mistakes).size(), 51u);
}

// Options of a component whose devices are in a file.
class DevicesFileOption : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = std::filesystem::temp_directory_path() / ("weir_" + name + std::to_string(getpid()));
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }

  std::vector<std::string> check(const Options& options) const {
    std::vector<std::string> found;
    weir::Problems problems(
        [](void* context, const char* path, const char* message) {
          static_cast<std::vector<std::string>*>(context)->push_back(std::string(path) + ": " +
                                                                     message);
        },
        &found);
    IotSimulator::check(options, problems);
    return found;
  }
  Options options() const {
    Options options;
    options.seed = 1;
    options.devices_file = path_;
    return options;
  }

  std::filesystem::path path_;
};

TEST(Options, WithoutAnyThereAreSomeDevicesOfEachKind) {
  Options options;
  options.seed = 1;
  SimulatorFixture f(options);
  f.collect(kNoon);
  for (const char* name : {"iot_environment", "iot_vibration", "iot_imu", "iot_energy", "iot_gps",
                           "iot_end_device", "iot_status"}) {
    EXPECT_FALSE(rows_of(f.agent(), name).empty()) << name;
  }
}

TEST_F(DevicesFileOption, AddsItsDevicesAndFaults) {
  write(
      "devices: {meter: {kind: energy, count: 2}}\n"
      "faults: [{kind: dropout, fleet: env, begin: '2026-11-23T09:00:00Z', duration: 2h}]\n");
  Options with_own = options();
  fleets(with_own)["env"] = fleet_of(Kind::environment);
  EXPECT_THAT(check(with_own), IsEmpty());
  SimulatorFixture f(with_own);
  EXPECT_EQ(f.collect(kNoon, "iot_energy").size(), 2u);
  EXPECT_EQ(f.collect(kNoon, "iot_environment").size(), 0u) << "they have dropped out";
}

TEST_F(DevicesFileOption, WhatIsWrongInItIsToldWithItsPlace) {
  EXPECT_THAT(check(options()), ElementsAre(HasSubstr("cannot be read: No such file")));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(check(options()), ElementsAre(HasSubstr("is not a regular file")));
  Options mistaken = options();
  mistaken.faults.emplace_back().fleet = "may be in the file";
  EXPECT_THAT(check(mistaken),
              ElementsAre(HasSubstr("is not a regular file"), HasSubstr("faults[0]: needs")));
  std::filesystem::remove(path_);

  write("devices:\n  meter:\n    kind: energy\n    count: 2\n    id: x\n");
  EXPECT_THAT(check(options()), ElementsAre(HasSubstr(path_.string() + ":3:5: devices.meter.id")));
  write("devices: {meter: {kind: energy}}\nfaults:\n  - {kind: bias}\n");
  Options own = options();
  own.faults.emplace_back().device = "nobody";
  own.faults[0].per_day = 1;
  EXPECT_THAT(check(own), ElementsAre("faults[0].device: there is no device 'nobody'",
                                      HasSubstr(path_.string() + ":3:5: faults[1] needs 'begin'")));
  Options both = options();
  fleets(both)["meter"] = fleet_of(Kind::energy);
  EXPECT_THAT(check(both),
              ElementsAre(HasSubstr("rename one of them"), HasSubstr("faults[0] needs 'begin'")));
  write("");
  EXPECT_THAT(check(options()), ElementsAre(HasSubstr("devices_file: there is no device")));
  Options none;
  none.devices.emplace();
  EXPECT_THAT(check(none), ElementsAre(HasSubstr("devices: there is no device")));
}

}  // namespace
}  // namespace weir::iot
