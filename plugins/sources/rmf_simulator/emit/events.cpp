#include "emit/events.hpp"

#include <algorithm>

#include "model/jobs.hpp"

namespace rmf {

namespace {

std::string describe(const ScenarioConfig& s, const LparConfig& lpar) {
  const auto target = static_cast<std::size_t>(s.target);
  const std::string at = " in " + lpar.name;
  switch (s.kind) {
    case ScenarioKind::kCpuLoop: return "loop in " + job_name(lpar, target) + at;
    case ScenarioKind::kBatchOverrun: return "batch runs past its window" + at;
    case ScenarioKind::kPagingStorm: return "central storage is short" + at;
    case ScenarioKind::kSlowControlUnit:
      return "control unit CU" + std::to_string(s.target) + " is slow" + at;
    case ScenarioKind::kCfLinkLoss:
      return "coupling facility link CF0" + std::to_string(s.target + 1) + " is lost" + at;
    case ScenarioKind::kStorageLeak: return "ECSA is not given back" + at;
    case ScenarioKind::kMonthEnd: return "closing of the books" + at;
    case ScenarioKind::kIpl: return "IPL of " + lpar.name;
  }
  return "";
}

}  // namespace

Events::Events(weir::Source source, const Config& config)
    : table_(source, weir::Schema("rmf_event", "Beginnings and ends of scenarios.")
                         .label("sysplex")
                         .label("lpar")
                         .label("scenario")
                         .label("phase")
                         .field("type", WEIR_STRING, WEIR_GAUGE, "", "Type of the scenario.")
                         .field("description", WEIR_STRING, WEIR_GAUGE, "",
                                "What begins or ends, in words.")) {
  std::size_t series = 0;
  for (const ScenarioConfig& s : config.scenarios) {
    for (const int number : s.lpars) {
      const LparConfig& lpar = config.lpars[static_cast<std::size_t>(number)];
      for (const bool begins : {true, false}) {
        table_.add({lpar.sysplex, lpar.name, s.name, begins ? "start" : "end"});
        events_.push_back({begins ? s.start : s.end, series++, name_of(s.kind), describe(s, lpar)});
      }
    }
  }
  std::ranges::stable_sort(events_, {}, &Event::time);
}

void Events::emit(Time after, Time until) {
  auto at = std::ranges::upper_bound(events_, after, {}, &Event::time);
  for (; at != events_.end() && at->time <= until; ++at) {
    table_.row(at->series, at->time);
    table_.set_string(0, at->type);
    table_.set_string(1, at->text);
  }
  table_.flush();
}

}  // namespace rmf
