// Collector stat: what /proc/stat tells of the system as a whole.
#include "collectors.hpp"
#include "proc_stat.hpp"

namespace node_probe {

namespace {

class Stat : public Collector {
 public:
  Stat(Context& context, ProcStat& proc_stat)
      : proc_stat_(proc_stat),
        measurement_(context.source.measurement(
            weir::Schema("node_stat", "Activity of the kernel since boot.")
                .field("intr_total", WEIR_U64, WEIR_COUNTER, "", "Interrupts serviced.",
                       "node_intr_total")
                .field("context_switches_total", WEIR_U64, WEIR_COUNTER, "", "Context switches.",
                       "node_context_switches_total")
                .field("boot_time_seconds", WEIR_U64, WEIR_GAUGE, "seconds",
                       "When the system was booted, in seconds since the Unix epoch.",
                       "node_boot_time_seconds")
                .field("forks_total", WEIR_U64, WEIR_COUNTER, "", "Processes and threads created.",
                       "node_forks_total")
                .field("procs_running", WEIR_U64, WEIR_GAUGE, "", "Tasks that run or are ready to.",
                       "node_procs_running")
                .field("procs_blocked", WEIR_U64, WEIR_GAUGE, "",
                       "Tasks that wait for input or output to complete.", "node_procs_blocked"))),
        series_(context.series(measurement_, {})) {}

  Outcome collect(Context& context) override {
    const Outcome outcome = proc_stat_.refresh(context);
    const StatTable& t = proc_stat_.table();
    if (t.found == 0) {
      return outcome != Outcome::kOk ? outcome
                                     : context.fail(proc_stat_.path() + " holds no counters");
    }
    const std::uint64_t values[] = {t.interrupts, t.context_switches, t.boot_time_seconds,
                                    t.forks,      t.procs_running,    t.procs_blocked};
    weir::Batch batch = context.source.batch(measurement_, 1);
    batch.add(series_, context.time);
    for (std::uint32_t i = 0; i < std::size(values); ++i) {
      batch.set_u64(i, 0, values[i]);
      if ((t.found >> i & 1) == 0) batch.set_null(i, 0);
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

 private:
  ProcStat& proc_stat_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

}  // namespace

std::unique_ptr<Collector> make_stat(Context& context, Shared& shared) {
  return std::make_unique<Stat>(context, *shared.proc_stat);
}

}  // namespace node_probe
