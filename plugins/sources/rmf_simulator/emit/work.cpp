// work.cpp - Monitor III reports PROC, DELAY with USAGE, and workload activity: what address spaces
// and service classes use, and what they wait for.
#include "emit/report.hpp"
#include "emit/schema.hpp"
#include "model/response.hpp"

namespace rmf {

namespace {

// Dispatchable units of a service class that use or wait for something, at any time.
struct Use {
  double cpu = 0, device = 0;                              // using
  double cpu_delay = 0, device_delay = 0, page_delay = 0;  // waiting
  double using_all() const { return cpu + device; }
  double delay_all() const { return cpu_delay + device_delay + page_delay; }
  // Without devices, as where I/O priority management is off.
  double velocity() const {
    const double all = cpu + cpu_delay + page_delay;
    return all > 0 ? 100 * cpu / all : 0;
  }
};

Use use_of(const LparState& state, std::size_t k) {
  const ServiceState& s = state.services[k];
  Use use;
  use.cpu = s.served + s.on_ziip + s.on_zaap;
  use.device = s.io_using;
  use.cpu_delay = s.served * s.wait;
  use.device_delay = s.io_delay;
  use.page_delay = state.storage.stall * (use.cpu + 0.5 * use.device);
  return use;
}

class WorkloadReport : public ReportWriter {
 public:
  explicit WorkloadReport(const ReportContext& c)
      : table_(c.source,
               lpar_schema("rmf_workload", "Workload activity by service class.",
                           {"workload", "service_class"})
                   .field("importance", WEIR_I64, WEIR_GAUGE, "",
                          "1 highest to 5; 0 system, 6 discretionary.")
                   .gauge("transaction_rate", "", "Transactions a second that ended.")
                   .gauge("response_time_seconds", "seconds", "Their average response time.")
                   .gauge("execution_velocity_percent", "percent",
                          "Using of using and delayed, for processor and storage.")
                   .gauge("performance_index", "",
                          "Actual by goal, above 1 is worse; 0 where there is no goal.")
                   .gauge("appl_percent", "percent", "CP time, of one engine.")
                   .gauge("ziip_percent", "percent", "zIIP time, of one engine.")
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
    for (std::size_t k = 0; k < kServices; ++k) {
      const ServiceSpec& spec = kServiceSpecs[k];
      const ServiceState& s = v.state.services[k];
      const double velocity = use_of(v.state, k).velocity();
      table_.row(v.number * kServices + k, v.time);
      table_.set_i64(0, spec.importance);
      table_.set(1, hundredths(s.rate));
      table_.set(2, micro(s.response_s));
      table_.set(3, hundredths(velocity));
      table_.set(4, hundredths(performance_index(spec, s.response_s, velocity)));
      table_.set(5, hundredths(100 * s.served));
      table_.set(6, hundredths(100 * s.on_ziip));
      table_.set(7, hundredths(100 * s.on_cp));
      table_.set(8, hundredths((s.served - s.loop - s.on_cp) / spec.cpu_s * spec.ios));
    }
  }
  void flush() override { table_.flush(); }

 private:
  Table table_;
};

// Monitor III samples once a second and counts what it finds units doing: percents are counts of
// samples, and short intervals are coarse.
class DelayReport : public ReportWriter {
 public:
  explicit DelayReport(const ReportContext& c)
      : seed_(c.seed),
        table_(c.source,
               lpar_schema("rmf_delay", "Using and delay of service classes, sampled.",
                           {"service_class"})
                   .gauge("using_percent", "percent", "Samples that found it using something.")
                   .gauge("processor_using_percent", "percent", "Of them, a processor.")
                   .gauge("device_using_percent", "percent", "Of them, a device.")
                   .gauge("delay_percent", "percent", "Samples that found it delayed.")
                   .gauge("processor_delay_percent", "percent", "Of them, for a processor.")
                   .gauge("device_delay_percent", "percent", "Of them, for a device.")
                   .gauge("storage_delay_percent", "percent", "Of them, for pages.")
                   .gauge("idle_percent", "percent", "Samples that found it without work.")
                   .gauge("unknown_percent", "percent", "Samples that found none of these.")
                   .gauge("workflow_percent", "percent", "Using of using and delayed.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      for (const ServiceSpec& s : kServiceSpecs) table_.add({l.sysplex, l.name, s.name});
    });
  }

