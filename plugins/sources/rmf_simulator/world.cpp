// world.cpp - options to a world: defaults worked out, every problem that no single option shows.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <stdexcept>

#include "dates.hpp"
#include "model/curves.hpp"
#include "model/jobs.hpp"
#include "model/scenario.hpp"
#include "model/service.hpp"
#include "model/zone.hpp"
#include "options.hpp"
#include "weir/simulate.hpp"

namespace rmf {

namespace {

constexpr std::size_t kLparsMax = 10'000;
constexpr int kLparsPerCpc = 85;     // what PR/SM allows
constexpr int kLogicalPerCpc = 240;  // of a CPC that is made up
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

bool good_name(const std::string& name) {
  return !name.empty() && name.size() <= 50 && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' ||
           c == '#' || c == '$' || c == '_' || c == '-';
  });
}

std::string bad_name(const std::string& name) {
  return "'" + name + "' cannot be a name; write 1 to 50 of A-Z a-z 0-9 @ # $ _ -, as in SYSPLEX01";
}

// As z/OS has it.
bool good_lpar_name(const std::string& name) {
  return !name.empty() && name.size() <= 8 && (name[0] < '0' || name[0] > '9') &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '@' || c == '#' ||
                  c == '$';
         });
}

LparOptions documented(const char* name, Workload workload, int cps, std::uint64_t gib) {
  LparOptions o;
  o.name = name;
  o.workload = workload;
  o.cps = cps;
  o.memory = {gib * kGiB};
  return o;
}

class Builder {
 public:
  Builder(const Options& options, std::uint64_t seed, std::vector<Problem>& problems)
      : options_(options), problems_(problems) {
    config().seed = seed;
    config().profile = options.profile;
    config().growth_percent = options.growth;
  }

  World build() {
    reports();
    growth();
    lpars();
    holidays();
    cpcs();
    fit();
    scenarios();
    return std::move(world_);
  }

 private:
  Config& config() { return world_.config; }
  void problem(std::string path, std::string message) {
    problems_.push_back({std::move(path), std::move(message)});
  }

  void reports() {
    for (std::size_t i = 0; i < options_.reports.size(); ++i) {
      const std::string& name = options_.reports[i];
      const auto* found = std::ranges::find(kReportNames, name);
      if (name == "all") {
        world_.reports = (1u << kReports) - 1;
      } else if (found != std::end(kReportNames)) {
        world_.reports |= 1u << (found - std::begin(kReportNames));
      } else {
        std::string known;
        for (const char* k : kReportNames) known += std::string(k) + ", ";
        problem("reports[" + std::to_string(i) + "]",
                "there is no report '" + name + "'; there are " + known + "and all");
      }
    }
    if (world_.reports == 0 && options_.reports.empty()) {
      problem("reports", "the list is empty: nothing would be reported; name one, or leave it out");
    }
  }

