#include "model/distribution.hpp"

#include <algorithm>

#include "weir/simulate.hpp"

namespace rmf {

namespace {

constexpr int kSteps = 1024;
constexpr double kStepsPerUnit = 128;  // up to 8 means, where all but 2e-11 of it is

std::array<double, kSteps + 1> make_table() {
  std::array<double, kSteps + 1> table{};
  for (int i = 0; i <= kSteps; ++i) {
    const double z = 4 * i / kStepsPerUnit;
    table[static_cast<std::size_t>(i)] =
        1 - weir::sim::exp(-z) * (1 + z + z * z / 2 + z * z * z / 6);
  }
  table[0] = 0;
  return table;
}

}  // namespace

double erlang(double x) {
  static const std::array<double, kSteps + 1> table = make_table();
  if (x <= 0) return 0;
  const double at = x * kStepsPerUnit;
  if (at >= kSteps) return 1;
  const auto i = static_cast<std::size_t>(at);
  const double f = at - static_cast<double>(i);
  return table[i] + f * (table[i + 1] - table[i]);
}

void Buckets::add(std::span<const double, kBounds> bounds, double mean, double observations) {
  if (mean <= 0 || observations <= 0) return;
  double below = 0;
  for (std::size_t b = 0; b < bounds.size(); ++b) {
    const double now = erlang(bounds[b] / mean);
    count[b] += observations * std::max(0.0, now - below);
    below = std::max(below, now);
  }
  count[bounds.size()] += observations * (1 - below);
  sum += observations * mean;
}

Buckets& Buckets::operator+=(const Buckets& more) {
  for (std::size_t b = 0; b < count.size(); ++b) count[b] += more.count[b];
  sum += more.sum;
  return *this;
}

void Buckets::at(const Buckets& more, double fraction,
                 std::array<std::uint64_t, kBounds + 1>& whole, double& whole_sum) const {
  for (std::size_t b = 0; b < count.size(); ++b) {
    whole[b] = static_cast<std::uint64_t>(count[b] + fraction * more.count[b]);
  }
  whole_sum = static_cast<double>(weir::sim::floor_int((sum + fraction * more.sum) * 1e6)) / 1e6;
}

}  // namespace rmf