  void lpar(const LparView& v) override {
    for (std::size_t k = 0; k < kServices; ++k) {
      const Use use = use_of(v.state, k);
      const double known = use.using_all() + use.delay_all();
      const double usual = kServiceSpecs[k].tasks * v.lpar.config().cps / 16.0;
      const double units = std::max({2.0, usual, 1.25 * known});
      const double unknown = 0.2 * (units - known);
      const std::int64_t samples =
          std::max<std::int64_t>(1, v.interval / kSecond) * weir::sim::floor_int(units + 0.5);
      std::int64_t left = samples;
      const auto sampled = [&](double part, std::uint64_t what) {
        const std::uint64_t hash = stream(seed_, Stream::kSample, v.lpar.key(),
                                          static_cast<std::uint64_t>(v.time), k, what);
        const double expected = part / units * static_cast<double>(samples);
        const std::int64_t n =
            std::min(left, weir::sim::floor_int(expected + weir::sim::uniform(hash)));
        left -= n;
        return n;
      };
      const std::int64_t cpu = sampled(use.cpu, 0), device = sampled(use.device, 1),
                         cpu_delay = sampled(use.cpu_delay, 2),
                         device_delay = sampled(use.device_delay, 3),
                         page_delay = sampled(use.page_delay, 4), other = sampled(unknown, 5);
      const std::int64_t uses = cpu + device, delays = cpu_delay + device_delay + page_delay;
      const auto percent = [&](std::int64_t n) {
        return 100 * static_cast<double>(n) / static_cast<double>(samples);
      };
      table_.row(v.number * kServices + k, v.time);
      std::uint32_t field = 0;
      for (const std::int64_t n :
           {uses, cpu, device, delays, cpu_delay, device_delay, page_delay, left, other}) {
        table_.set(field++, percent(n));
      }
      table_.set(field, uses + delays > 0 ? hundredths(100 * static_cast<double>(uses) /
                                                       static_cast<double>(uses + delays))
                                          : 0);
    }
  }
  void flush() override { table_.flush(); }

 private:
  std::uint64_t seed_;
  Table table_;
};

class ProcReport : public ReportWriter {
 public:
  explicit ProcReport(const ReportContext& c)
      : table_(
            c.source,
            lpar_schema("rmf_proc", "Processor use of address spaces.", {"job", "service_class"})
                .gauge("appl_percent", "percent", "CP time, of one engine.")
                .gauge("ziip_percent", "percent", "zIIP time, of one engine.")
                .gauge("using_percent", "percent", "Share of the time that it used a CP.")
                .gauge("delay_percent", "percent", "Share of the time that it waited for one.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      for (std::size_t j = 0; j < kJobs; ++j) {
        const JobSpec& job = kJobSpecs[j];
        table_.add({l.sysplex, l.name, job.name, kServiceSpecs[job.service].name});
        share_.push_back(Noise(stream(c.seed, Stream::kJob, lpar.key(), j), 7 * kMinute));
      }
    });
  }

  void lpar(const LparView& v) override {
    // What address spaces of a service class do sums to what the service class does.
    std::array<double, kServices> sum{};
    std::array<double, kJobs> share{};
    for (std::size_t j = 0; j < kJobs; ++j) {
      const double moves = std::max(0.3, 1 + 0.1 * share_[v.number * kJobs + j].at(v.time));
      share[j] = kJobSpecs[j].share * moves;
      sum[kJobSpecs[j].service] += share[j];
    }
    for (std::size_t j = 0; j < kJobs; ++j) {
      const Service k = kJobSpecs[j].service;
      const ServiceState& s = v.state.services[k];
      const double part = share[j] / sum[k];
      const bool loops =
          v.state.effects.loop_cps > 0 && v.state.effects.loop_job == static_cast<int>(j);
      const double cps = (s.served - s.loop) * part + (loops ? s.loop : 0);
      table_.row(v.number * kJobs + j, v.time);
      table_.set(0, hundredths(100 * cps));
      table_.set(1, hundredths(100 * s.on_ziip * part));
      // Of an address space with many units, whether any of them did.
      table_.set(2, hundredths(100 * saturate(cps)));
      table_.set(3, hundredths(100 * saturate(cps * s.wait)));
    }
  }
  void flush() override { table_.flush(); }

 private:
  Table table_;
  std::vector<Noise> share_;
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
