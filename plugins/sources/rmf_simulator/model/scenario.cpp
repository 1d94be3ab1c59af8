#include "model/scenario.hpp"

#include <algorithm>

namespace rmf {

namespace {

double smooth(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

// 0 before, 1 during, 0 after.
double presence(const ScenarioConfig& s, Time time) {
  const double in = smooth(static_cast<double>(time - s.start) / kEdge);
  const double out = smooth(static_cast<double>(time - s.end) / kEdge);
  return std::max(0.0, in - out);
}

constexpr double kLeakPerHour = 48.0 * 1024 * 1024;  // of ECSA, at intensity 1

}  // namespace

Effects effects_at(std::span<const ScenarioConfig* const> scenarios, Time time) {
  Effects e;
  for (const ScenarioConfig* s : scenarios) {
    if (time < s->start) continue;
    if (s->kind == ScenarioKind::kIpl) {
      if (time < s->end) {
        e.down = true;
      } else {
        e.up_since = std::max(e.up_since, s->end);
      }
      continue;
    }
    const double there = presence(*s, time);
    if (there <= 0) continue;
    const double strength = there * s->intensity;
    const auto target = static_cast<std::size_t>(s->target);
    switch (s->kind) {
      case ScenarioKind::kCpuLoop:
        e.loop_cps += strength;
        e.loop_job = s->target;
        break;
      case ScenarioKind::kBatchOverrun: e.batch_floor = std::max(e.batch_floor, strength); break;
      case ScenarioKind::kPagingStorm: e.paging += 0.36 * strength; break;
      case ScenarioKind::kSlowControlUnit: e.slow[target] += 9.0 * strength; break;
      case ScenarioKind::kCfLinkLoss:
        e.link_lost[target] = std::min(1.0, e.link_lost[target] + strength);
        break;
      case ScenarioKind::kStorageLeak: {
        const Time leaking = std::min(time, s->end) - s->start;
        e.leak_bytes += there * s->intensity * kLeakPerHour *
                        (static_cast<double>(leaking) / static_cast<double>(kHour));
        break;
      }
      case ScenarioKind::kMonthEnd: e.month_end = std::max(e.month_end, strength); break;
      case ScenarioKind::kIpl: break;
    }
  }
  return e;
}

}  // namespace rmf