  // Days off: those that are written, of all zones, or else what is usual in each.
  void holidays() {
    Holidays written;
    const std::vector<std::string> none;
    const std::vector<std::string>& texts = options_.holidays ? *options_.holidays : none;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (!add_holiday(texts[i], written)) {
        problem("holidays[" + std::to_string(i) + "]",
                "'" + texts[i] + "' is no day; write 12-25, 2025-04-21 or one of " +
                    movable_holidays());
      }
    }
    for (const std::string& zone : config().zones) {
      config().holidays.push_back(options_.holidays ? written : usual_holidays(zone));
    }
  }

  void growth() {
    const auto from = parse_time(options_.growth_from);
    if (!from) problem("growth_from", "'" + options_.growth_from + "' is no day; write 2025-01-01");
    config().growth_from = from.value_or(0);
  }

  int zone(const std::string& name, const std::string& path) {
    auto& zones = config().zones;
    const auto found = std::ranges::find(zones, name);
    if (found != zones.end()) return static_cast<int>(found - zones.begin());
    try {
      Zone{name};
    } catch (const std::invalid_argument& e) {
      problem(path, e.what());
    }
    zones.push_back(name);
    return static_cast<int>(zones.size() - 1);
  }

  void lpars() {
    if (options_.lpars && options_.lpars->empty()) {
      problem("lpars",
              "the list is empty: there would be nothing to simulate; name an LPAR, or "
              "leave it out for PROD01, PROD02, BATCH01 and TEST01");
    }
    std::vector<LparOptions> wanted = options_.lpars.value_or(std::vector<LparOptions>{});
    if (wanted.empty()) {
      wanted = {documented("PROD01", Workload::kOnline, 16, 64),
                documented("PROD02", Workload::kOnline, 12, 48),
                documented("BATCH01", Workload::kBatch, 8, 32),
                documented("TEST01", Workload::kMixed, 4, 16)};
    }
    if (!good_name(options_.sysplex)) problem("sysplex", bad_name(options_.sysplex));
    std::set<std::pair<std::string, std::string>> names;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const LparOptions& o = wanted[i];
      const std::string path = options_.lpars ? "lpars[" + std::to_string(i) + "]" : "lpars";
      LparConfig c;
      c.sysplex = o.sysplex.empty() ? options_.sysplex : o.sysplex;
      const std::string& zone_name = o.time_zone.empty() ? options_.time_zone : o.time_zone;
      c.zone = zone(zone_name, o.time_zone.empty() ? "time_zone" : path + ".time_zone");
      c.workload = o.workload;
      c.cps = o.cps;
      c.ziips = o.ziips.value_or((o.cps + 3) / 4);
      c.zaaps = o.zaaps.value_or((o.cps + 7) / 8);
      c.weight = o.weight.value_or(10.0 * o.cps);
      c.memory_bytes = o.memory.count;
      c.defined_msu = o.defined_capacity;
      c.load = o.load;
      if (c.ziips > 2 * c.cps) {
        problem(path + ".ziips", too_many_ziips("The LPAR " + o.name, c.ziips, c.cps));
      }
      const std::string last = std::to_string(o.count);
      if (!good_lpar_name(o.name + (o.count > 1 ? last : ""))) {
        problem(path + ".name", "'" + o.name + "' cannot be the name of an LPAR" +
                                    (o.count > 1 ? " with the number to " + last : "") +
                                    "; write 1 to 8 of A-Z 0-9 @ # $, no digit first, as in "
                                    "PROD01");
      }
      if (!o.sysplex.empty() && !good_name(o.sysplex)) {
        problem(path + ".sysplex", bad_name(o.sysplex));
      }
      if (world_.config.lpars.size() + static_cast<std::size_t>(o.count) > kLparsMax) {
        problem(path, "there are more than 10000 LPARs; take fewer, or a second source");
        return;
      }
      for (int n = 1; n <= o.count; ++n) {
        std::string number = o.count == 1 ? "" : std::to_string(n);
        if (o.count > 1) number.insert(0, last.size() - number.size(), '0');
        c.name = o.name + number;
        if (!names.emplace(c.sysplex, c.name).second) {
          problem(path + ".name", "the sysplex " + c.sysplex + " has two LPARs " + c.name +
                                      "; give one another name");
        }
        config().lpars.push_back(c);
        cpc_names_.push_back(o.cpc);
        paths_.push_back(path);
      }
    }
  }

  // Says which CPC each LPAR is on, and makes up those that were not configured.
  void cpcs() {
    std::map<std::string, int> by_name;
    for (std::size_t i = 0; i < options_.cpcs.size(); ++i) {
      const CpcOptions& o = options_.cpcs[i];
      const std::string path = "cpcs[" + std::to_string(i) + "]";
      if (!good_name(o.name)) problem(path + ".name", "'" + o.name + "' cannot be a name");
      if (!by_name.emplace(o.name, static_cast<int>(i)).second) {
        problem(path + ".name", "there are two CPCs " + o.name + "; give one another name");
      }
      CpcConfig c;
      c.name = o.name;
      c.cps = o.cps;
      config().cpcs.push_back(c);
    }
    std::map<std::string, int> open;  // by sysplex or name of an unknown CPC, what is made up
    std::map<int, std::pair<int, int>> filled;
    for (std::size_t i = 0; i < config().lpars.size(); ++i) {
      LparConfig& lpar = config().lpars[i];
      const std::string& name = cpc_names_[i];
      if (name.empty() && options_.cpcs.size() == 1) {
        lpar.cpc = 0;
        continue;
      }
      const auto found = by_name.find(name);
      if (found != by_name.end()) {
        lpar.cpc = found->second;
        continue;
      }
      if (!options_.cpcs.empty()) {
        problem(paths_[i] + ".cpc", name.empty()
                                        ? lpar.name + " does not say which of the CPCs it runs on"
                                        : "there is no CPC '" + name + "' in cpcs; the LPAR " +
                                              lpar.name + " needs one that is");
        continue;
      }
      const std::string key = name.empty() ? "\n" + lpar.sysplex : name;
      auto at = open.find(key);
      if (at != open.end() && name.empty()) {
        const auto [count, logical] = filled[at->second];
        if (count >= kLparsPerCpc || logical + lpar.cps > kLogicalPerCpc) open.erase(at);
      }
      at = open.find(key);
      if (at == open.end()) {
        CpcConfig c;
        const std::string number = std::to_string(config().cpcs.size() + 1);
        c.name = name.empty() ? "CPC" + std::string(number.size() < 2 ? "0" : "") + number : name;
        config().cpcs.push_back(c);
        at = open.emplace(key, static_cast<int>(config().cpcs.size() - 1)).first;
      }
      lpar.cpc = at->second;
      ++filled[at->second].first;
      filled[at->second].second += lpar.cps;
    }
  }

  // Engines and memory: what was not given is made large enough, what was given must be.
  void fit() {
    std::vector<std::string> reasons(config().cpcs.size());
    for (std::size_t i = 0; i < config().cpcs.size(); ++i) {
      CpcConfig& cpc = config().cpcs[i];
      const CpcOptions* given = i < options_.cpcs.size() ? &options_.cpcs[i] : nullptr;
      const std::string path = given != nullptr ? "cpcs[" + std::to_string(i) + "]" : "lpars";
      int count = 0, most[3] = {0, 0, 0}, sum[3] = {0, 0, 0};
      std::uint64_t memory = 0;
      const LparConfig* largest = nullptr;
      for (const LparConfig& lpar : config().lpars) {
        if (lpar.cpc != static_cast<int>(i)) continue;
        ++count;
        memory += lpar.memory_bytes;
        const int need[3] = {lpar.cps, lpar.ziips, lpar.zaaps};
        for (int p = 0; p < 3; ++p) {
          sum[p] += need[p];
          most[p] = std::max(most[p], need[p]);
        }
        if (largest == nullptr || lpar.cps > largest->cps) largest = &lpar;
      }
      const auto enough = [&](int p) { return std::max(most[p], (sum[p] * 7 + 9) / 10); };
      cpc.cps = given != nullptr ? given->cps : std::max(1, enough(0));
      cpc.ziips = given != nullptr ? given->ziips.value_or(enough(1)) : enough(1);
      cpc.zaaps = given != nullptr ? given->zaaps.value_or(enough(2)) : enough(2);
      const double msu = 250 * weir::sim::pow(cpc.cps, 0.9);
      cpc.msu = given != nullptr && given->msu
                    ? *given->msu
                    : static_cast<double>(weir::sim::floor_int(msu + 0.5));
      cpc.memory_bytes =
          given != nullptr && given->memory ? given->memory->count : std::max(memory, kGiB);
      if (cpc.ziips > 2 * cpc.cps) {
        problem(given != nullptr ? path + ".ziips" : path,
                too_many_ziips("the CPC " + cpc.name, cpc.ziips, cpc.cps));
      }
      soft_caps(static_cast<int>(i));
      if (count == 0 && given != nullptr) {
        problem(path, "no LPAR runs on the CPC " + cpc.name +
                          "; name it as the cpc of one, or leave it out");
      }
      if (count > kLparsPerCpc) {
        problem(path, "the CPC " + cpc.name + " has " + std::to_string(count) +
                          " LPARs and can have 85; put some on another");
      }
      const char* kinds[3] = {"CPs", "zIIPs", "zAAPs"};
      const int have[3] = {cpc.cps, cpc.ziips, cpc.zaaps};
      for (int p = 0; p < 3; ++p) {
        if (most[p] <= have[p]) continue;
        problem(path, "an LPAR" + (p == 0 ? " (" + largest->name + ")" : std::string()) + " has " +
                          std::to_string(most[p]) + " logical " + kinds[p] + " and its CPC " +
                          cpc.name + " only " + std::to_string(have[p]) +
                          " physical ones; lower the one or raise the other");
      }
      if (memory > cpc.memory_bytes) {
        problem(path, "the LPARs of the CPC " + cpc.name + " need " +
                          std::to_string(memory / kGiB) + " GiB of memory and it has " +
                          std::to_string(cpc.memory_bytes / kGiB) +
                          " GiB; memory is not shared: lower the one or raise the other");
      }
    }
    // Those of one CPC follow each other, otherwise in the order written.
    std::ranges::stable_sort(config().lpars, {}, &LparConfig::cpc);
  }

  static std::string too_many_ziips(const std::string& whose, int ziips, int cps) {
    return whose + " has " + std::to_string(ziips) + " zIIPs and " + std::to_string(cps) +
           " CPs; there can be two zIIPs for each CP: lower the one or raise the other";
  }

  // A cap that can never be reached would be a mistake.
  void soft_caps(int number) {
    const CpcConfig& cpc = config().cpcs[static_cast<std::size_t>(number)];
    std::string last;  // one of `count` speaks for all
    for (std::size_t i = 0; i < config().lpars.size(); ++i) {
      const LparConfig& lpar = config().lpars[i];
      const double capacity = cpc.msu / cpc.cps * lpar.cps;
      if (lpar.cpc != number || lpar.defined_msu <= capacity + 0.5 || paths_[i] == last) continue;
      last = paths_[i];
      problem(last + ".defined_capacity",
              "a defined capacity of " + text_of(lpar.defined_msu) + " MSU is above what the " +
                  std::to_string(lpar.cps) + " CPs of " + lpar.name + " have, " +
                  text_of(capacity) + " MSU; lower it, or leave it out for no cap");
    }
  }
  static std::string text_of(double msu) { return std::to_string(weir::sim::floor_int(msu + 0.5)); }

  void scenarios() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < options_.scenarios.size(); ++i) {
      const ScenarioOptions& o = options_.scenarios[i];
      const std::string path = "scenarios[" + std::to_string(i) + "]";
      ScenarioConfig s;
      s.name = o.name;
      s.kind = o.type;
      s.intensity = o.intensity;
      if (!names.insert(o.name).second) {
        problem(path + ".name", "there are two scenarios '" + o.name + "'; rename one");
      }
      s.start = when(o.start, path + ".start");
      s.end = when(o.end, path + ".end");
      if (s.end <= s.start) {
        problem(path + ".end", "the scenario '" + o.name + "' ends (" + o.end + ") " +
                                   (s.end == s.start ? "when" : "before") + " it begins (" +
                                   o.start + "); let it end later");
      }
      for (std::size_t l = 0; l < o.lpars.size(); ++l) {
        bool found = false;
        for (std::size_t n = 0; n < config().lpars.size(); ++n) {
          if (config().lpars[n].name != o.lpars[l]) continue;
          s.lpars.push_back(static_cast<int>(n));
          found = true;
        }
        if (!found) {
          problem(path + ".lpars[" + std::to_string(l) + "]",
                  "there is no LPAR '" + o.lpars[l] + "' for the scenario '" + o.name + "'");
        }
      }
      if (o.lpars.empty()) {
        for (std::size_t n = 0; n < config().lpars.size(); ++n)
          s.lpars.push_back(static_cast<int>(n));
      }
      s.target = target(o, s.lpars, path + ".target");
      config().scenarios.push_back(std::move(s));
    }
  }

  Time when(const std::string& text, const std::string& path) {
    const auto time = parse_time(text);
    if (!time) problem(path, "'" + text + "' is no time; write 2025-03-31T09:30:00Z");
    return time.value_or(0);
  }

  // The job of a loop is known by its name on one of the LPARs.
  int target(const ScenarioOptions& o, const std::vector<int>& lpars, const std::string& path) {
    std::vector<std::string> known;
    if (o.type == ScenarioKind::kCpuLoop) {
      if (lpars.empty()) return 0;  // which was said
      for (const int lpar : lpars) {
        for (std::size_t j = 0; j < kJobSpecs.size(); ++j) {
          const LparConfig& config_of = config().lpars[static_cast<std::size_t>(lpar)];
          if (job_name(config_of, j) == o.target) return static_cast<int>(j);
          if (lpar == lpars.front()) known.push_back(job_name(config_of, j));
        }
      }
    } else if (o.type == ScenarioKind::kSlowControlUnit) {
      for (int u = 0; u < kControlUnits; ++u) known.push_back("CU" + std::to_string(u));
    } else if (o.type == ScenarioKind::kCfLinkLoss) {
      for (int l = 1; l <= kLinks; ++l) known.push_back("CF0" + std::to_string(l));
    }
    if (o.target.empty()) return 0;
    const auto found = std::ranges::find(known, o.target);
    if (found != known.end()) return static_cast<int>(found - known.begin());
    if (known.empty()) {
      problem(path, std::string("a scenario of type ") + name_of(o.type) +
                        " has no target; leave it out");
      return 0;
    }
    std::string list;
    for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
    problem(path, "'" + o.target + "' is none of " + list);
    return 0;
  }

  const Options& options_;
  std::vector<Problem>& problems_;
  World world_;
  std::vector<std::string> cpc_names_, paths_;  // parallel to the LPARs before they are sorted
};

}  // namespace

World make_world(const Options& options, std::uint64_t seed, std::vector<Problem>& problems) {
  return Builder(options, seed, problems).build();
}

}  // namespace rmf
