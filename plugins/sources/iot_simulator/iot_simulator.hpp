// The source: fleets of simulated devices, whose rows are a function of the time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "devices_file.hpp"
#include "faults.hpp"
#include "model.hpp"
#include "options.hpp"
#include "row_writer.hpp"
#include "weir/weir.hpp"
#include "world.hpp"

namespace weir::iot {

class IotSimulator {
 public:
  using Options = iot::Options;

  IotSimulator(weir::Source agent, const Options& options) : agent_(agent), options_(options) {}

  static void check(const Options& options, weir::Problems& problems);
  void start();
  void collect(weir::Time time);

 private:
  struct Device {
    const Fleet& fleet;
    std::uint32_t number;  // in its fleet
    std::uint64_t index;   // of all
    Subject subject;
  };
  // What a device's faults do at one time.
  struct Effects {
    bool silent = false;
    Time clock = 0;  // added to the device's clock
    std::string told;
  };

  Time interval() const;
  void intern(const Fleet& fleet);
  void collect_device(const Device& device, Time interval, Time from, Time to, RowWriter& rows);
  void emit_sample(const Device& device, const Sampling& sampling, std::int64_t n, RowWriter& rows);
  void emit_status(const Device& device, const Sampling& sampling, Time t);
  void emit_fault_events(const Device& device, Time from, Time to);
  Effects effects_at(const Device& device, const Sampling& sampling, Time t, Values* values);
  void strike(const Device& device, const Sampling& sampling, const Fault& fault,
              const Window& window, Time t, Values& values, Effects& effects);
  const weir_series* fault_series(const Device& device, FaultKind kind);

  weir::Source agent_;
  Options options_;
  Simulated world_;
  std::array<std::unique_ptr<Model>, kKindCount> models_;
  std::array<std::uint32_t, kKindCount> gauge_counts_{};  // channels that faults may strike
  std::array<const weir_measurement*, kKindCount> measurements_{};
  const weir_measurement* status_ = nullptr;
  const weir_measurement* fault_events_ = nullptr;
  std::vector<const weir_series*> series_, status_series_;  // by device
  std::unordered_map<std::uint64_t, const weir_series*> fault_series_;
  std::unique_ptr<RowWriter> status_rows_, fault_rows_;  // while collecting
};

}  // namespace weir::iot
