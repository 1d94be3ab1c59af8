// A source that keeps books: it notes each emission in a file before it makes it, and what the
// agent said became of it as soon as it says so. After a kill -9 the file tells which rows the
// agent had promised to deliver.
//
// An entry is 16 bytes (`Entry`), written by one call at the end of the file: what a process has
// written outlives its kill, and entries are not torn. The callback may not block: writing to a
// regular file does not, as far as a test needs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "weir/posix.hpp"
#include "weir/weir.hpp"

namespace {

// tests/faults/ledger.py reads it.
enum class What : std::uint32_t { kEmitted = 0, kDelivered = WEIR_DELIVERED, kLost = WEIR_LOST };
struct Entry {
  std::uint64_t first;  // number of the emission's first row
  std::uint32_t rows;
  What what;
};
static_assert(sizeof(Entry) == 16);

constexpr std::uint64_t kNumbersOfRun = 1'000'000'000;
constexpr weir::Time kBegin = 1'767'225'600'000'000'000;  // 2026-01-01: a row has its own time
constexpr std::uint32_t kParts = 4;

class Accountable {
 public:
  struct Options {
    std::string name, ledger;
    std::uint64_t run = 0;
    std::uint32_t rows_max = 20, window = 500;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("name", &Options::name, "The measurement.").required(),
          weir::option("ledger", &Options::ledger, "The file with the books.").required(),
          weir::option("run", &Options::run, "Which process this is; no two have one number.")
              .def("0")
              .max("1000000"),
          weir::option("rows_max", &Options::rows_max, "Rows of one collection.")
              .def("20")
              .min("1")
              .max("100000"),
          weir::option("window", &Options::window, "Emissions that may be on their way.")
              .def("500")
              .min("1")
              .max("100000"),
      };
      return t;
    }
  };

  Accountable(weir::Source source, const Options& options)
      : source_(source),
        options_(options),
        measurement_(source.measurement(
            weir::Schema(options.name, "Rows of which books are kept.")
                .label("run")
                .label("part")
                .field("number", WEIR_I64, WEIR_GAUGE, "", "Unique over all processes.")
                .field("text", WEIR_STRING, WEIR_GAUGE, "", "Follows from the number."))),
        next_(options.run * kNumbersOfRun) {
    for (std::uint32_t i = 0; i < kParts; ++i) {
      series_.push_back(
          source.series(measurement_, {std::to_string(options.run), std::to_string(i)}));
    }
  }

  void start() {
    file_ =
        weir::Fd(::open(options_.ledger.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file_) throw std::runtime_error("cannot open " + options_.ledger);
  }

  void collect(weir::Time) {
    if (on_their_way_ >= options_.window) return;
    const auto rows = static_cast<std::uint32_t>(1 + scrambled(next_) % options_.rows_max);
    std::vector<weir::Batch> batches;
    batches.push_back(source_.batch(measurement_, rows));
    for (std::uint64_t number = next_; number < next_ + rows; ++number) {
      weir::Batch& batch = batches.back();
      const auto row =
          batch.add(series_[number % kParts], kBegin + static_cast<weir::Time>(number));
      batch.set_i64(0, row, static_cast<std::int64_t>(number));
      batch.set_string(1, row, text(number));
    }
    // The token holds what an entry needs: the rest of the number is the run's.
    const std::uint64_t token = (next_ % kNumbersOfRun) << 32 | rows;
    if (!note(token, What::kEmitted)) throw std::runtime_error("cannot write the books");
    next_ += rows;
    ++on_their_way_;
    source_.emit(
        batches,
        [](void* self, std::uint64_t t, weir_outcome outcome) {
          auto& me = *static_cast<Accountable*>(self);
          me.note(t, static_cast<What>(outcome));
          --me.on_their_way_;
        },
        this, token);
  }

 private:
  static std::uint32_t scrambled(std::uint64_t number) {
    return static_cast<std::uint32_t>(number * 2654435761u);
  }
  // Of different lengths, none too.
  static std::string text(std::uint64_t number) {
    const std::string one = std::to_string(scrambled(number));
    std::string all;
    for (std::uint64_t i = 0; i < number % 7; ++i) all += one;
    return all;
  }
  bool note(std::uint64_t token, What what) const {
    const Entry entry{options_.run * kNumbersOfRun + (token >> 32),
                      static_cast<std::uint32_t>(token), what};
    return ::write(file_.get(), &entry, sizeof entry) == sizeof entry;
  }

  weir::Source source_;
  const Options options_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
  weir::Fd file_;
  std::uint64_t next_;
  std::atomic<std::uint32_t> on_their_way_{0};
};

}  // namespace

WEIR_PLUGIN("accountable", "1.0.0",
            weir::source<Accountable>("accountable", "Rows of which books are kept, for tests."))
