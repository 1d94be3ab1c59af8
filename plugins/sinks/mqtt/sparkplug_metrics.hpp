// The devices and metrics that an edge node of Sparkplug B has told of, or is about to: what a
// birth message lists, by the numbers (aliases) that data messages say.
//
// A metric is a field of a series: "measurement/field", and between the two the labels that are not
// the device's, "iot_environment/room=lab/temperature". What it was last is kept for the next
// birth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "weir/abi.h"
#include "weir/payload/sparkplug.hpp"

namespace weir::mqtt_sink {

inline constexpr std::size_t kMetricsMax = 200'000;
inline constexpr std::size_t kMetricBytesMax = 64 << 20;  // names and texts of them all

class SparkplugMetrics {
 public:
  static constexpr std::uint32_t kNode = 0;  // the device that stands for the edge node itself
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Device {
    std::string id;                      // as in a topic
    std::vector<std::uint32_t> metrics;  // aliases
    bool is_born = false;
    std::size_t born = 0;  // metrics in its last birth
    std::string problem;   // not empty: its birth cannot be published
    bool is_due() const { return !is_born || born != metrics.size(); }
  };
  struct Series {
    std::uint32_t generation = 0;
    std::uint32_t device = kNode;
    std::vector<std::uint32_t> metrics;  // by field; kNone: has none
  };

  explicit SparkplugMetrics(std::string device_label) : device_label_(std::move(device_label)) {
    devices_.emplace_back();
  }

  // Registers what is new; nullptr where that would be too much. Valid until the next call.
  const Series* of(const weir_series& series);
  Device& device(std::uint32_t index) { return devices_[index]; }
  const Device& device(std::uint32_t index) const { return devices_[index]; }
  std::size_t metric_count() const { return metrics_.size(); }
  std::size_t device_count() const { return devices_.size(); }

  // Keeps a value for births. Texts beyond a limit are not kept: their births say null.
  void keep(std::uint32_t alias, const payload::SparkplugMetric& metric);
  // The metrics of a device with names, units and what they were last. Views of this.
  std::vector<payload::SparkplugMetric> birth(std::uint32_t device) const;

 private:
  struct Metric {
    std::string name, unit, text;
    payload::SparkplugType type;
    payload::SparkplugValue value;  // a text is in `text`
    std::optional<std::uint64_t> time_ms;
  };
  std::uint32_t add_device(const weir_series& series);
  std::uint32_t add_metric(std::uint32_t device, const std::string& name, const weir_field& field);

  const std::string device_label_;
  std::vector<Device> devices_;
  std::unordered_map<std::string, std::uint32_t> device_of_;
  std::vector<Metric> metrics_;                               // by alias
  std::unordered_map<std::string, std::uint32_t> metric_of_;  // by device and name
  std::unordered_map<std::uint32_t, Series> series_;          // by index
  std::size_t bytes_ = 0;
};

// Text as Protocol Buffers want it: `text` itself, or where it is malformed, a copy of it that is
// not.
std::string_view well_formed(std::string_view text, std::string& copy);

}  // namespace weir::mqtt_sink
