// What is refused, with the thing, the place and the remedy; and what defaults come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "random_world.hpp"

namespace rmf::testing {
namespace {

using ::testing::HasSubstr;

std::vector<Problem> problems_of(const Options& o) {
  std::vector<Problem> problems;
  make_world(o, 0, problems);
  return problems;
}

void expect_problem(const Options& o, const std::string& path, const std::string& text) {
  const auto problems = problems_of(o);
  ASSERT_FALSE(problems.empty()) << text;
  EXPECT_EQ(problems[0].path, path);
  EXPECT_THAT(problems[0].message, HasSubstr(text));
  EXPECT_THROW(Machine{o}, weir::OptionError);
}

TEST(Options, DefaultsAreTheDocumentedLpars) {
  std::vector<Problem> problems;
  const World world = make_world(options(), 0, problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(world.config.lpars.size(), 4u);
  const LparConfig& prod = world.config.lpars[0];
  EXPECT_EQ(prod.name, "PROD01");
  EXPECT_EQ(prod.sysplex, "SYSPLEX01");
  EXPECT_EQ(prod.cps, 16);
  EXPECT_EQ(prod.ziips, 4);
  EXPECT_EQ(prod.memory_bytes, std::uint64_t{64} << 30);
  EXPECT_EQ(world.config.lpars[2].workload, Workload::kBatch);
  EXPECT_EQ(world.config.lpars[3].workload, Workload::kMixed);
  ASSERT_EQ(world.config.cpcs.size(), 1u);
  EXPECT_EQ(world.config.cpcs[0].cps, 28);
}

TEST(Options, NamesAreUniqueAndLegal) {
  Options o = options();
  o.lpars = {lpar_options("A"), lpar_options("A")};
  expect_problem(o, "lpars[1].name", "two LPARs A; give one another name");
  (*o.lpars)[1].sysplex = "OTHER";
  EXPECT_TRUE(problems_of(o).empty());
  o.lpars = {lpar_options("bad name")};
  expect_problem(o, "lpars[0].name", "cannot be the name of an LPAR");
  for (const char* name : {"TOOLONG01", "1ST", "prod01", "A-B", ""}) {
    o.lpars = {lpar_options(name)};
    expect_problem(o, "lpars[0].name", "1 to 8 of A-Z 0-9 @ # $, no digit first");
  }
  o.lpars = {lpar_options("PRODUC")};
  (*o.lpars)[0].count = 100;
  expect_problem(o, "lpars[0].name", "with the number to 100");
  o.lpars = {lpar_options("A")};
  (*o.lpars)[0].sysplex = "no good";
  expect_problem(o, "lpars[0].sysplex", "cannot be a name; write 1 to 50");
  o = options();
  o.sysplex = std::string(51, 'A');
  expect_problem(o, "sysplex", "cannot be a name");
  EXPECT_EQ(problems_of(o).size(), 1u);
  o = options();
  o.scenarios = {scenario_options(ScenarioKind::kIpl, "2025-01-01T00:00:00Z", "2025-01-02")};
  o.scenarios.push_back(o.scenarios[0]);
  expect_problem(o, "scenarios[1].name", "two scenarios");
}

TEST(Options, CountMakesManyLpars) {
  Options o = options();
  o.lpars = {lpar_options("P")};
  (*o.lpars)[0].count = 200;
  std::vector<Problem> problems;
  const World world = make_world(o, 0, problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(world.config.lpars.size(), 200u);
  EXPECT_EQ(world.config.lpars[0].name, "P001");
  EXPECT_EQ(world.config.lpars[199].name, "P200");
  EXPECT_GE(world.config.cpcs.size(), 3u);  // 85 at most on one
  (*o.lpars)[0].count = 10'000;
  EXPECT_TRUE(problems_of(o).empty());
  o.lpars->push_back(lpar_options("Q"));
  expect_problem(o, "lpars[1]", "more than 10000 LPARs");
}

TEST(Options, ACpcMustHaveWhatItsLparsNeed) {
  Options o = options();
  CpcOptions c;
  c.name = "C1";
  c.cps = 4;
  o.cpcs = {c};
  o.lpars = {lpar_options("A", Workload::kOnline, 5)};
  expect_problem(o, "cpcs[0]", "5 logical CPs and its CPC C1 only 4 physical ones");
  (*o.lpars)[0].cps = 4;
  EXPECT_TRUE(problems_of(o).empty());
  o.cpcs[0].memory = weir::Bytes{std::uint64_t{16} << 30};
  expect_problem(o, "cpcs[0]", "need 32 GiB of memory and it has 16 GiB");
  o.cpcs[0].memory.reset();
  o.cpcs[0].ziips = 0;
  expect_problem(o, "cpcs[0]", "1 logical zIIPs");
  o.cpcs[0].ziips.reset();
  (*o.lpars)[0].cpc = "C2";
  expect_problem(o, "lpars[0].cpc", "there is no CPC 'C2'");
  o.cpcs.push_back(c);
  expect_problem(o, "cpcs[1].name", "two CPCs C1");
  o.cpcs[1].name = "C2";
  (*o.lpars)[0].cpc = "C1";
  expect_problem(o, "cpcs[1]", "no LPAR runs on the CPC C2");
  (*o.lpars)[0].cpc = "";
  expect_problem(o, "lpars[0].cpc", "does not say which of the CPCs");
  o = options();
  o.lpars = {lpar_options("A")};
  (*o.lpars)[0].count = 86;
  (*o.lpars)[0].cpc = "ONE";
  expect_problem(o, "lpars", "86 LPARs and can have 85");
}

TEST(Options, ScenariosAreChecked) {
  Options o = options();
  o.scenarios = {
      scenario_options(ScenarioKind::kIpl, "2025-01-02T00:00:00Z", "2025-01-01T00:00:00Z")};
  expect_problem(o, "scenarios[0].end", "before it begins");
  o.scenarios[0].end = o.scenarios[0].start;
  expect_problem(o, "scenarios[0].end", "when it begins");
  o.scenarios[0].end = "tomorrow";
  expect_problem(o, "scenarios[0].end", "'tomorrow' is no time; write 2025-03-31T09:30:00Z");
  o.scenarios[0].end = "2025-01-03";
  EXPECT_TRUE(problems_of(o).empty());
  o.scenarios[0].lpars = {"NONE"};
  expect_problem(o, "scenarios[0].lpars[0]", "there is no LPAR 'NONE'");
  o.scenarios[0].lpars.clear();
  o.scenarios[0].target = "CF01";
  expect_problem(o, "scenarios[0].target", "has no target; leave it out");
  o.scenarios[0].type = ScenarioKind::kCfLinkLoss;
  EXPECT_TRUE(problems_of(o).empty());
  o.scenarios[0].target = "CF09";
  expect_problem(o, "scenarios[0].target", "none of CF01, CF02, CF03, CF04");
}

TEST(Options, OthersAreChecked) {
  Options o = options();
  o.time_zone = "Europe/Nowhere";
  expect_problem(o, "time_zone", "there is no time zone 'Europe/Nowhere'");
  o = options();
  o.lpars = {lpar_options("A")};
  (*o.lpars)[0].time_zone = "../etc/passwd";
  expect_problem(o, "lpars[0].time_zone", "write a name such as Europe/Berlin or UTC");
  o = options();
  o.reports = {"documented", "cpcs"};
  expect_problem(o, "reports[1]", "there is no report 'cpcs'; there are documented, cpc");
  o.reports = {};
  expect_problem(o, "reports", "the list is empty");
  for (const char* day : {"13-01", "02-30", "2025-02-29", "1-1", "Christmas", "easter"}) {
    o = options();
    o.holidays = std::vector<std::string>{day};
    expect_problem(o, "holidays[0]", "is no day");
  }
  o = options();
  o.growth_from = "yesterday";
  expect_problem(o, "growth_from", "is no day");
}

TEST(Options, TimesAreParsed) {
  EXPECT_EQ(parse_time("1970-01-01"), 0);
  EXPECT_EQ(parse_time("2025-03-12T01:02:03Z"), kWednesday + kHour + 2 * kMinute + 3 * kSecond);
  EXPECT_EQ(parse_time("2025-03-12T02:30:00+02:30"), kWednesday);
  EXPECT_EQ(parse_time("2025-03-11T19:00:00-05:00"), kWednesday);
  for (const char* text : {"", "2025", "2025-3-12", "2025-13-01", "2025-03-12T24:00:00Z",
                           "2025-03-12T00:00:00", "2025-03-12T00:00:00+99:00", "2025-03-12Z",
                           "1969-01-01", "9999-01-01", "2025-03-12T00:00:00Zulu"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
  EXPECT_EQ(stamp(kWednesday + kHour), "2025-03-12T01:00:00Z");
}

TEST(Options, WhatNoMachineHasIsRefused) {
  Options o = options();
  o.lpars = std::vector<LparOptions>{};
  expect_problem(o, "lpars", "the list is empty");
  o.lpars = {lpar_options("A", Workload::kOnline, 4)};
  o.lpars->front().ziips = 8;
  EXPECT_TRUE(problems_of(o).empty());
  o.lpars->front().ziips = 9;
  expect_problem(o, "lpars[0].ziips", "9 zIIPs and 4 CPs; there can be two zIIPs for each CP");
  o.lpars->front().ziips.reset();
  CpcOptions c;
  c.name = "C1";
  c.cps = 4;
  c.ziips = 9;
  o.cpcs = {c};
  expect_problem(o, "cpcs[0].ziips", "the CPC C1 has 9 zIIPs and 4 CPs");
  o.cpcs[0].ziips.reset();
  o.cpcs[0].msu = 800;
  o.lpars->front().cps = 2;
  o.lpars->front().defined_capacity = 400;
  EXPECT_TRUE(problems_of(o).empty());
  o.lpars->front().defined_capacity = 401;
  expect_problem(o, "lpars[0].defined_capacity",
                 "401 MSU is above what the 2 CPs of A have, 400 MSU; lower it");
  o.lpars->front().count = 2;  // of many alike one speaks
  EXPECT_EQ(problems_of(o).size(), 1u);
  o.lpars->front().time_zone = "Nowhere";  // all in one run
  o.reports = {"none"};
  EXPECT_EQ(problems_of(o).size(), 3u);
}

TEST(Options, AJobToLoopIsKnownByItsName) {
  Options o = options();
  o.scenarios = {scenario_options(ScenarioKind::kCpuLoop, "2025-01-01", "2025-01-02")};
  for (const char* name : {"CICSP1A3", "DBB1DIST", "TCPIP"}) {
    o.scenarios[0].target = name;
    EXPECT_TRUE(problems_of(o).empty()) << name;
  }
  o.scenarios[0].lpars = {"PROD01"};
  o.scenarios[0].target = "DBB1DIST";  // of BATCH01
  expect_problem(o, "scenarios[0].target", "'DBB1DIST' is none of CICSP1A1, CICSP1A2");
}

// The hours of local people, through a change to summer time.
TEST(Options, TimeZonesShiftTheDay) {
  Zone berlin("Europe/Berlin"), utc("UTC");
  EXPECT_EQ(utc.offset_s(0), 0);
  EXPECT_EQ(berlin.offset_s(*parse_time("2025-01-15") / kSecond), 3600);
  EXPECT_EQ(berlin.offset_s(*parse_time("2025-07-15") / kSecond), 7200);
  EXPECT_EQ(berlin.offset_s(*parse_time("2025-01-15") / kSecond), 3600);

  Options o = options(), shifted = options();
  o.reports = shifted.reports = {"documented"};
  shifted.time_zone = "America/New_York";
  const auto rate = [](const Options& what, Time after_midnight) {
    Machine machine(what);
    return sum(machine.at(kWednesday + after_midnight), "rmf_mpb_processing", "rate",
               {{"lpar", "PROD01"}, {"queue_type", "CICS"}});
  };
  // Four hours behind: summer time since the Sunday before.
  EXPECT_GT(rate(o, 10 * kHour), 2.5 * rate(shifted, 10 * kHour));
  EXPECT_GT(rate(shifted, 14 * kHour), 2.5 * rate(shifted, 10 * kHour));
  EXPECT_GT(rate(shifted, 19 * kHour), 1.5 * rate(o, 19 * kHour));
}

TEST(Calendar, KnowsDays) {
  Holidays holidays;
  holidays.fixed = {1225};
  holidays.single_days = {*parse_time("2025-04-21") / kDay};
  const Calendar calendar(holidays);
  const Day leap = calendar.day(*parse_time("2024-02-29") / kDay);
  EXPECT_EQ(leap.day, 29);
  EXPECT_EQ(leap.month, 2);
  EXPECT_EQ(leap.days_left, 0);
  EXPECT_EQ(leap.weekday, 4);
  EXPECT_EQ(calendar.day(*parse_time("2023-02-28") / kDay).days_left, 0);
  EXPECT_TRUE(calendar.day(*parse_time("2031-12-25") / kDay).holiday);
  EXPECT_TRUE(calendar.day(*parse_time("2025-04-21") / kDay).holiday);
  EXPECT_FALSE(calendar.day(*parse_time("2026-04-21") / kDay).holiday);
  EXPECT_GT(month_end_weight(calendar.day(*parse_time("2024-12-31") / kDay)),
            month_end_weight(calendar.day(*parse_time("2024-11-30") / kDay)));
  EXPECT_GT(month_end_weight(calendar.day(*parse_time("2025-01-01") / kDay)), 0);
  EXPECT_EQ(month_end_weight(calendar.day(*parse_time("2025-01-15") / kDay)), 0);
}

TEST(Calendar, KnowsEaster) {
  for (const auto& [year, day] : std::vector<std::pair<int, int>>{{1970, 329},
                                                                  {2000, 423},
                                                                  {2008, 323},
                                                                  {2019, 421},
                                                                  {2024, 331},
                                                                  {2025, 420},
                                                                  {2026, 405},
                                                                  {2027, 328},
                                                                  {2038, 425},
                                                                  {2100, 328},
                                                                  {2199, 414}}) {
    EXPECT_EQ(easter(year), day) << year;
  }
  for (int year = 1970; year < 2200; ++year) {
    EXPECT_GE(easter(year), 322);
    EXPECT_LE(easter(year), 425);
  }
}

TEST(Calendar, HolidaysAreThoseOfTheTimeZone) {
  const auto off = [](const char* zone, const char* day) {
    return Calendar(usual_holidays(zone)).day(*parse_time(day) / kDay).holiday;
  };
  for (const char* zone : {"UTC", "Europe/Berlin"}) {
    for (const char* day : {"2025-01-01", "2025-04-18", "2025-04-21", "2025-05-01", "2025-12-25",
                            "2025-12-26", "2026-04-03", "2026-04-06", "2024-03-29", "2024-04-01"}) {
      EXPECT_TRUE(off(zone, day)) << zone << " " << day;
    }
    for (const char* day : {"2025-04-20", "2025-04-22", "2025-07-04", "2025-11-27", "2026-04-21"}) {
      EXPECT_FALSE(off(zone, day)) << zone << " " << day;
    }
  }
  for (const char* day :
       {"2025-01-01", "2025-01-20", "2025-02-17", "2025-05-26", "2025-06-19", "2025-07-04",
        "2025-09-01", "2025-10-13", "2025-11-11", "2025-11-27", "2025-12-25"}) {
    EXPECT_TRUE(off("America/New_York", day)) << day;
  }
  for (const char* day : {"2025-04-18", "2025-04-21", "2025-05-01", "2025-12-26", "2025-05-19"}) {
    EXPECT_FALSE(off("US/Central", day)) << day;
  }
}

// Easter Monday is a quiet day where it is one, and as one writes.
TEST(Calendar, HolidaysAreQuiet) {
  const auto quiet = [](const Options& o, const char* day) {
    Machine machine(o);
    const auto rate = [&](Time time) {
      return sum(machine.at(time), "rmf_mpb_processing", "rate",
                 {{"lpar", "PROD01"}, {"queue_type", "CICS"}});
    };
    return rate(*parse_time(day) + 15 * kHour) <
           0.6 * rate(*parse_time(day) + 15 * kHour + 7 * kDay);
  };
  Options o = options();
  o.reports = {"documented"};
  EXPECT_TRUE(quiet(o, "2025-04-21"));
  EXPECT_TRUE(quiet(o, "2026-05-01"));
  EXPECT_FALSE(quiet(o, "2025-06-09"));
  o.holidays = std::vector<std::string>{"whit-monday"};
  EXPECT_TRUE(quiet(o, "2025-06-09"));
  EXPECT_FALSE(quiet(o, "2025-04-21"));
  o.holidays.reset();
  o.time_zone = "America/New_York";
  EXPECT_FALSE(quiet(o, "2025-04-21"));
  EXPECT_TRUE(quiet(o, "2025-11-27"));
}

TEST(Distribution, IsErlangWithTheGivenMean) {
  EXPECT_EQ(erlang(0), 0);
  EXPECT_EQ(erlang(-1), 0);
  EXPECT_EQ(erlang(100), 1);
  EXPECT_NEAR(erlang(1), 0.5665, 1e-3);  // 1 - e^-4 (1 + 4 + 8 + 32/3)
  double mean = 0;
  for (double x = 0; x < 8; x += 0.001) mean += 0.001 * (1 - erlang(x));
  EXPECT_NEAR(mean, 1, 1e-3);
  Buckets buckets;
  buckets.add(kResponseBounds_s, 0.0006, 1e6);
  double total = 0;
  for (const double n : buckets.count) total += n;
  EXPECT_NEAR(total, 1e6, 1e-3);
  EXPECT_NEAR(buckets.sum, 600, 1e-6);
}

}  // namespace
}  // namespace rmf::testing
