#include "model/scenario.hpp"

#include <algorithm>

namespace rmf {

namespace {

double smooth(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

// Within which a scenario comes and, from its end on, goes: batch drains, users come and go, one
// task after the other runs into a loop, which is cancelled, and drives fail one by one. A link is
// lost at once, what waits for it takes minutes to pile up and to be worked off.
struct Edges {
  Time in, out;
};
Edges edges_of(ScenarioKind kind) {
  switch (kind) {
    case ScenarioKind::kBatchOverrun: return {15 * kMinute, 30 * kMinute};
    case ScenarioKind::kMonthEnd: return {30 * kMinute, 30 * kMinute};
    case ScenarioKind::kPagingStorm: return {6 * kMinute, 10 * kMinute};
    case ScenarioKind::kCpuLoop: return {5 * kMinute, kMinute};
    case ScenarioKind::kSlowControlUnit: return {12 * kMinute, 6 * kMinute};
    case ScenarioKind::kCfLinkLoss: return {6 * kMinute, 3 * kMinute};
    case ScenarioKind::kStorageLeak:
    case ScenarioKind::kIpl: break;
  }
  return {kMinute, kMinute};
}

// 0 before, 1 during, 0 after.
double presence(const ScenarioConfig& s, Time time) {
  const Edges edges = edges_of(s.kind);
  const double in = smooth(static_cast<double>(time - s.start) / static_cast<double>(edges.in));
  const double out = smooth(static_cast<double>(time - s.end) / static_cast<double>(edges.out));
  return std::max(0.0, in - out);
}

constexpr double kLeakPerHour = 48.0 * 1024 * 1024;  // of ECSA, at intensity 1

}  // namespace

Effects effects_at(std::span<const ScenarioConfig* const> scenarios, Time time) {
  Effects e;
  for (const ScenarioConfig* s : scenarios) {
    if (s->kind != ScenarioKind::kIpl || time < s->start) continue;
    if (time < s->end) {
      e.down = true;
    } else {
      e.up_since = std::max(e.up_since, s->end);
    }
  }
  for (const ScenarioConfig* s : scenarios) {
    if (time < s->start) continue;
    if (s->kind == ScenarioKind::kStorageLeak) {
      // What has leaked stays so until the next IPL.
      const Time leaking = std::min(time, s->end) - std::max(s->start, e.up_since);
      e.leak_bytes +=
          s->intensity * kLeakPerHour *
          (static_cast<double>(std::max(Time{0}, leaking)) / static_cast<double>(kHour));
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
      case ScenarioKind::kPagingStorm:
        e.paging += 0.36 * strength;
        e.paging_most += 0.36 * s->intensity;
        break;
      case ScenarioKind::kSlowControlUnit: e.slow[target] += 9.0 * strength; break;
      case ScenarioKind::kCfLinkLoss:
        if (time < s->end) {
          e.link_lost[target] = std::min(1.0, e.link_lost[target] + s->intensity);
        }
        e.link_was_lost[target] = std::min(1.0, e.link_was_lost[target] + strength);
        break;
      case ScenarioKind::kMonthEnd: e.month_end = std::max(e.month_end, strength); break;
      case ScenarioKind::kStorageLeak:
      case ScenarioKind::kIpl: break;
    }
  }
  return e;
}

}  // namespace rmf
