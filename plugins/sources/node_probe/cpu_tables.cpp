// Collectors softnet and schedstat: a table of counters with a line for each CPU.
#include <charconv>

#include "collectors.hpp"
#include "devices.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_softnet_line(std::string_view line, SoftnetLine& softnet) {
  constexpr int kCpuColumn = 12;
  softnet = {};
  std::uint64_t value = 0;
  int column = 0;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line), ++column) {
    if (!parse_hex(word, value)) return false;
    if (column == 0) softnet.processed = value;
    if (column == 1) softnet.dropped = value;
    if (column == 2) softnet.squeezed = value;
    if (column == kCpuColumn) softnet.cpu = value;
  }
  return column >= 3;
}

bool parse_schedstat_line(std::string_view line, SchedstatLine& schedstat) {
  schedstat.cpu = next_word(line);
  std::uint64_t value = 0;
  if (!schedstat.cpu.starts_with("cpu")) return false;
  schedstat.cpu.remove_prefix(3);
  if (!parse_number(schedstat.cpu, value)) return false;
  for (int column = 0; column < 6; ++column) {  // of the scheduler's own interest
    if (!next_number(line, value)) return false;
  }
  return next_number(line, schedstat.running_ns) && next_number(line, schedstat.waiting_ns) &&
         next_number(line, schedstat.timeslices);
}

namespace {

constexpr double kNanosecondsPerSecond = 1e9;

struct CpuSeries {
  const weir_series* series = nullptr;
};

class Softnet : public Collector {
  static constexpr std::size_t kLineBytesMax = 256;  // 15 columns of 8 digits

 public:
  explicit Softnet(Context& context)
      : file_(context.reader, context.path("/proc/net/softnet_stat"), File::kTable, kLineBytesMax),
        measurement_(context.source.measurement(
            weir::Schema("node_softnet", "Receiving of network packets by each CPU.")
                .label("cpu")
                .field("processed_total", WEIR_U64, WEIR_COUNTER, "", "Packets processed.")
                .field("dropped_total", WEIR_U64, WEIR_COUNTER, "",
                       "Packets dropped because the backlog was full.")
                .field("times_squeezed_total", WEIR_U64, WEIR_COUNTER, "",
                       "How often processing stopped with packets left, for want of budget or "
                       "time."))) {}

  Outcome collect(Context& context) override {
    const auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    weir::Batch batch = context.source.batch(measurement_, rows_for(*text));
    cpus_.begin();
    const std::size_t malformed = each_line(*text, [&](std::string_view line, std::size_t number) {
      SoftnetLine softnet;
      if (!parse_softnet_line(line, softnet)) return false;
      char key[24];
      const char* const end =
          std::to_chars(key, key + sizeof key, softnet.cpu.value_or(number - 1)).ptr;
      const std::string_view cpu(key, static_cast<std::size_t>(end - key));
      CpuSeries* state = cpus_.visit(
          cpu, [&](CpuSeries& fresh) { fresh.series = context.series(measurement_, {cpu}); });
      if (state == nullptr) return true;
      const std::uint32_t row = batch.add(state->series, context.time);
      batch.set_u64(0, row, softnet.processed);
      batch.set_u64(1, row, softnet.dropped);
      batch.set_u64(2, row, softnet.squeezed);
      return true;
    });
    cpus_.sweep([&](CpuSeries& gone) { context.source.release(gone.series); });
    context.source.emit(std::move(batch));
    if (cpus_.overflowed()) return context.too_many_devices(file_.path());
    return context.understood(file_.path(), malformed);
  }

 private:
  File file_;
  const weir_measurement* measurement_;
  Devices<CpuSeries> cpus_;
};

class Schedstat : public Collector {
 public:
  explicit Schedstat(Context& context)
      : file_(context.reader, context.path("/proc/schedstat"), File::kTable),
        measurement_(context.source.measurement(
            weir::Schema("node_schedstat", "The scheduler, by CPU.")
                .label("cpu")
                .counter("running_seconds_total", "seconds", "Time in which tasks ran.")
                .counter("waiting_seconds_total", "seconds",
                         "Time that tasks which were ready waited for this CPU.")
                .field("timeslices_total", WEIR_U64, WEIR_COUNTER, "", "Time slices run."))) {}

  Outcome collect(Context& context) override {
    const auto text = file_.read();
    if (!text) return context.no_data_or_cannot_read(file_);
    weir::Batch batch = context.source.batch(measurement_, rows_for(*text));
    cpus_.begin();
    const std::size_t malformed = each_line(*text, [&](std::string_view line, std::size_t) {
      if (!line.starts_with("cpu")) return true;
      SchedstatLine schedstat;
      if (!parse_schedstat_line(line, schedstat)) return false;
      CpuSeries* state = cpus_.visit(schedstat.cpu, [&](CpuSeries& fresh) {
        fresh.series = context.series(measurement_, {schedstat.cpu});
      });
      if (state == nullptr) return true;
      const std::uint32_t row = batch.add(state->series, context.time);
      batch.set(0, row, static_cast<double>(schedstat.running_ns) / kNanosecondsPerSecond);
      batch.set(1, row, static_cast<double>(schedstat.waiting_ns) / kNanosecondsPerSecond);
      batch.set_u64(2, row, schedstat.timeslices);
      return true;
    });
    cpus_.sweep([&](CpuSeries& gone) { context.source.release(gone.series); });
    context.source.emit(std::move(batch));
    if (cpus_.overflowed()) return context.too_many_devices(file_.path());
    return context.understood(file_.path(), malformed);
  }

 private:
  File file_;
  const weir_measurement* measurement_;
  Devices<CpuSeries> cpus_;
};

}  // namespace

std::unique_ptr<Collector> make_softnet(Context& context, Shared&) {
  return std::make_unique<Softnet>(context);
}
std::unique_ptr<Collector> make_schedstat(Context& context, Shared&) {
  return std::make_unique<Schedstat>(context);
}

}  // namespace node_probe
