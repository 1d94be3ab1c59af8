// A source of values that storage likes to spoil: every type at its ends, labels with every
// character that means something to somebody. A row a value, at every time the same.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "weir/weir.hpp"

namespace {

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all{
      "plain",
      "'; DROP TABLE extremes; -- ",
      "\"double\" `back` 'single' \\ \\' \\\\",
      "%_*?[a-z]",
      "$name ${HOME} $.a.b {x: 1}",
      "a.b.c",
      std::string("nul\0in the middle", 17),
      "line\nbreak\r\n\ttab\x1a\x7f",
      "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
      "malformed \xFF\xC3",
      "",
      " spaces at the ends ",
      std::string(65'536, 'x'),
  };
  return all;
}

class Extremes {
 public:
  struct Options {
    std::uint32_t fields = 0;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("fields", &Options::fields, "More fields: extra_0, extra_1, ...")
              .def("0")
              .max("1015"),
      };
      return t;
    }
  };

  Extremes(weir::Source source, const Options& options) : source_(source), options_(options) {
    weir::Schema schema("extremes", "Values at the ends of their types.");
    schema.label("number").label("text");
    schema.gauge("real", "", "");
    schema.field("signed", WEIR_I64, WEIR_GAUGE, "", "");
    schema.field("unsigned", WEIR_U64, WEIR_GAUGE, "", "");
    schema.field("flag", WEIR_BOOL, WEIR_GAUGE, "", "");
    schema.field("words", WEIR_STRING, WEIR_GAUGE, "", "");
    schema.histogram("wait", {0.25, 5}, "", "");
    for (std::uint32_t i = 0; i < options.fields; ++i) {
      schema.gauge("extra_" + std::to_string(i), "", "");
    }
    measurement_ = source.measurement(schema);
    for (std::size_t i = 0; i < texts().size(); ++i) {
      series_.push_back(source.series(measurement_, {std::to_string(i), texts()[i]}));
    }
  }

  void collect(weir::Time time) {
    using Real = std::numeric_limits<double>;
    const std::vector<double> reals{Real::max(),
                                    Real::lowest(),
                                    Real::min(),
                                    Real::denorm_min(),
                                    Real::quiet_NaN(),
                                    Real::infinity(),
                                    -Real::infinity(),
                                    -0.0,
                                    0.1,
                                    1.0 / 3,
                                    1e15 + 0.5,
                                    9007199254740993.0,
                                    0};
    const std::vector<std::int64_t> integers{INT64_MIN, INT64_MAX, -1, 0, 1};
    const std::vector<std::uint64_t> naturals{UINT64_MAX, std::uint64_t{1} << 63, INT64_MAX, 0};
    const auto rows = static_cast<std::uint32_t>(series_.size());
    weir::Batch batch = source_.batch(measurement_, rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      batch.add(series_[i], time);
      batch.set(0, i, reals.at(i));
      batch.set_i64(1, i, integers[i % integers.size()]);
      batch.set_u64(2, i, naturals[i % naturals.size()]);
      batch.set_bool(3, i, i % 2 == 0);
      batch.set_string(4, i, texts()[i]);
      const std::uint64_t counts[] = {i, 1, 2};
      batch.set_histogram(5, i, counts, 0.5);
      for (std::uint32_t f = 0; f < options_.fields; ++f) batch.set(6 + f, i, f);
    }
    for (std::uint32_t f = 0; f < 6; ++f) batch.set_null(f, rows - 1);
    source_.emit(std::move(batch));
  }

 private:
  weir::Source source_;
  const Options options_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
};

}  // namespace

WEIR_PLUGIN("extremes", "1.0.0",
            weir::source<Extremes>("extremes", "Hostile values, for tests.", WEIR_TIME_DRIVEN))
