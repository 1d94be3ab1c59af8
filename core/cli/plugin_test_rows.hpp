// The rules of rows, and rows to give to components.
#pragma once

#include <string>
#include <vector>

#include "core/cli/plugin_test_instance.hpp"

namespace weir::cli::plugin_test_detail {

// Ends the check where a rule is broken: series and times, counters, histograms, information.
void check_rows(const Batches& batches);

// Every row as a line, sorted: two that are the same have the same lines.
std::vector<std::string> lines(const Batches& batches);

// A producer of rows with fields of every type, some without a value, and texts that would break a
// format that does not escape them.
class Feed {
 public:
  explicit Feed(Stage& stage);
  // Further batches of the same series, a later time each; valid until the next call.
  const Batches& next();

 private:
  core::Host host_;
  Basket basket_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
  std::int64_t time_;
  Batches batches_;
};

}  // namespace weir::cli::plugin_test_detail
