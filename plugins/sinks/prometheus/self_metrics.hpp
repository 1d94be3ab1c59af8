// What the sink knows of itself, kept by prometheus-cpp and appended to every exposition as
// weir_prometheus_sink_*.
#pragma once

#include <prometheus/registry.h>

#include <map>
#include <string>

#include "store.hpp"
#include "text.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace weir::prometheus_sink {

class SelfMetrics {
 public:
  SelfMetrics();

  void count_request(unsigned status);
  void count_scrape(double duration_seconds);
  void count_sent(std::size_t bytes);
  void count_evicted();

  // All of them as text, with the store's counts as they are now.
  std::string render(const Store::Stats& stats, Format format);

 private:
  ::prometheus::Counter& counter(const char* name, const char* help);
  void raise(::prometheus::Counter& counter, std::uint64_t to);

  ::prometheus::Registry registry_;
  ::prometheus::Family<::prometheus::Counter>& requests_;
  std::map<unsigned, ::prometheus::Counter*> requests_by_status_;
  ::prometheus::Counter& scrapes_;
  ::prometheus::Histogram& scrape_seconds_;
  ::prometheus::Counter& sent_bytes_;
  ::prometheus::Counter& evicted_;
  ::prometheus::Gauge& series_;
  ::prometheus::Counter& rows_;
  ::prometheus::Counter& over_limit_rows_;
  ::prometheus::Counter& conflicting_values_;
  ::prometheus::Counter& skipped_strings_;
  ::prometheus::Counter& expired_series_;
};

}  // namespace weir::prometheus_sink
