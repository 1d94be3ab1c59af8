// A source whose rows are accountable: at every time one row of each of its series, with the
// number of the time. What is missing or doubled further down shows.
#include <string>
#include <vector>

#include "weir/weir.hpp"

namespace {

class Ledger {
 public:
  struct Options {
    std::uint32_t series = 10;
    weir::Duration fail_at{};
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("series", &Options::series, "Rows of one time.")
              .def("10")
              .min("1")
              .max("100000"),
          weir::option("fail_at", &Options::fail_at, "Since the epoch: collections fail here.")
              .def("0"),
      };
      return t;
    }
  };

  Ledger(weir::Source source, const Options& options)
      : source_(source),
        options_(options),
        measurement_(source.measurement(
            weir::Schema("ledger", "Accountable rows.")
                .label("part")
                .field("number", WEIR_I64, WEIR_GAUGE, "", "The time over the interval."))) {
    for (std::uint32_t i = 0; i < options.series; ++i) {
      series_.push_back(source.series(measurement_, {std::to_string(i)}));
    }
  }

  void collect(weir::Time time) {
    if (options_.fail_at.count() != 0 && time == options_.fail_at.count()) {
      throw std::runtime_error("told to fail here");
    }
    weir::Batch batch = source_.batch(measurement_, options_.series);
    for (const weir_series* s : series_) {
      batch.set_i64(0, batch.add(s, time), time / source_.interval());
    }
    source_.emit(std::move(batch));
  }

 private:
  weir::Source source_;
  const Options options_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
};

}  // namespace

WEIR_PLUGIN("ledger", "1.0.0",
            weir::source<Ledger>("ledger", "Accountable rows, for tests.", WEIR_TIME_DRIVEN))
