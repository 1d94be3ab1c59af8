// options.hpp - what can be configured, and the checked world that comes of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "weir/options.hpp"

namespace rmf {

struct LparOptions {
  std::string name, sysplex, cpc, time_zone;
  Workload workload = Workload::kOnline;
  int cps = 0, count = 1;
  std::optional<int> ziips, zaaps;
  std::optional<double> weight;
  weir::Bytes memory;
  double defined_capacity = 0, load = 1;
  static const weir::OptionTable<LparOptions>& table();
};

struct CpcOptions {
  std::string name;
  int cps = 0;
  std::optional<int> ziips, zaaps;
  std::optional<double> msu;
  std::optional<weir::Bytes> memory;
  static const weir::OptionTable<CpcOptions>& table();
};

struct ScenarioOptions {
  std::string name, start, end, target;
  ScenarioKind type = ScenarioKind::kCpuLoop;
  std::vector<std::string> lpars;
  double intensity = 1;
  static const weir::OptionTable<ScenarioOptions>& table();
};

struct Options {
  std::optional<std::uint64_t> seed;
  std::string sysplex, time_zone, growth_from;
  std::optional<std::vector<LparOptions>> lpars;
  std::vector<CpcOptions> cpcs;
  std::vector<ScenarioOptions> scenarios;
  Profile profile = Profile::kModern;
  double growth = 0;
  std::optional<std::vector<std::string>> holidays;
  std::vector<std::string> reports;
  bool self_metrics = true;
  static const weir::OptionTable<Options>& table();
};

// Bits of Reports, in the order of kReportNames.
enum Report : unsigned {
  kDocumentedReport,
  kCpcReport,
  kProcReport,
  kStorReport,
  kDevReport,
  kCacheReport,
  kChannelReport,
  kCfReport,
  kDelayReport,
  kWorkloadReport,
  kHitachiReport,
};
inline constexpr unsigned kReports = 11;
extern const char* const kReportNames[kReports];

struct World {
  Config config;
  unsigned reports = 0;  // 1u << Report
};

struct Problem {
  std::string path, message;
};
// `seed` is that of the world, configured or not. With problems the result is of no use.
World make_world(const Options& options, std::uint64_t seed, std::vector<Problem>& problems);

}  // namespace rmf
