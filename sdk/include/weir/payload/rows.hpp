// weir/payload/rows.hpp - from rows to what the encoders take, for sinks: a row's numbers as
// readings or as metrics of Sparkplug B, a row of an IMU as the counts of its converters.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string_view>

#include "weir/abi.h"
#include "weir/options.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir/payload/reading_json.hpp"
#include "weir/payload/sparkplug.hpp"
#include "weir/rows.hpp"

namespace weir::payload {

// The value of a label, empty where the series has no such label.
inline std::string_view label_of(const weir_series& series, std::string_view key) {
  for (std::uint32_t i = 0; i < series.measurement->label_count; ++i) {
    if (key == series.measurement->labels[i]) return view(series.label_values[i]);
  }
  return {};
}

// A number or truth (0, 1) as a double; nothing for texts, histograms and absent values.
inline std::optional<double> number_at(const weir_batch& batch, std::uint32_t field,
                                       std::uint32_t row) {
  const weir_column& c = batch.columns[field];
  if (!has_value(c, row)) return std::nullopt;
  switch (batch.measurement->fields[field]->type) {
    case WEIR_F64: return c.v.f64[row];
    case WEIR_I64: return static_cast<double>(c.v.i64[row]);
    case WEIR_U64: return static_cast<double>(c.v.u64[row]);
    case WEIR_BOOL: return bit(c.v.bits, row) ? 1 : 0;
    default: return std::nullopt;
  }
}

// Calls use(const ReadingView&) for each number of a row. The device and its owner are the labels
// device_id and owner_id; a series without the first has the component's name of it, `device_id`.
template <class Use>
void each_reading(const weir_batch& batch, std::uint32_t row, std::string_view device_id, Use use) {
  const weir_series& series = *batch.series[row];
  ReadingView r;
  r.device_id = label_of(series, "device_id");
  if (r.device_id.empty()) r.device_id = device_id;
  r.owner_id = label_of(series, "owner_id");
  r.time = batch.times[row];
  for (std::uint32_t i = 0; i < batch.measurement->field_count; ++i) {
    const auto value = number_at(batch, i, row);
    if (!value) continue;
    r.name = batch.measurement->fields[i]->name;
    r.unit = batch.measurement->fields[i]->unit;
    r.value = *value;
    use(static_cast<const ReadingView&>(r));
  }
}

// A field's datatype; unknown for histograms, which Sparkplug B has no metric for.
inline SparkplugType sparkplug_type(weir_type type) {
  switch (type) {
    case WEIR_F64: return SparkplugType::float64;
    case WEIR_I64: return SparkplugType::int64;
    case WEIR_U64: return SparkplugType::uint64;
    case WEIR_BOOL: return SparkplugType::boolean;
    case WEIR_STRING: return SparkplugType::string;
    default: return SparkplugType::unknown;
  }
}

// A field of a row, with its time; the name or alias is the caller's to add. Views the batch.
inline SparkplugMetric sparkplug_metric(const weir_batch& batch, std::uint32_t field,
                                        std::uint32_t row) {
  const weir_column& c = batch.columns[field];
  SparkplugMetric m;
  m.type = sparkplug_type(batch.measurement->fields[field]->type);
  if (batch.times[row] >= 0) m.time_ms = static_cast<std::uint64_t>(batch.times[row]) / 1'000'000;
  if (!has_value(c, row)) return m;
  switch (m.type) {
    case SparkplugType::float64: m.value = c.v.f64[row]; break;
    case SparkplugType::int64: m.value = c.v.i64[row]; break;
    case SparkplugType::uint64: m.value = c.v.u64[row]; break;
    case SparkplugType::boolean: m.value = bit(c.v.bits, row); break;
    case SparkplugType::string: m.value = string_at(c, row); break;
    default: break;
  }
  return m;
}

// One count in the units of rows: m/s2, rad/s, tesla, celsius. Values of rows are whole counts
// times these, so that rounding gives every count back.
struct ImuUnits {
  static constexpr double kAcc = ImuScale::kAccG * 9.80665;
  static constexpr double kGyro = ImuScale::kGyroDps * std::numbers::pi / 180;
  static constexpr double kMag = ImuScale::kMagGauss * 1e-4;
};

// The nearest count, saturated as a converter does; NaN is 0.
inline std::int16_t imu_count(double value, double per_count) {
  const double counts = std::nearbyint(value / per_count);
  if (!(counts > std::numeric_limits<std::int16_t>::min())) {
    return std::isnan(counts) ? std::int16_t{0} : std::numeric_limits<std::int16_t>::min();
  }
  if (counts >= std::numeric_limits<std::int16_t>::max()) {
    return std::numeric_limits<std::int16_t>::max();
  }
  return static_cast<std::int16_t>(counts);
}

// Where a measurement has an IMU's fields: acc_x, acc_y, acc_z, gyro_..., mag_..., temperature.
class ImuColumns {
 public:
  // Nothing where a field is missing or is no double.
  static std::optional<ImuColumns> of(const weir_measurement& m) {
    static constexpr std::string_view kNames[kCount] = {"acc_x",  "acc_y",      "acc_z", "gyro_x",
                                                        "gyro_y", "gyro_z",     "mag_x", "mag_y",
                                                        "mag_z",  "temperature"};
    ImuColumns columns;
    for (std::size_t k = 0; k < kCount; ++k) {
      std::uint32_t i = 0;
      while (i < m.field_count && kNames[k] != m.fields[i]->name) ++i;
      if (i == m.field_count || m.fields[i]->type != WEIR_F64) return std::nullopt;
      columns.field_[k] = i;
    }
    return columns;
  }

  // Nothing where the row lacks a value.
  std::optional<ImuSample> sample(const weir_batch& batch, std::uint32_t row) const {
    double values[kCount];
    for (std::size_t k = 0; k < kCount; ++k) {
      const weir_column& c = batch.columns[field_[k]];
      if (!has_value(c, row)) return std::nullopt;
      values[k] = c.v.f64[row];
    }
    ImuSample s;
    for (std::size_t i = 0; i < 3; ++i) {
      s.acc[i] = imu_count(values[i], ImuUnits::kAcc);
      s.gyro[i] = imu_count(values[3 + i], ImuUnits::kGyro);
      s.mag[i] = imu_count(values[6 + i], ImuUnits::kMag);
    }
    s.temperature = imu_count(values[9] - ImuScale::kTemperatureZeroC, ImuScale::kTemperatureC);
    return s;
  }

 private:
  static constexpr std::size_t kCount = 10;
  std::uint32_t field_[kCount] = {};
};

}  // namespace weir::payload
