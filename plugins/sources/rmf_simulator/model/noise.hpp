// noise.hpp - weir::sim::noise with a memory: the two random numbers around the last time asked
// for are kept, since the next time is nearly always between the same two. The value is the same.
#pragma once

#include <cstdint>

#include "model/config.hpp"
#include "weir/simulate.hpp"

namespace rmf {

// What random numbers are for. Their values are part of what a seed means: append only.
enum class Stream : std::uint64_t {
  kSysplex,
  kLparSlow,
  kLparFast,
  kService,
  kVolumeSkew,
  kVolumeSlow,
  kVolumeFast,
  kDevice,
  kPort,
  kLink,
  kLinkSkew,
  kStorage,
  kCommon,
  kCommonSize,
  kHits,
  kJob,
  kSample,
  kUnit,
  kMix,
  kVolumeMix,
  kStructure,
};

template <class... More>
constexpr std::uint64_t stream(std::uint64_t seed, Stream what, More... more) {
  return weir::sim::mix(seed, static_cast<std::uint64_t>(what), more...);
}

// Mean 0, variance 1; correlation over about `period`.
class Noise {
 public:
  Noise() = default;
  Noise(std::uint64_t seed, Time period) : seed_(seed), period_(period) {}

  double at(Time time) {
    std::int64_t cell = time / period_;
    if (time % period_ < 0) --cell;
    if (cell != cell_) {
      const auto key = static_cast<std::uint64_t>(cell);
      left_ = cell == cell_ + 1 ? right_ : weir::sim::normal(weir::sim::mix(seed_, key));
      right_ = weir::sim::normal(weir::sim::mix(seed_, key + 1));
      cell_ = cell;
    }
    const double f = static_cast<double>(time - cell * period_) / static_cast<double>(period_);
    const double b = f * f * (3.0 - 2.0 * f);
    const double a = 1.0 - b;
    return (a * left_ + b * right_) / std::sqrt(a * a + b * b);
  }

 private:
  std::uint64_t seed_ = 0;
  Time period_ = kMinute;
  std::int64_t cell_ = INT64_MIN / 2;
  double left_ = 0, right_ = 0;
};

// What is left of a noise of correlation `period` in an average over `interval`.
inline double averaged(Time interval, Time period) {
  return 1 / std::sqrt(1 + 0.5 * static_cast<double>(interval) / static_cast<double>(period));
}

// Of a hash, in [low, high).
constexpr double between(std::uint64_t hash, double low, double high) {
  return low + (high - low) * weir::sim::uniform(hash);
}

}  // namespace rmf
