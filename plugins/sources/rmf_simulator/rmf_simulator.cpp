#include "rmf_simulator.hpp"

#include <chrono>

#include "weir/simulate_seed.hpp"

namespace rmf {

namespace {

World checked_world(weir::Source source, const Options& options) {
  std::vector<Problem> problems;
  World world = make_world(options, weir::sim::world_seed(source, options.seed), problems);
  if (!problems.empty()) throw weir::OptionError(problems[0].path, problems[0].message);
  if (source.interval() > 0) world.config.interval = source.interval();
  return world;
}

}  // namespace

void RmfSimulator::check(const Options& options, weir::Problems& problems) {
  std::vector<Problem> found;
  make_world(options, 0, found);
  for (const Problem& p : found) problems.add(p.path.c_str(), p.message);
}

RmfSimulator::RmfSimulator(weir::Source source, const Options& options)
    : source_(source), world_(checked_world(source, options)) {
  const Config& config = world_.config;
  for (const std::string& name : config.zones) zones_.emplace_back(name);
  for (const Holidays& holidays : config.holidays) calendars_.emplace_back(holidays);
  cpcs_.reserve(config.cpcs.size());
  for (std::size_t i = 0; i < config.cpcs.size(); ++i) {
    cpcs_.emplace_back(config, static_cast<int>(i), calendars_, zones_);
  }
  devices_.reserve(config.lpars.size());
  each_lpar(cpcs_, [&](std::size_t, const Lpar& lpar, const Cpc&) {
    devices_.emplace_back(config, lpar.key());
  });
  const ReportContext context{source, cpcs_, config.seed, config.profile};
  const auto wanted = [&](Report r) { return (world_.reports >> r & 1u) != 0; };
  if (wanted(kDocumentedReport)) writers_.push_back(documented_report(context, generated_));
  constexpr std::pair<Report, WriterPtr (*)(const ReportContext&)> kWriters[]{
      {kCpcReport, cpc_report},
      {kProcReport, proc_report},
      {kStorReport, stor_report},
      {kDevReport, device_report},
      {kCacheReport, cache_report},
      {kChannelReport, channel_report},
      {kCfReport, cf_report},
      {kDelayReport, delay_report},
      {kWorkloadReport, workload_report},
      {kHitachiReport, hitachi_report},
  };
  for (const auto& [report, make] : kWriters) {
    if (wanted(report)) writers_.push_back(make(context));
  }
  events_ = std::make_unique<Events>(source, config);
  if (options.self_metrics) self_ = std::make_unique<SelfMetrics>(source);
}

void RmfSimulator::collect(weir::Time time) {
  const auto begin = std::chrono::steady_clock::now();
  const Time interval = world_.config.interval;
  std::size_t number = 0, active = 0;
  for (Cpc& cpc : cpcs_) {
    if (source_.stopping()) break;  // thousands of LPARs take seconds
    cpc.move_to(time);
    for (std::size_t i = 0; i < cpc.lpars().size(); ++i, ++number) {
      const LparState& state = cpc.states()[i];
      if (!state.up) continue;
      ++active;
      Lpar& lpar = cpc.lpars()[i];
      devices_[number].at(time, lpar, state, scratch_);
      cpc.counts(i, counts_);
      const LparView view{time, interval, number, i, lpar, state, scratch_, counts_, cpc};
      for (const WriterPtr& writer : writers_) writer->lpar(view);
    }
    for (const WriterPtr& writer : writers_) writer->cpc({time, cpc});
  }
  for (const WriterPtr& writer : writers_) writer->flush();
  events_->emit(time - interval, time);
  if (self_) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    self_->emit(time, generated_, active, took.count());
  }
}

}  // namespace rmf

using rmf::RmfSimulator;
WEIR_PLUGIN("rmf_simulator", "0.1.0",
            weir::source<RmfSimulator>("rmf_simulator", "Simulates z/OS LPARs as RMF reports them.",
                                       WEIR_TIME_DRIVEN))
