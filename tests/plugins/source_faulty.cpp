// A source with one fault, which an option names: what `weir plugin test` has to find.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <thread>

#include "weir/weir.hpp"

namespace {

enum class Fault {
  kNone,
  kCrashInCreate,
  kThreadInCreate,
  kExitInStart,
  kStartFails,
  kHangInStop,
  kThreadLeft,
  kRowsInDestroy,
  kOnlyOne,
  kMemoryLeft,
  kDescriptorLeft,
  kUmask,
  kSignalHandler,
  kCollectFails,
  kBatchKept,
  kMalformed,
  kRowTwice,
  kNoTime,
  kNegativeCounter,
  kInformation,
  kHistogram,
  kState,
};

std::atomic<int> g_instances{0};

class Faulty {
 public:
  struct Options {
    Fault fault = Fault::kNone;
    std::int64_t level = 1;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("fault", &Options::fault, "What is wrong.")
              .choices({"none",
                        "crash_in_create",
                        "thread_in_create",
                        "exit_in_start",
                        "start_fails",
                        "hang_in_stop",
                        "thread_left",
                        "rows_in_destroy",
                        "only_one",
                        "memory_left",
                        "descriptor_left",
                        "umask",
                        "signal_handler",
                        "collect_fails",
                        "batch_kept",
                        "malformed",
                        "row_twice",
                        "no_time",
                        "negative_counter",
                        "information",
                        "histogram",
                        "state"})
              .def("none"),
          weir::option("level", &Options::level, "What the gauge is at; it cannot be at 9.")
              .def("1")
              .min("0")
              .max("9"),
      };
      return t;
    }
    bool has(Fault f) const { return fault == f; }
  };

  static void check(const Options& options, weir::Problems& problems) {
    if (options.level == 9) problems.add("level", "must not be 9");
  }

  Faulty(weir::Source source, const Options& options)
      : source_(source), options_(options), measurement_(source.measurement(schema())) {
    series_ = source.series(measurement_, {"a"});
    if (options.has(Fault::kCrashInCreate)) std::raise(SIGSEGV);
    if (options.has(Fault::kThreadInCreate)) begin_thread();
    if (options.has(Fault::kOnlyOne) && g_instances++ != 0) {
      throw std::runtime_error("there is one already");
    }
    if (options.has(Fault::kMemoryLeft)) forgotten_ = std::make_unique<char[]>(10'000).release();
    if (options.has(Fault::kDescriptorLeft)) forgotten_descriptor_ = ::dup(STDERR_FILENO);
  }
  ~Faulty() {
    if (options_.has(Fault::kOnlyOne)) --g_instances;
    if (options_.has(Fault::kRowsInDestroy)) collect(1);
    end_thread();
  }

  void start() {
    if (options_.has(Fault::kExitInStart)) _exit(3);
    if (options_.has(Fault::kStartFails)) throw std::runtime_error("there is no such device");
    if (options_.has(Fault::kUmask)) ::umask(0077);
    if (options_.has(Fault::kSignalHandler)) std::signal(SIGUSR1, SIG_IGN);
    if (options_.has(Fault::kThreadLeft)) begin_thread();
  }
  void stop() const {
    while (options_.has(Fault::kHangInStop)) std::this_thread::sleep_for(std::chrono::hours(1));
  }

  void collect(weir::Time time) {
    if (options_.has(Fault::kCollectFails)) throw std::runtime_error("it does not answer");
    weir::Batch batch = source_.batch(measurement_, 2);
    add(batch, options_.has(Fault::kNoTime) ? 0 : time);
    if (options_.has(Fault::kRowTwice)) add(batch, time);
    if (options_.has(Fault::kMalformed)) batch.series()[0] = nullptr;
    if (options_.has(Fault::kBatchKept)) {
      batch.release();
    } else if (options_.has(Fault::kMalformed)) {
      source_.abi()->emit(source_.abi(), batch.release());
    } else {
      source_.emit(std::move(batch));
    }
  }

 private:
  static weir::Schema schema() {
    weir::Schema schema("faulty", "Rows of a source for tests.");
    schema.label("name");
    schema.gauge("level", "", "A gauge.");
    schema.counter("collections", "", "A counter.");
    schema.field("known", WEIR_F64, WEIR_INFO, "", "An information.");
    schema.histogram("wait", {1}, "seconds", "A histogram.");
    return schema;
  }

  void add(weir::Batch& batch, weir::Time time) {
    const std::uint32_t row = batch.add(series_, time);
    if (options_.has(Fault::kState)) ++collections_;
    batch.set(0, row, static_cast<double>(options_.level));
    batch.set(1, row, options_.has(Fault::kNegativeCounter) ? -1 : collections_);
    batch.set(2, row, options_.has(Fault::kInformation) ? 2 : 1);
    batch.set_histogram(3, row, std::vector<std::uint64_t>{1, 2}, 3);
    if (options_.has(Fault::kHistogram)) batch.column(3).counts[row] = 7;
  }

  void begin_thread() {
    thread_ = std::thread([this] {
      while (!ends_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  }
  void end_thread() {
    ends_ = true;
    if (thread_.joinable()) thread_.join();
  }

  weir::Source source_;
  const Options options_;
  const weir_measurement* measurement_;
  const weir_series* series_ = nullptr;
  double collections_ = 1;
  std::thread thread_;
  std::atomic<bool> ends_{false};
  void* forgotten_ = nullptr;
  int forgotten_descriptor_ = -1;
};

}  // namespace

WEIR_PLUGIN("faulty", "1.0.0",
            weir::source<Faulty>("faulty", "Has one fault, for tests.", WEIR_TIME_DRIVEN))
