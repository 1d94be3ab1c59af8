// Options into collectors; a collection; what goes wrong is logged when it begins and when it ends.
#include "node_probe.hpp"

#include <algorithm>
#include <ctime>
#include <functional>

#include "filter.hpp"
#include "links.hpp"
#include "proc_stat.hpp"

namespace node_probe {

namespace {

using Report = std::function<void(const std::string& path, const std::string& what)>;

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool runs(const Options& options, std::string_view name) {
  const CollectorOptions& c = options.collectors;
  return (c.include.empty() || contains(c.include, name)) && !contains(c.exclude, name);
}

// False when a name is unknown.
bool check_names(const std::vector<std::string>& names, const char* list, const Report& report) {
  const auto types = collector_types();
  bool good = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (std::any_of(types.begin(), types.end(), [&](const auto& t) { return t.name == name; })) {
      continue;
    }
    report(std::string("collectors.") + list + "[" + std::to_string(i) + "]",
           "there is no collector '" + name + "'; did you mean '" +
               std::string(nearest_collector(name)) + "'? Collectors: " + collector_names());
    good = false;
  }
  return good;
}

void check_options(const Options& o, const Report& report) {
  if (!o.root.starts_with('/')) report("root", "must be an absolute path, such as /host");
  const bool included = check_names(o.collectors.include, "include", report);
  const bool excluded = check_names(o.collectors.exclude, "exclude", report);
  const std::pair<const char*, const std::string*> patterns[] = {
      {"filesystem.mount_points_exclude", &o.filesystem.mount_points_exclude},
      {"filesystem.fs_types_exclude", &o.filesystem.fs_types_exclude},
      {"diskstats.device_include", &o.diskstats.device_include},
      {"diskstats.device_exclude", &o.diskstats.device_exclude},
      {"netdev.device_include", &o.netdev.device_include},
      {"netdev.device_exclude", &o.netdev.device_exclude},
      {"netclass.ignored_devices", &o.netclass.ignored_devices},
      {"vmstat.fields", &o.vmstat.fields},
      {"netstat.fields", &o.netstat.fields},
  };
  for (const auto& [path, pattern] : patterns) {
    const std::string problem = Filter::problem(*pattern);
    if (!problem.empty()) report(path, problem);
  }
  const auto both = [&](const std::string& include, const std::string& exclude,
                        const char* by_default) {
    return !include.empty() && !exclude.empty() && exclude != by_default;
  };
  const char* const kBoth = "use either device_include or device_exclude, not both";
  if (both(o.diskstats.device_include, o.diskstats.device_exclude, kDisksExcluded)) {
    report("diskstats.device_include", kBoth);
  }
  if (both(o.netdev.device_include, o.netdev.device_exclude, kNetdevsExcluded)) {
    report("netdev.device_include", kBoth);
  }
  const auto types = collector_types();
  if (included && excluded &&
      std::none_of(types.begin(), types.end(), [&](const auto& t) { return runs(o, t.name); })) {
    report("collectors", "no collector is left to run");
  }
}

const Options& checked(const Options& options) {
  check_options(options, [](const std::string& path, const std::string& what) {
    throw weir::OptionError(path, what);
  });
  return options;
}

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Shared::Shared(Context& context)
    : proc_stat(std::make_unique<ProcStat>(context)),
      links(std::make_unique<Links>(context, runs(context.options, "netdev"),
                                    runs(context.options, "netclass"))) {}
Shared::~Shared() = default;

NodeProbe::NodeProbe(weir::Source source, const Options& options)
    : options_(checked(options)),
      context_(source, options_),
      shared_(std::make_unique<Shared>(context_)),
      scrape_(source.measurement(
          weir::Schema("node_scrape_collector", "The collectors of this source.")
              .label("collector")
              .gauge("duration_seconds", "seconds", "How long the collector took.")
              .gauge("success", "", "Whether the collector found what it measures."))) {
  for (const CollectorType& type : collector_types()) {
    if (!runs(options_, type.name)) continue;
    running_.push_back({type.name, type.make(context_, *shared_),
                        context_.series(scrape_, {type.name}), Outcome::kOk});
  }
}

void NodeProbe::check(const Options& options, weir::Problems& problems) {
  check_options(options, [&](const std::string& path, const std::string& what) {
    problems.add(path.c_str(), what);
  });
}

void NodeProbe::collect(weir::Time time) {
  context_.time = time;
  context_.clock_ns = clock_ns(CLOCK_MONOTONIC);
  ++context_.pass;
  const auto rows = static_cast<std::uint32_t>(running_.size());
  weir::Batch scrape = context_.source.batch(scrape_, rows);
  std::int64_t begin_ns = context_.clock_ns;
  for (Running& running : running_) {
    run(running);
    const std::int64_t end_ns = clock_ns(CLOCK_MONOTONIC);
    const std::uint32_t row = scrape.add(running.series, time);
    scrape.set(0, row, static_cast<double>(end_ns - begin_ns) / 1e9);
    scrape.set(1, row, running.outcome == Outcome::kOk ? 1 : 0);
    begin_ns = end_ns;
  }
  context_.source.emit(std::move(scrape));
  context_.reader.shrink();
}

void NodeProbe::run(Running& running) {
  Outcome now = Outcome::kFailed;
  try {
    now = running.collector->collect(context_);
  } catch (const std::exception& e) {  // the agent's limits; the other collectors go on
    context_.failure = e.what();
  }
  if (now != running.outcome) log_change(running, now);
  running.outcome = now;
}

void NodeProbe::log_change(const Running& running, Outcome now) const {
  const std::string collector = "collector " + std::string(running.name);
  switch (now) {
    case Outcome::kOk: context_.source.info(collector + " works again"); break;
    case Outcome::kNoData: context_.source.debug(collector + " finds nothing to measure"); break;
    case Outcome::kFailed: context_.source.warn(collector + ": " + context_.failure); break;
  }
}

}  // namespace node_probe
