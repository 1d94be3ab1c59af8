// distribution.hpp - histograms that grow: how many response times fell below each bound since a
// start, as a function of time. Times are Erlang distributed: few are near zero, the tail is short
// beside an exponential one, and mean and count are exactly those of the model.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace rmf {

inline constexpr int kBounds = 9;  // both documented histograms have nine
inline constexpr std::array<double, kBounds> kResponseBounds_s{.001, .005, .01, .025, .05,
                                                               .1,   .25,  .5,  1};
inline constexpr std::array<double, kBounds> kServiceBounds_us{1,   5,   10,  25,  50,
                                                               100, 250, 500, 1000};

// Counts by bucket, not cumulative, the last above the last bound; and the sum of what was counted.
struct Buckets {
  std::array<double, kBounds + 1> count{};
  double sum = 0;

  // Adds `observations` with this mean. `bounds` and `mean` in one unit.
  void add(std::span<const double, kBounds> bounds, double mean, double observations);
  Buckets& operator+=(const Buckets& more);
  // What lies `fraction` of the way to `this + more`, in whole counts.
  void at(const Buckets& more, double fraction, std::array<std::uint64_t, kBounds + 1>& whole,
          double& whole_sum) const;
};

// The part of Erlang(4) distributed numbers of mean 1 that is not above x.
double erlang(double x);

}  // namespace rmf
