// config.hpp - the world to simulate, as plain values: what options.hpp says once it was checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rmf {

using Time = std::int64_t;  // ns since the Unix epoch, UTC
inline constexpr Time kSecond = 1'000'000'000;
inline constexpr Time kMinute = 60 * kSecond;
inline constexpr Time kHour = 60 * kMinute;
inline constexpr Time kDay = 24 * kHour;

enum class Workload { kOnline, kBatch, kMixed };
// Device and coupling facility times: of machines of today, or as the design documents have them.
enum class Profile { kModern, kDocumented };

// Days off, of every year or of one.
struct Holidays {
  struct Weekday {
    int month, weekday, nth;  // 0 Sunday; nth from 1 on, or 0: the last of the month
  };
  std::vector<int> fixed;         // month * 100 + day
  std::vector<int> after_easter;  // days after Easter Sunday
  std::vector<Weekday> weekdays;
  std::vector<std::int64_t> single_days;  // since the epoch
};

struct CpcConfig {
  std::string name;
  int cps = 0, ziips = 0, zaaps = 0;  // physical engines that LPARs share
  double msu = 0;                     // capacity per hour of all CPs
  std::uint64_t memory_bytes = 0;
};

struct LparConfig {
  std::string name, sysplex;
  int cpc = 0;   // index into Config::cpcs
  int zone = 0;  // index into Config::zones
  Workload workload = Workload::kOnline;
  int cps = 0, ziips = 0, zaaps = 0;  // logical processors
  double weight = 0;
  std::uint64_t memory_bytes = 0;
  double defined_msu = 0;  // soft cap; 0: none
  double load = 1;         // times the usual demand
};

enum class ScenarioKind {
  kCpuLoop,
  kBatchOverrun,
  kPagingStorm,
  kSlowControlUnit,
  kCfLinkLoss,
  kStorageLeak,
  kMonthEnd,
  kIpl,
};
inline constexpr int kScenarioKinds = 8;
const char* name_of(ScenarioKind kind);

struct ScenarioConfig {
  std::string name;
  ScenarioKind kind = ScenarioKind::kCpuLoop;
  std::vector<int> lpars;  // indexes into Config::lpars
  Time start = 0, end = 0;
  double intensity = 1;
  int target = 0;  // job, control unit or coupling facility link, by kind
};

struct Config {
  std::uint64_t seed = 0;
  Time interval = 15 * kSecond;  // that a row stands for; it ends at the row's time
  Profile profile = Profile::kModern;
  double growth_percent = 0;  // a year
  Time growth_from = 0;
  std::vector<std::string> zones;  // names; "UTC" needs no time zone data
  std::vector<Holidays> holidays;  // by zone
  std::vector<CpcConfig> cpcs;
  std::vector<LparConfig> lpars;  // those of one CPC follow each other
  std::vector<ScenarioConfig> scenarios;
};

}  // namespace rmf
