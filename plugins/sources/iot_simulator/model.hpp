// What every kind of device is to the simulator: a measurement, and its values at a time.
//
// A model computes from the time and the device's key alone; what it keeps are caches.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "world.hpp"

namespace weir::iot {

// A value of a device and the sensor behind it.
struct Channel {
  const char* name;
  const char* unit;
  const char* help;
  double sigma;                     // white noise, standard deviation
  double counts_per_unit;           // resolution: values are whole counts
  double low, high;                 // range of the sensor, where it saturates
  double fault_magnitude;           // what a fault adds unless it says itself
  weir_metric metric = WEIR_GAUGE;  // counters are exact, and nothing goes wrong with them
  const char* flat_name = "";
};

inline constexpr std::size_t kChannelsMax = 10;
using Values = std::array<double, kChannelsMax>;
// What a channel is that has no value now: the row's field is absent.
inline constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
inline bool is_absent(double value) { return value != value; }

// The device that is measured.
struct Subject {
  const Fleet& fleet;
  const Climate& climate;
  std::uint32_t location;  // the climate's place among the fleet's locations
  std::uint64_t key;
};

class Model {
 public:
  Model(const char* measurement, const char* help, std::span<const Channel> channels)
      : measurement_(measurement), help_(help), channels_(channels) {}
  virtual ~Model() = default;

  const char* measurement() const { return measurement_; }
  const char* help() const { return help_; }
  std::span<const Channel> channels() const { return channels_; }

  // What the sensors would show without noise, one value a channel, at a time.
  virtual void truth(const Subject& subject, Time t, Values& out) = 0;
  // What goes into the converters: with noise.
  virtual void sense(const Subject& subject, Time t, Values& out) {
    truth(subject, t, out);
    const std::uint64_t at = sim::mix(subject.key, static_cast<std::uint64_t>(t));
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      const double sigma = channels_[i].sigma;
      if (sigma > 0) out[i] += sigma * sim::normal(sim::mix(at + i));
    }
  }
  // What they show: within range, in whole counts.
  void measure(const Subject& subject, Time t, Values& out) {
    sense(subject, t, out);
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (!is_absent(out[i])) out[i] = quantised(i, out[i]);
    }
  }
  // Standard deviation of a channel's white noise.
  virtual double sigma(const Subject&, std::size_t channel) const {
    return channels_[channel].sigma;
  }
  // The nearest value that the sensor can tell.
  virtual double quantised(std::size_t channel, double value) const {
    const Channel& c = channels_[channel];
    const double limited = value < c.low ? c.low : value > c.high ? c.high : value;
    return static_cast<double>(sim::floor_int(limited * c.counts_per_unit + 0.5)) /
           c.counts_per_unit;
  }

 private:
  const char* measurement_;
  const char* help_;
  std::span<const Channel> channels_;
};

std::unique_ptr<Model> make_environment_model();
std::unique_ptr<Model> make_vibration_model();
std::unique_ptr<Model> make_imu_model();
std::unique_ptr<Model> make_energy_model();
std::unique_ptr<Model> make_gps_model();
std::unique_ptr<Model> make_end_device_model();
std::unique_ptr<Model> make_model(Kind kind);

// The channels of a kind, for checks of options.
std::span<const Channel> channels_of(Kind kind);

// Numbers that a device keeps for life, in [low, high).
inline double trait(std::uint64_t key, std::uint64_t which, double low, double high) {
  return low + (high - low) * sim::uniform(sim::mix(key, which));
}

}  // namespace weir::iot
