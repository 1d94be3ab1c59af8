// work.cpp - Monitor III reports PROC, DELAY with USAGE, and workload activity: what address spaces
// and service classes use, and what they wait for.
#include <algorithm>

#include "emit/samples.hpp"
#include "emit/schema.hpp"
#include "model/io.hpp"
#include "model/jobs.hpp"
#include "model/response.hpp"

namespace rmf {

namespace {

class WorkloadReport : public ReportWriter {
 public:
  explicit WorkloadReport(const ReportContext& c)
      : table_(
            c.source,
            lpar_schema("rmf_workload", "Workload activity by service class.",
                        {"workload", "service_class"})
                .field("importance", WEIR_I64, WEIR_GAUGE, "",
                       "1 highest to 5; 0 system, 6 discretionary.")
                .gauge("transaction_rate", "",
                       "Transactions (of batch: jobs) a second that ended; no value where none "
                       "ends.")
                .gauge("response_time_seconds", "seconds",
                       "Average response time of transactions, of batch jobs their elapsed time.")
                .gauge("execution_velocity_percent", "percent",
                       "Using of using and delayed, for processor and storage.")
                .gauge("goal_response_seconds", "seconds",
                       "Goal of classes with a response time goal.")
                .gauge("goal_velocity_percent", "percent",
                       "Goal of classes with an execution velocity goal.")
                .gauge("performance_index", "",
                       "Response time by its goal, or goal by execution velocity: above 1 is "
                       "worse than the goal. No value where there is no goal.")
                .gauge("appl_percent", "percent", "CP time, of one engine.")
                .gauge("ziip_percent", "percent", "zIIP time, of one engine.")
                .gauge("zaap_percent", "percent", "zAAP time, of one engine.")
                .gauge("ziip_on_cp_percent", "percent",
                       "CP time of what was eligible for a zIIP, of one engine.")
                .gauge("io_rate", "", "I/O requests a second.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      for (const ServiceSpec& s : kServiceSpecs)
        table_.add({l.sysplex, l.name, s.workload, s.name});
    });
  }

  void lpar(const LparView& v) override {
    std::array<double, kVolumeTypes> requests{};
    for (std::size_t i = 0; i < kVolumes; ++i) {
      requests[static_cast<std::size_t>(volume_names()[i].type_index)] +=
          v.devices.volumes[i].times.rate;
    }
    const std::array<double, kServices> io = io_by_service(v.lpar.profile(), v.state, requests);
    for (std::size_t k = 0; k < kServices; ++k) {
      const ServiceSpec& spec = kServiceSpecs[k];
      const ServiceState& s = v.state.services[k];
      const double velocity = use_of(v.state, k).velocity();
      table_.row(v.number * kServices + k, v.time);
      table_.set_i64(0, spec.importance);
      if (spec.units > 0) {
        // Jobs end a few an hour.
        table_.set(1, spec.units > 1 ? micro(s.work / spec.units) : hundredths(s.work));
        table_.set(2, micro(s.response_s * spec.units));
      } else {
        table_.set_null(1);
        table_.set_null(2);
      }
      table_.set(3, hundredths(velocity));
      set(4, spec.goal == Goal::kResponse ? std::optional(spec.goal_value) : std::nullopt);
      set(5, spec.goal == Goal::kVelocity ? std::optional(spec.goal_value) : std::nullopt);
      const auto index = performance_index(spec, s.response_s, velocity);
      set(6, index ? std::optional(hundredths(*index)) : std::nullopt);
      table_.set(7, hundredths(100 * s.served));
      table_.set(8, hundredths(100 * s.on_ziip));
      table_.set(9, hundredths(100 * s.on_zaap));
      table_.set(10, hundredths(100 * s.on_cp));
      table_.set(11, hundredths(io[k]));
    }
  }
  void flush() override { table_.flush(); }

 private:
  void set(std::uint32_t field, std::optional<double> value) {
    if (value) {
      table_.set(field, *value);
    } else {
      table_.set_null(field);
    }
  }

