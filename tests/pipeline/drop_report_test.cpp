// What the log is told of rows that full queues drop.
#include "core/pipeline/drop_report.hpp"

#include <gtest/gtest.h>

namespace weir::core {
namespace {

using namespace std::chrono_literals;

constexpr DropReport::Clock::time_point kBegin{};

RouteTotals totals(std::uint64_t oldest, std::uint64_t newest = 0, const char* producer = "cpu") {
  RouteTotals t(producer, "db");
  t.dropped[static_cast<std::size_t>(DropReason::kQueueFullOldest)] = oldest;
  t.dropped[static_cast<std::size_t>(DropReason::kQueueFullNewest)] = newest;
  return t;
}

bool has(const DropReport::Line& line, const std::string& part) {
  return line.text.find(part) != std::string::npos;
}

TEST(DropReport, TellsTheFirstAtOnceAndSumsTheRestUpOnceAMinute) {
  DropReport report;
  EXPECT_TRUE(report.look({totals(0)}, kBegin).empty());
  const auto first = report.look({totals(7)}, kBegin + 1s);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].consumer, "db");
  EXPECT_TRUE(has(first[0], ": 7 rows were dropped, the oldest first (7 of cpu)")) << first[0].text;
  EXPECT_TRUE(report.look({totals(100)}, kBegin + 60s).empty());
  const auto later = report.look({totals(250)}, kBegin + 61s);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_TRUE(has(later[0], ": 243 rows ")) << later[0].text;
  EXPECT_TRUE(report.look({totals(250)}, kBegin + 1h).empty()) << "it is over";
  EXPECT_EQ(report.look({totals(251)}, kBegin + 1h + 1s).size(), 1u) << "it begins again";
}

// Lines that differ in digits only would be one to the log, which holds repeated ones back.
TEST(DropReport, SaysItInOneLineForAllProducers) {
  DropReport report;
  const auto lines = report.look({totals(1, 2, "lpar1"), totals(0, 3, "lpar2")}, kBegin);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(has(lines[0], ": 1 rows were dropped, the oldest first (1 of lpar1)"));
  EXPECT_TRUE(has(lines[1], ": 5 rows were dropped, the newest first (2 of lpar1, 3 of lpar2)"));
  const auto more = report.look({totals(1, 2, "lpar1"), totals(0, 9, "lpar2")}, kBegin + 2min);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_TRUE(has(more[0], "(6 of lpar2)")) << more[0].text;
}

TEST(DropReport, NamesSomeOfMany) {
  std::vector<RouteTotals> all;
  for (int i = 10; i < 30; ++i) all.push_back(totals(1, 0, ("p" + std::to_string(i)).c_str()));
  const auto lines = DropReport().look(all, kBegin);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(has(lines[0], ": 20 rows ") && has(lines[0], "1 of p17, ...)")) << lines[0].text;
}

TEST(DropReport, KnowsACountThatBeginsAnew) {
  DropReport report;
  EXPECT_EQ(report.look({totals(1000)}, kBegin).size(), 1u);
  const auto less = report.look({totals(4)}, kBegin + 2min);
  ASSERT_EQ(less.size(), 1u);
  EXPECT_TRUE(has(less[0], ": 4 rows ")) << less[0].text;
  EXPECT_TRUE(report.look({}, kBegin + 4min).empty());
  EXPECT_EQ(report.look({totals(4)}, kBegin + 6min).size(), 1u) << "it was away meanwhile";
}

}  // namespace
}  // namespace weir::core
