// self.hpp - what simulating costs, by the names of the design documents. These measure the real
// machine: they are left out where the time simulated is not the present, so that a replay of the
// past is the same wherever it runs.
#pragma once

#include <array>

#include "emit/generated.hpp"
#include "emit/report.hpp"

namespace rmf {

class SelfMetrics {
 public:
  explicit SelfMetrics(weir::Source source);
  void emit(Time time, const Generated& generated, std::size_t active_lpars, double took_s);

 private:
  Table total_, duration_, lpars_, rate_;
  std::array<std::uint64_t, 14> buckets_{};
  double sum_s_ = 0;
  Time last_ = 0;
  std::uint64_t last_values_ = 0;
};

}  // namespace rmf
