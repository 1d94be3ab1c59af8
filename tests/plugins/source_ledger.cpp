// A source whose rows are accountable: at every time one row of each of its series, with the
// number of the time, and of the collection in this process. What is missing or doubled further
// down shows.
#include <chrono>
#include <string>
#include <vector>

#include "weir/weir.hpp"

namespace {

// A later build of it, for tests of an upgrade, has another field, and one of another type.
#ifdef LEDGER_BUILD
constexpr weir_type kNumberType = WEIR_F64;
#else
constexpr weir_type kNumberType = WEIR_I64;
#endif

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
                .field("number", kNumberType, WEIR_GAUGE, "", "The time over the interval.")
                .field("turn", WEIR_I64, WEIR_GAUGE, "", "Collections of this process before.")
                .field("run", WEIR_I64, WEIR_GAUGE, "", "When this process began, ns.")
#ifdef LEDGER_BUILD
                .field("build", WEIR_I64, WEIR_GAUGE, "", "Which of the builds made it.")
#endif
                )) {
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
      const std::uint32_t row = batch.add(s, time);
#ifdef LEDGER_BUILD
      batch.set(0, row, static_cast<double>(time / source_.interval()));
      batch.set_i64(3, row, LEDGER_BUILD);
#else
      batch.set_i64(0, row, time / source_.interval());
#endif
      batch.set_i64(1, row, turn_);
      batch.set_i64(2, row, run_);
    }
    ++turn_;
    source_.emit(std::move(batch));
  }

 private:
  weir::Source source_;
  const Options options_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
  std::int64_t turn_ = 0;
  const std::int64_t run_ = std::chrono::system_clock::now().time_since_epoch().count();
};

}  // namespace

WEIR_PLUGIN("ledger", "1.0.0",
            weir::source<Ledger>("ledger", "Accountable rows, for tests.", WEIR_TIME_DRIVEN))
