// From rows to payloads: an IMU's counts survive the way through SI units, numbers become readings
// and metrics.
#include "weir/payload/rows.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "weir_testing/agent.hpp"

namespace weir::payload {
namespace {

const char* const kAxes[] = {"acc_x",  "acc_y", "acc_z", "gyro_x", "gyro_y",
                             "gyro_z", "mag_x", "mag_y", "mag_z",  "temperature"};

TEST(ImuRows, EveryCountComesBackFromItsSiValue) {
  testing::Agent agent;
  const Source source(agent.host());
  Schema schema("iot_imu", "");
  for (const char* axis : kAxes) schema.gauge(axis, "", "");
  const weir_measurement* m = source.measurement(schema);
  const weir_series* series = source.series(m);
  const auto columns = ImuColumns::of(*m);
  ASSERT_TRUE(columns);
  Batch batch = source.batch(m, 65536);
  for (int count = -32768; count <= 32767; ++count) {
    const std::uint32_t row = batch.add(series, count);
    for (std::uint32_t i = 0; i < 3; ++i) {
      batch.set(i, row, count * ImuUnits::kAcc);
      batch.set(3 + i, row, count * ImuUnits::kGyro);
      batch.set(6 + i, row, count * ImuUnits::kMag);
    }
    batch.set(9, row, 25 + count / 256.0);
  }
  for (std::uint32_t row = 0; row < 65536; ++row) {
    const auto c = static_cast<std::int16_t>(static_cast<int>(row) - 32768);
    const auto sample = columns->sample(*batch.get(), row);
    ASSERT_TRUE(sample);
    ASSERT_EQ(*sample, (ImuSample{{c, c, c}, {c, c, c}, {c, c, c}, c}));
  }
  batch.set_null(4, 7);
  EXPECT_FALSE(columns->sample(*batch.get(), 7));
  EXPECT_FALSE(ImuColumns::of(*source.measurement(Schema("a", "").gauge("acc_x", "", ""))));
}

TEST(ImuRows, CountsSaturate) {
  EXPECT_EQ(imu_count(1e9, 1), 32767);
  EXPECT_EQ(imu_count(-1e9, 1), -32768);
  EXPECT_EQ(imu_count(std::numeric_limits<double>::infinity(), 1), 32767);
  EXPECT_EQ(imu_count(std::numeric_limits<double>::quiet_NaN(), 1), 0);
}

TEST(Rows, NumbersBecomeReadingsAndMetrics) {
  testing::Agent agent;
  const Source source(agent.host());
  const weir_measurement* m =
      source.measurement(Schema("iot_environment", "")
                             .label("owner_id")
                             .label("device_id")
                             .gauge("temperature", "celsius", "")
                             .field("steps", WEIR_U64, WEIR_COUNTER, "", "")
                             .field("level", WEIR_I64, WEIR_GAUGE, "", "")
                             .field("open", WEIR_BOOL, WEIR_GAUGE, "", "")
                             .field("fault", WEIR_STRING, WEIR_GAUGE, "", "")
                             .gauge("light", "lux", ""));
  Batch batch = source.batch(m, 1);
  const std::uint32_t row = batch.add(source.series(m, {"acme", "env-1"}), 5'000'000);
  batch.set(0, row, 21.5);
  batch.set_u64(1, row, 7);
  batch.set_i64(2, row, -3);
  batch.set_bool(3, row, true);
  batch.set_string(4, row, "stuck");
  batch.set_null(5, row);

  std::vector<std::string> readings;
  each_reading(*batch.get(), row, "unused", [&](const ReadingView& r) {
    EXPECT_EQ(r.device_id, "env-1");
    EXPECT_EQ(r.owner_id, "acme");
    EXPECT_EQ(r.time, 5'000'000);
    readings.push_back(std::string(r.name) + "=" + std::to_string(r.value) + std::string(r.unit));
  });
  EXPECT_EQ(readings, (std::vector<std::string>{"temperature=21.500000celsius", "steps=7.000000",
                                                "level=-3.000000", "open=1.000000"}));

  const auto value = [&](std::uint32_t field) {
    return sparkplug_metric(*batch.get(), field, row).value;
  };
  EXPECT_EQ(value(0), SparkplugValue(21.5));
  EXPECT_EQ(value(1), SparkplugValue(std::uint64_t{7}));
  EXPECT_EQ(value(2), SparkplugValue(std::int64_t{-3}));
  EXPECT_EQ(value(3), SparkplugValue(true));
  EXPECT_EQ(value(4), SparkplugValue(std::string_view("stuck")));
  EXPECT_EQ(value(5), SparkplugValue(std::monostate{}));
  EXPECT_EQ(sparkplug_metric(*batch.get(), 0, row).time_ms, 5u);
}

}  // namespace
}  // namespace weir::payload
