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
  EXPECT_TRUE(has(first[0], " 7 rows of cpu ") && has(first[0], "oldest")) << first[0].text;
  EXPECT_TRUE(report.look({totals(100)}, kBegin + 60s).empty());
  const auto later = report.look({totals(250)}, kBegin + 61s);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_TRUE(has(later[0], " 243 rows ")) << later[0].text;
  EXPECT_TRUE(report.look({totals(250)}, kBegin + 1h).empty()) << "it is over";
  EXPECT_EQ(report.look({totals(251)}, kBegin + 1h + 1s).size(), 1u) << "it begins again";
}

TEST(DropReport, KeepsRoutesAndReasonsApart) {
  DropReport report;
  const auto lines = report.look({totals(1, 2), totals(0, 3, "disk")}, kBegin);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(has(lines[0], " 1 rows of cpu ") && has(lines[0], "oldest"));
  EXPECT_TRUE(has(lines[1], " 2 rows of cpu ") && has(lines[1], "newest"));
  EXPECT_TRUE(has(lines[2], " 3 rows of disk ") && has(lines[2], "newest"));
}

TEST(DropReport, SaysNothingOfACountThatBeginsAnew) {
  DropReport report;
  EXPECT_EQ(report.look({totals(1000)}, kBegin).size(), 1u);
  EXPECT_TRUE(report.look({totals(4)}, kBegin + 2min).empty());
  const auto lines = report.look({totals(6)}, kBegin + 4min);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(has(lines[0], " 2 rows ")) << lines[0].text;
}

}  // namespace
}  // namespace weir::core
