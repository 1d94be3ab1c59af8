// my_processor: for every row that passes, whether a field of it is above a limit.
//
// A class with a constructor and `process` is a processor. It is given batches that are shared
// with other consumers, so it never changes them: it passes them on, or emits rows of its own.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "weir/weir.hpp"

class MyProcessor {
 public:
  struct Options {
    std::string field;
    double limit = 0;

    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("field", &Options::field, "The field to watch, a float.").required(),
          weir::option("limit", &Options::limit, "The highest value that is still good.")
              .required(),
      };
      return t;
    }
  };

  MyProcessor(weir::Processor agent, const Options& options);

  // Passes the batch on. Of a measurement M that has the field it also emits a measurement
  // M_limit with the same labels: its field `exceeded` is 1 or 0.
  void process(const weir_batch& batch);

 private:
  // What is known about a measurement after its first batch.
  struct Derived {
    std::uint32_t field = 0;
    const weir_measurement* measurement = nullptr;  // nullptr: it has no such field
  };
  // The series that belongs to one of the input.
  struct Cached {
    std::uint32_t generation = 0;
    const weir_series* series = nullptr;
  };

  Derived derive(const weir_measurement& input) const;
  const weir_series* series_for(const weir_series& input, const weir_measurement* measurement);

  weir::Processor agent_;
  Options options_;
  std::unordered_map<const weir_measurement*, Derived> derived_;
  std::vector<Cached> cache_;  // by index of the input's series
};
