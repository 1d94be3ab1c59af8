// Collector time: the system's clock, its zone, and the clock sources of the kernel.
#include <ctime>
#include <map>

#include "collectors.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kClocksMax = 16;

class Time : public Collector {
 public:
  explicit Time(Context& context)
      : clock_(context.source.measurement(
            weir::Schema("node_time", "The system's clock.")
                .gauge("seconds", "seconds", "Time of this system since the Unix epoch."))),
        zone_(context.source.measurement(
            weir::Schema("node_time_zone", "The system's time zone.")
                .label("time_zone")
                .gauge("offset_seconds", "seconds", "Local time minus UTC."))),
        available_(context.source.measurement(source_schema(
            "node_time_clocksource_available", "A clock source that the kernel could use."))),
        current_(context.source.measurement(source_schema(
            "node_time_clocksource_current", "The clock source that the kernel uses."))),
        clock_series_(context.series(clock_, {})) {}

  Outcome collect(Context& context) override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    context.emit_row(clock_, clock_series_,
                     static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9);
    emit_zone(context, now.tv_sec);
    if (rescan_.due(context)) find_sources(context);
    return emit_sources(context);
  }

 private:
  // A kernel clock: the series of what it could use, and, by name, of what it does.
  struct Clock {
    std::string device;
    File current;
    std::vector<const weir_series*> available;
    std::string current_name;
    const weir_series* current_series = nullptr;
  };

  static weir::Schema source_schema(const char* name, const char* help) {
    return weir::Schema(name, help)
        .label("device")
        .label("clocksource")
        .field("info", WEIR_U64, WEIR_INFO, "", help);
  }

  void emit_zone(Context& context, time_t now) {
    tm local{};
    ::localtime_r(&now, &local);
    const std::string_view zone = local.tm_zone == nullptr ? "" : local.tm_zone;
    if (zone_series_ == nullptr || zone != zone_name_) {
      const weir_series* const series = context.series(zone_, {zone});
      if (zone_series_ != nullptr) context.source.release(zone_series_);
      zone_series_ = series;
      zone_name_ = zone;
    }
    context.emit_row(zone_, zone_series_, static_cast<double>(local.tm_gmtoff));
  }

  void find_sources(Context& context) {
    std::vector<Clock> found;
    std::vector<std::string> names;
    const std::string directory = context.path("/sys/devices/system/clocksource");
    list_directory(directory, "clocksource", kClocksMax, names);
    for (const std::string& name : names) {
      const std::string path = directory + "/" + name;
      const auto available = read_small(context.reader, path + "/available_clocksource");
      if (!available) continue;
      Clock clock{std::to_string(found.size()),
                  File(context.reader, path + "/current_clocksource", File::kAttribute),
                  {},
                  {},
                  nullptr};
      std::string_view rest = *available;
      for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
        context.add_series(clock.available, available_, {clock.device, word});
      }
      found.push_back(std::move(clock));
    }
    found.swap(clocks_);
    for (const Clock& old : found) {
      for (const weir_series* s : old.available) context.source.release(s);
      if (old.current_series != nullptr) context.source.release(old.current_series);
    }
  }

  Outcome emit_sources(Context& context) {
    std::size_t rows = 0;
    for (const Clock& clock : clocks_) rows += clock.available.size();
    if (rows == 0) return Outcome::kOk;
    weir::Batch available = context.source.batch(available_, static_cast<std::uint32_t>(rows));
    weir::Batch current =
        context.source.batch(current_, static_cast<std::uint32_t>(clocks_.size()));
    Outcome outcome = Outcome::kOk;
    for (Clock& clock : clocks_) {
      for (const weir_series* series : clock.available) {
        available.set_u64(0, available.add(series, context.time), 1);
      }
      const auto text = clock.current.read();
      if (!text) {
        outcome = context.cannot_read(clock.current);
        rescan_.soon();
        continue;
      }
      const std::string_view name = trim(*text);
      if (clock.current_series == nullptr || name != clock.current_name) {
        const weir_series* const series = context.series(current_, {clock.device, name});
        if (clock.current_series != nullptr) context.source.release(clock.current_series);
        clock.current_series = series;
        clock.current_name = name;
      }
      current.set_u64(0, current.add(clock.current_series, context.time), 1);
    }
    context.source.emit(std::move(available));
    context.source.emit(std::move(current));
    return outcome;
  }

  const weir_measurement *clock_, *zone_, *available_, *current_;
  const weir_series* clock_series_;
  const weir_series* zone_series_ = nullptr;
  std::string zone_name_;
  std::vector<Clock> clocks_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_time(Context& context, Shared&) {
  return std::make_unique<Time>(context);
}

}  // namespace node_probe