  Table table_;
};

// Percents are counts of samples: short intervals are coarse.
class DelayReport : public ReportWriter {
 public:
  explicit DelayReport(const ReportContext& c)
      : spaces_(c),
        table_(
            c.source,
            lpar_schema("rmf_delay", "Using and delay of service classes, sampled.",
                        {"service_class"})
                .gauge("using_percent", "percent",
                       "Samples that found a processor or a device used.")
                .gauge("processor_using_percent", "percent", "Samples that found a processor used.")
                .gauge("device_using_percent", "percent", "Samples that found a device used.")
                .gauge("delay_percent", "percent", "Samples that found work delayed.")
                .gauge("processor_delay_percent", "percent",
                       "Samples that found work delayed for a processor.")
                .gauge("device_delay_percent", "percent",
                       "Samples that found work delayed for a device.")
                .gauge("storage_delay_percent", "percent",
                       "Samples that found work delayed for pages.")
                .gauge("idle_percent", "percent", "Samples that found no work.")
                .gauge("unknown_percent", "percent",
                       "Samples that found neither use nor delay nor idleness.")
                .gauge("workflow_percent", "percent",
                       "Samples using something, of those using or delayed.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      for (const ServiceSpec& s : kServiceSpecs) table_.add({l.sysplex, l.name, s.name});
    });
  }

  void lpar(const LparView& v) override {
    spaces_.look_at(v);
    std::array<Samples, kServices> all{};
    for (std::size_t j = 0; j < kJobs; ++j) all[kJobSpecs[j].service] += spaces_.samples(j);
    for (std::size_t k = 0; k < kServices; ++k) {
      const Samples& s = all[k];
      std::array<double, 6> parts{s.percent(s.cpu),        s.percent(s.device),
                                  s.percent(s.cpu_delay),  s.percent(s.device_delay),
                                  s.percent(s.page_delay), s.percent(s.unknown)};
      // Where there is no idleness to take it, the largest takes what rounding has added.
      double idle = 100;
      for (const double part : parts) idle -= part;
      if (idle < 0) {
        double& largest = *std::ranges::max_element(parts);
        largest = hundredths(largest + idle);
        idle = 0;
      }
      const auto [cpu, device, cpu_delay, device_delay, page_delay, unknown] = parts;
      const double uses = hundredths(cpu + device);
      const double delays = hundredths(cpu_delay + device_delay + page_delay);
      idle = hundredths(idle);
      table_.row(v.number * kServices + k, v.time);
      std::uint32_t field = 0;
      for (const double percent :
           {uses, cpu, device, delays, cpu_delay, device_delay, page_delay, idle, unknown}) {
        table_.set(field++, percent);
      }
      table_.set(field, s.uses() + s.delays() > 0
                            ? hundredths(100 * static_cast<double>(s.uses()) /
                                         static_cast<double>(s.uses() + s.delays()))
                            : 0);
    }
  }
  void flush() override { table_.flush(); }

 private:
  AddressSpaces spaces_;
  Table table_;
};

class ProcReport : public ReportWriter {
 public:
  explicit ProcReport(const ReportContext& c)
      : spaces_(c),
        table_(c.source,
               lpar_schema("rmf_proc", "Processor use of address spaces.", {"job", "service_class"})
                   .gauge("appl_percent", "percent", "CP time, of one engine.")
                   .gauge("ziip_percent", "percent", "zIIP time, of one engine.")
                   .gauge("using_percent", "percent",
                          "Samples of the address space that found a processor or a device used.")
                   .gauge("delay_percent", "percent",
                          "Samples of the address space that found work delayed.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      for (std::size_t j = 0; j < kJobs; ++j) {
        table_.add({l.sysplex, l.name, job_name(l, j), kServiceSpecs[kJobSpecs[j].service].name});
      }
    });
  }

  void lpar(const LparView& v) override {
    spaces_.look_at(v);
    for (std::size_t j = 0; j < kJobs; ++j) {
      const Samples& s = spaces_.samples(j);
      table_.row(v.number * kJobs + j, v.time);
      table_.set(0, hundredths(100 * spaces_.use(j).cp));
      table_.set(1, hundredths(100 * spaces_.use(j).ziip));
      table_.set(2, s.percent(s.uses()));
      table_.set(3, s.percent(s.delays()));
    }
  }
  void flush() override { table_.flush(); }

 private:
  AddressSpaces spaces_;
  Table table_;
};

}  // namespace

WriterPtr workload_report(const ReportContext& context) {
  return std::make_unique<WorkloadReport>(context);
}
WriterPtr delay_report(const ReportContext& context) {
  return std::make_unique<DelayReport>(context);
}
WriterPtr proc_report(const ReportContext& context) {
  return std::make_unique<ProcReport>(context);
}

}  // namespace rmf
