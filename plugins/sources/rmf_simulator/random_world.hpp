// random_world.hpp - for tests: configurations that nobody would write, all of them legal.
#pragma once

#include <random>

#include "fixture.hpp"

namespace rmf::testing {

inline std::string stamp(Time time) {
  const std::int64_t days = time / kDay;
  const Day day = Calendar().day(days);
  std::int64_t year = 1970;  // what Calendar does not tell: by counting
  for (std::int64_t d = 0; d < days; ++d) {
    const Day next = Calendar().day(d + 1);
    if (next.month == 1 && next.day == 1) ++year;
  }
  const std::int64_t s = time % kDay / kSecond;
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(year),
                day.month, day.day, static_cast<int>(s / 3600), static_cast<int>(s / 60 % 60),
                static_cast<int>(s % 60));
  return text;
}

// LPARs of all kinds on CPCs that are large or small, with scenarios around `time`.
inline Options random_options(std::mt19937_64& random, Time time) {
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  Options o = options(random() >> 2);
  o.profile = pick(0, 2) == 0 ? Profile::kDocumented : Profile::kModern;
  o.growth = pick(-5, 12);
  const int lpars = pick(1, 7);
  const bool small_cpc = pick(0, 1) == 1;
  int most = 0, total = 0;
  o.lpars.emplace();
  for (int i = 0; i < lpars; ++i) {
    LparOptions l = lpar_options("L" + std::to_string(i), static_cast<Workload>(pick(0, 2)),
                                 pick(0, 3) == 0 ? pick(1, 3) : pick(2, 40));
    l.sysplex = pick(0, 3) == 0 ? "OTHER" : "";
    l.memory = {static_cast<std::uint64_t>(pick(2, 256)) << 30};
    l.load = 0.3 + 0.1 * pick(0, 14);
    if (pick(0, 2) == 0) l.ziips = pick(0, std::min(6, l.cps));
    if (pick(0, 2) == 0) l.zaaps = 0;
    if (pick(0, 2) == 0) l.weight = pick(1, 999);
    if (pick(0, 2) == 0) l.defined_capacity = std::min(20 * pick(1, 80), 140 * l.cps);
    if (pick(0, 2) == 0) l.time_zone = "America/New_York";
    most = std::max(most, l.cps);
    total += l.cps;
    o.lpars->push_back(std::move(l));
  }
  if (small_cpc) {
    CpcOptions c;
    c.name = "SMALL";
    c.cps = std::max(most, total / 2);
    o.cpcs.push_back(c);
  }
  const int scenarios = pick(0, 4);
  for (int i = 0; i < scenarios; ++i) {
    const Time start = time + pick(-20, 20) * 30 * kMinute;
    ScenarioOptions s = scenario_options(static_cast<ScenarioKind>(pick(0, kScenarioKinds - 1)),
                                         stamp(start), stamp(start + pick(1, 30) * 10 * kMinute));
    s.name += std::to_string(i);
    s.intensity = 0.25 * pick(1, 12);
    if (pick(0, 1) == 0) s.lpars = {o.lpars->front().name};
    o.scenarios.push_back(std::move(s));
  }
  return o;
}

// Some time of ten years from 2020.
inline Time random_time(std::mt19937_64& random) {
  const Time first = *parse_time("2020-01-01");
  return first + std::uniform_int_distribution<Time>(0, 3652 * kDay / kSecond)(random) * kSecond;
}

}  // namespace rmf::testing
