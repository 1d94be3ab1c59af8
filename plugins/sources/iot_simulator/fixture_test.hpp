// Devices of a kind for tests: worlds from a few options, and what an agent in memory was given.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "iot_simulator.hpp"
#include "weir/ext/schedule.h"
#include "weir_testing/agent.hpp"

namespace weir::iot {

inline constexpr Time kNoon = 1'795'428'000 * kSecond;  // 2026-11-23T10:00:00Z, a Monday

inline FleetOptions fleet_of(Kind kind, std::uint32_t count = 1) {
  FleetOptions options;
  options.kind = kind;
  options.count = count;
  return options;
}

// Seeds of random tests: WEIR_TEST_SEED names one to look at again.
inline std::vector<std::uint64_t> seeds(int count) {
  if (const char* one = std::getenv("WEIR_TEST_SEED")) {
    return {std::strtoull(one, nullptr, 10)};
  }
  std::random_device device;
  std::vector<std::uint64_t> result;
  for (int i = 0; i < count; ++i) result.push_back(device());
  return result;
}
inline std::string told(std::uint64_t seed) { return "WEIR_TEST_SEED=" + std::to_string(seed); }

// The fleets of a component, to add some.
inline std::map<std::string, FleetOptions>& fleets(Options& options) {
  return options.devices ? *options.devices : options.devices.emplace();
}

// A world that has no mistakes.
inline Simulated simulated(const World& world, std::uint64_t seed = 1) {
  return build_world(world, seed, [](const std::string& path, const std::string& what) {
    ADD_FAILURE() << path << ": " << what;
  });
}

// One fleet and its model.
class FleetFixture {
 public:
  explicit FleetFixture(const FleetOptions& options, std::uint64_t seed = 1)
      : world_(simulated({{{"dev", options}}, {}, {}}, seed)), model_(make_model(options.kind)) {}

  const Fleet& fleet() const { return world_.fleets[0]; }
  Model& model() { return *model_; }
  std::uint64_t key(std::uint32_t device = 0) const { return world_.keys[device]; }
  const Climate& climate() const { return world_.climates[0]; }
  Subject subject(std::uint32_t device = 0) const {
    return {fleet(), world_.climates[0], 0, world_.keys[device]};
  }
  Values truth(Time t, std::uint32_t device = 0) {
    Values values{};
    model_->truth(subject(device), t, values);
    return values;
  }
  Values measured(Time t, std::uint32_t device = 0) {
    Values values{};
    model_->measure(subject(device), t, values);
    return values;
  }

 private:
  Simulated world_;
  std::unique_ptr<Model> model_;
};

// A simulator that runs against an agent in memory.
class SimulatorFixture {
 public:
  explicit SimulatorFixture(const Options& options, Time interval = 15 * kSecond) {
    schedule_ = {sizeof(weir_schedule), 0, interval};
    agent_.set_extension(WEIR_EXT_SCHEDULE, &schedule_);
    simulator_ = std::make_unique<IotSimulator>(weir::Source(agent_.host()), options);
    simulator_->start();
  }

  testing::Agent& agent() { return agent_; }
  // The lines of one measurement that a collection emits.
  std::vector<std::string> collect(Time time, const std::string& measurement) {
    agent_.clear();
    simulator_->collect(time);
    return agent_.lines(measurement);
  }
  // Those of all measurements.
  std::vector<std::string> collect(Time time) {
    agent_.clear();
    simulator_->collect(time);
    std::vector<std::string> all;
    for (const char* name : {"iot_environment", "iot_vibration", "iot_imu", "iot_energy", "iot_gps",
                             "iot_end_device", "iot_status", "iot_fault"}) {
      for (std::string& line : agent_.lines(name)) all.push_back(name + (" " + std::move(line)));
    }
    return all;
  }

 private:
  weir_schedule schedule_{};
  testing::Agent agent_;
  std::unique_ptr<IotSimulator> simulator_;
};

// A row of the last collection: field -> value, strings too.
struct Row {
  std::string device_id;
  Time time = 0;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
};

inline std::vector<Row> rows_of(const testing::Agent& agent, std::string_view measurement) {
  std::vector<Row> rows;
  for (const weir_batch* batch : agent.emitted()) {
    if (measurement != batch->measurement->name) continue;
    for (std::uint32_t r = 0; r < batch->rows; ++r) {
      Row& row = rows.emplace_back();
      row.device_id = view(batch->series[r]->label_values[0]);
      row.time = batch->times[r];
      for (std::uint32_t f = 0; f < batch->measurement->field_count; ++f) {
        const weir_column& c = batch->columns[f];
        const weir_field& field = *batch->measurement->fields[f];
        if (!has_value(c, r)) continue;
        switch (field.type) {
          case WEIR_F64: row.numbers[field.name] = c.v.f64[r]; break;
          case WEIR_U64: row.numbers[field.name] = static_cast<double>(c.v.u64[r]); break;
          case WEIR_BOOL: row.numbers[field.name] = bit(c.v.bits, r) ? 1 : 0; break;
          default: row.texts[field.name] = std::string(string_at(c, r));
        }
      }
    }
  }
  return rows;
}

}  // namespace weir::iot
