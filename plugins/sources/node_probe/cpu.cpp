// Collector cpu: time of each CPU by mode, and how often cores and packages were throttled.
// The kernel's idle and iowait can step back a little; a counter must not, so that the larger
// value is kept, until idle steps back so far that the CPU must have been off and on again.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "collectors.hpp"
#include "devices.hpp"
#include "proc_stat.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kCpusMax = 8192;
constexpr double kIdleStepSeconds = 3;

class Cpu : public Collector {
 public:
  Cpu(Context& context, ProcStat& proc_stat)
      : proc_stat_(proc_stat),
        ticks_per_second_(static_cast<double>(sysconf(_SC_CLK_TCK))),
        time_(context.source.measurement(
            weir::Schema("node_cpu", "Time of each CPU by mode.")
                .label("cpu")
                .label("mode")
                .counter("seconds_total", "seconds", "Time this CPU has spent in this mode."))),
        guest_time_(context.source.measurement(
            weir::Schema("node_cpu_guest", "Time of each CPU in guests; part of user and nice.")
                .label("cpu")
                .label("mode")
                .counter("seconds_total", "seconds",
                         "Time this CPU has spent running virtual machines, by their mode."))),
        core_(context.source.measurement(
            weir::Schema("node_cpu_core", "CPU cores.")
                .label("package")
                .label("core")
                .field("throttles_total", WEIR_U64, WEIR_COUNTER, "",
                       "How often this core was slowed down because of heat."))),
        package_(context.source.measurement(
            weir::Schema("node_cpu_package", "CPU packages.")
                .label("package")
                .field("throttles_total", WEIR_U64, WEIR_COUNTER, "",
                       "How often this package was slowed down because of heat."))) {}

  Outcome collect(Context& context) override {
    const Outcome outcome = proc_stat_.refresh(context);
    const StatTable& table = proc_stat_.table();
    if (!table.cpus.empty()) emit_times(context, table);
    if (rescan_.due(context)) find_throttles(context);
    emit_throttles(context, cores_, core_);
    emit_throttles(context, packages_, package_);
    if (outcome != Outcome::kOk || !table.cpus.empty()) return outcome;
    return context.fail(proc_stat_.path() + " names no CPU");
  }

 private:
  struct State {
    std::array<std::uint64_t, 10> ticks{};
    std::array<const weir_series*, 10> series{};
  };
  struct Throttle {
    File file;
    const weir_series* series;
  };

  void emit_times(Context& context, const StatTable& table) {
    const auto cpus = static_cast<std::uint32_t>(std::min(table.cpus.size(), kCpusMax));
    weir::Batch times = context.source.batch(time_, cpus * 8);
    weir::Batch guest_times = context.source.batch(guest_time_, cpus * 2);
    devices_.begin();
    for (std::uint32_t i = 0; i < cpus; ++i) {
      const CpuTicks& now = table.cpus[i];
      char key[16];
      const char* const end = std::to_chars(key, key + sizeof key, now.number).ptr;
      const std::string_view name(key, static_cast<std::size_t>(end - key));
      State* state = devices_.visit(name, [&](State& fresh) { make_series(context, name, fresh); });
      if (state == nullptr) continue;
      advance(now, *state);
      for (std::size_t mode = 0; mode < 10; ++mode) {
        weir::Batch& batch = mode < 8 ? times : guest_times;
        batch.set(0, batch.add(state->series[mode], context.time),
                  static_cast<double>(state->ticks[mode]) / ticks_per_second_);
      }
    }
    devices_.sweep([&](State& gone) {
      for (const weir_series* s : gone.series) context.source.release(s);
    });
    context.source.emit(std::move(times));
    context.source.emit(std::move(guest_times));
  }

  void make_series(Context& context, std::string_view name, State& state) {
    static constexpr std::string_view kModes[] = {"user", "nice",    "system", "idle", "iowait",
                                                  "irq",  "softirq", "steal",  "user", "nice"};
    for (std::size_t mode = 0; mode < 10; ++mode) {
      state.series[mode] = context.series(mode < 8 ? time_ : guest_time_, {name, kModes[mode]});
    }
  }

  void advance(const CpuTicks& now, State& state) const {
    const auto step = static_cast<std::uint64_t>(kIdleStepSeconds * ticks_per_second_);
    if (now.ticks[kIdle] + step <= state.ticks[kIdle]) state.ticks.fill(0);
    for (std::size_t mode = 0; mode < 10; ++mode) {
      state.ticks[mode] = std::max(state.ticks[mode], now.ticks[mode]);
    }
  }

  // Each core and each package once, although every CPU in it has the file.
  void find_throttles(Context& context) {
    std::vector<Throttle> cores, packages;
    find_throttles(context, cores, packages);
    cores.swap(cores_);
    packages.swap(packages_);
    for (const auto* old : {&cores, &packages}) {
      for (const Throttle& t : *old) context.source.release(t.series);
    }
  }

  void find_throttles(Context& context, std::vector<Throttle>& cores,
                      std::vector<Throttle>& packages) {
    const std::string directory = context.path("/sys/devices/system/cpu");
    std::vector<std::string> names;
    if (!list_directory(directory, "cpu", kCpusMax, names)) return;
    std::vector<std::string> seen_cores, seen_packages;
    const auto first = [](std::vector<std::string>& seen, const std::string& id) {
      if (std::find(seen.begin(), seen.end(), id) != seen.end()) return false;
      seen.push_back(id);
      return true;
    };
    for (const std::string& name : names) {
      if (name.size() < 4 || name[3] < '0' || name[3] > '9') continue;
      const std::string cpu = directory + "/" + name;
      const auto package = read_small(context.reader, cpu + "/topology/physical_package_id");
      const auto core = read_small(context.reader, cpu + "/topology/core_id");
      std::uint64_t number = 0;
      if (!package || !core || !parse_number(*package, number) || !parse_number(*core, number)) {
        continue;
      }
      const std::string counts = cpu + "/thermal_throttle/";
      if (read_small(context.reader, counts + "core_throttle_count") &&
          first(seen_cores, *package + "/" + *core)) {
        cores.push_back({File(context.reader, counts + "core_throttle_count", File::kAttribute),
                         context.series(core_, {*package, *core})});
      }
      if (read_small(context.reader, counts + "package_throttle_count") &&
          first(seen_packages, *package)) {
        packages.push_back(
            {File(context.reader, counts + "package_throttle_count", File::kAttribute),
             context.series(package_, {*package})});
      }
    }
  }

  void emit_throttles(Context& context, std::vector<Throttle>& list, const weir_measurement* m) {
    if (list.empty()) return;
    weir::Batch batch = context.source.batch(m, static_cast<std::uint32_t>(list.size()));
    for (Throttle& throttle : list) {
      const auto text = throttle.file.read();
      std::uint64_t count = 0;
      if (text && parse_number(trim(*text), count)) {
        batch.set_u64(0, batch.add(throttle.series, context.time), count);
      } else {
        rescan_.soon();
      }
    }
    context.source.emit(std::move(batch));
  }

  ProcStat& proc_stat_;
  double ticks_per_second_;
  const weir_measurement *time_, *guest_time_, *core_, *package_;
  Devices<State> devices_;
  std::vector<Throttle> cores_, packages_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_cpu(Context& context, Shared& shared) {
  return std::make_unique<Cpu>(context, *shared.proc_stat);
}

}  // namespace node_probe
