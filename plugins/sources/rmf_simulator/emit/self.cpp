#include "emit/self.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace rmf {

namespace {

using weir::Schema;

// Those of the Prometheus client that the documents use, without the five smallest and the largest.
const std::vector<double> kBounds_s{.0001, .00025, .0005, .001, .0025, .005, .01,
                                    .025,  .05,    .1,    .25,  .5,    1};
constexpr Time kPresent = 5 * kMinute;

Time now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

}  // namespace

SelfMetrics::SelfMetrics(weir::Source source)
    : total_(source, Schema("rmf_metrics_generated", "Values that were generated.")
                         .label("metric_type")
                         .field("total", WEIR_U64, WEIR_COUNTER, "",
                                "Values generated since the start, by type of metric.")),
      duration_(source, Schema("rmf_simulation_duration", "Time spent generating.")
                            .histogram("seconds", kBounds_s, "seconds",
                                       "Time spent generating the rows of one instant.")),
      lpars_(source, Schema("rmf_active", "What is simulated.")
                         .field("lpars", WEIR_I64, WEIR_GAUGE, "", "LPARs that are up.")),
      rate_(source, Schema("rmf_metrics_generated_per", "Values that were generated.")
                        .gauge("second", "", "Values generated a second, over the interval.",
                               "rmf_metrics_generated_per_second")) {
  for (const char* type : kMetricTypes) total_.add({type});
  for (Table* t : {&duration_, &lpars_, &rate_}) t->add({});
}

void SelfMetrics::emit(Time time, const Generated& generated, std::size_t active_lpars,
                       double took_s) {
  const Time off = time - now();
  if (off > kPresent || off < -kPresent) return;
  for (std::size_t i = 0; i < kMetricTypes.size(); ++i) {
    total_.row(i, time);
    total_.set_u64(0, generated.values[i]);
  }
  const auto bucket = std::ranges::lower_bound(kBounds_s, took_s) - kBounds_s.begin();
  ++buckets_[static_cast<std::size_t>(bucket)];
  sum_s_ += took_s;
  duration_.row(0, time);
  duration_.set_histogram(0, buckets_, sum_s_);
  lpars_.row(0, time);
  lpars_.set_i64(0, static_cast<std::int64_t>(active_lpars));

  const auto values =
      std::accumulate(generated.values.begin(), generated.values.end(), std::uint64_t{0});
  if (last_ != 0 && time > last_) {
    rate_.row(0, time);
    rate_.set(0, hundredths(static_cast<double>(values - last_values_) /
                            (static_cast<double>(time - last_) / kSecond)));
  }
  last_ = time;
  last_values_ = values;
  for (Table* t : {&total_, &duration_, &lpars_, &rate_}) t->flush();
}

}  // namespace rmf
