// Collector pressure: time lost for want of CPU, memory, input/output, or to interrupts.
#include <array>
#include <vector>

#include "collectors.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_pressure(std::string_view text, Pressure& pressure) {
  pressure = {};
  std::string_view line;
  while (next_line(text, line)) {
    const std::string_view kind = next_word(line);
    std::optional<std::uint64_t>* total = kind == "some"   ? &pressure.some_us
                                          : kind == "full" ? &pressure.full_us
                                                           : nullptr;
    if (total == nullptr) continue;
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      std::uint64_t value = 0;
      if (!word.starts_with("total=")) continue;
      if (!parse_number(word.substr(6), value)) return false;
      *total = value;
    }
  }
  return pressure.some_us || pressure.full_us;
}

namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

class PressureCollector : public Collector {
 public:
  explicit PressureCollector(Context& context)
      : measurement_(context.source.measurement(
            weir::Schema("node_pressure", "Time that tasks lost for want of a resource.")
                .counter("cpu_waiting_seconds_total", "seconds",
                         "Time in which some task waited for a CPU.")
                .counter("cpu_stalled_seconds_total", "seconds",
                         "Time in which all tasks waited for a CPU; 0 for a whole system.")
                .counter("io_waiting_seconds_total", "seconds",
                         "Time in which some task waited for input or output.")
                .counter("io_stalled_seconds_total", "seconds",
                         "Time in which all tasks waited for input or output.")
                .counter("memory_waiting_seconds_total", "seconds",
                         "Time in which some task waited for memory.")
                .counter("memory_stalled_seconds_total", "seconds",
                         "Time in which all tasks waited for memory.")
                .counter("irq_stalled_seconds_total", "seconds",
                         "Time in which interrupts kept all tasks from running."))),
        series_(context.series(measurement_, {})) {
    for (const char* resource : {"cpu", "io", "memory", "irq"}) {
      files_.emplace_back(context.reader, context.path("/proc/pressure/") + resource,
                          File::kAttribute);
    }
  }

  Outcome collect(Context& context) override {
    std::array<std::optional<std::uint64_t>, 8> totals;  // some and full of each file
    Outcome outcome = Outcome::kOk;
    for (std::size_t i = 0; i < files_.size() && outcome == Outcome::kOk; ++i) {
      const auto text = files_[i].read();
      Pressure pressure;
      if (text && parse_pressure(*text, pressure)) {
        totals[2 * i] = pressure.some_us;
        totals[2 * i + 1] = pressure.full_us;
      } else if (text) {
        outcome = context.malformed(files_[i].path(), 1);
      } else if (i != kIrq) {  // not every kernel accounts for interrupts
        outcome = context.no_data_or_cannot_read(files_[i]);
      }
    }
    if (totals == decltype(totals){}) return outcome;
    weir::Batch batch = context.source.batch(measurement_, 1);
    batch.add(series_, context.time);
    for (std::uint32_t field = 0; field < 7; ++field) {
      const auto& total = totals[field < 6 ? field : 7];  // interrupts only stall
      if (total) {
        batch.set(field, 0, static_cast<double>(*total) / kMicrosecondsPerSecond);
      } else {
        batch.set_null(field, 0);
      }
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

 private:
  static constexpr std::size_t kIrq = 3;
  std::vector<File> files_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

}  // namespace

std::unique_ptr<Collector> make_pressure(Context& context, Shared&) {
  return std::make_unique<PressureCollector>(context);
}

}  // namespace node_probe
