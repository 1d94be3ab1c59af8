// A telemetry that changes from visit to visit: rows come and go, series with them.
#include "agent_telemetry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "weir_testing/agent.hpp"

namespace weir::agent_telemetry {
namespace {

using ::testing::ElementsAre;

constexpr weir_field kRows{
    sizeof(weir_field), WEIR_U64, WEIR_COUNTER, 0, "rows", "", "Rows.", nullptr, nullptr};
constexpr weir_field kSeconds{sizeof(weir_field), WEIR_F64, WEIR_GAUGE, 0,      "busy",
                              "seconds",          "Time.",  nullptr,    nullptr};
const weir_field* const kFields[] = {&kRows, &kSeconds};
const char* const kLabels[] = {"component", "reason"};
const weir_measurement kComponents{
    sizeof(weir_measurement), 0, 2, 2, "component", "", kFields, kLabels};
const weir_measurement kProcess{sizeof(weir_measurement), 0, 1, 0, "process", "", kFields, nullptr};

struct Row {
  std::string component, reason;
  std::uint64_t rows = 0;
  double busy = 0;
};

// What the fake agent says about itself; the extension has no context, so one at a time.
std::vector<Row> current;
std::uint64_t process_rows = 0;

void fake_visit(const weir_host*, weir_telemetry_row row, void* context) {
  for (const Row& r : current) {
    // Gone after the call: in memory that is written over.
    std::string component = r.component, reason = r.reason;
    weir_string labels[] = {abi_string(component), abi_string(reason)};
    weir_cell cells[2];
    cells[0].u64 = r.rows;
    cells[1].f64 = r.busy;
    row(context, &kComponents, labels, cells);
    component.assign(component.size(), '?');
    reason.assign(reason.size(), '?');
  }
  weir_cell cell;
  cell.u64 = process_rows;
  row(context, &kProcess, nullptr, &cell);
}

class AgentTelemetryTest : public ::testing::Test {
 protected:
  AgentTelemetryTest() {
    current.clear();
    agent_.set_extension(WEIR_EXT_TELEMETRY, &telemetry_);
  }
  std::vector<std::string> collect(AgentTelemetry& source, Time time) {
    agent_.clear();
    source.collect(time);
    return agent_.lines("component");
  }

  const weir_telemetry telemetry_{sizeof(weir_telemetry), 0, fake_visit};
  testing::Agent agent_;
};

TEST_F(AgentTelemetryTest, WithoutTheExtensionTheErrorSaysWhatToDo) {
  testing::Agent without;
  try {
    AgentTelemetry source{Source(without.host())};
    FAIL() << "was made";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(),
                 "this agent (0.0.0-test) has no weir.telemetry/1; remove this source, or run a "
                 "newer agent");
  }
}

TEST_F(AgentTelemetryTest, EmitsOneBatchASchema) {
  AgentTelemetry source{Source(agent_.host())};
  current = {{"host", "full", 3, 0.5}, {"store", "", 18446744073709551615u, 0}};
  process_rows = 7;
  EXPECT_THAT(collect(source, 5),
              ElementsAre("component=host,reason=full rows=3,busy=0.5 5",
                          "component=store,reason= rows=18446744073709551615,busy=0 5"));
  EXPECT_THAT(agent_.lines("process"), ElementsAre("rows=7 5"));
  EXPECT_EQ(agent_.emitted().size(), 2u);
}

TEST_F(AgentTelemetryTest, RowsComeAndGoAndTheirSeriesAreReleased) {
  AgentTelemetry source{Source(agent_.host())};
  current = {{"a", "", 1, 0}, {"b", "", 2, 0}, {"c", "", 3, 0}};
  collect(source, 1);
  EXPECT_EQ(agent_.live_series(), 4u);  // and that of the process
  current = {{"c", "", 4, 0}, {"a", "", 5, 0}};
  EXPECT_THAT(collect(source, 2), ElementsAre("component=c,reason= rows=4,busy=0 2",
                                              "component=a,reason= rows=5,busy=0 2"));
  EXPECT_EQ(agent_.live_series(), 3u);
  current = {};
  EXPECT_TRUE(collect(source, 3).empty());
  EXPECT_EQ(agent_.emitted().size(), 1u) << "no batch without rows";
  EXPECT_EQ(agent_.live_series(), 1u);
  current = {{"b", "", 6, 0}};
  EXPECT_THAT(collect(source, 4), ElementsAre("component=b,reason= rows=6,busy=0 4"));
  EXPECT_EQ(agent_.live_series(), 2u);
}

// Random sets in random order against a plain model; every live row has exactly one series.
TEST_F(AgentTelemetryTest, AgreesWithAModelUnderChurn) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  AgentTelemetry source{Source(agent_.host())};
  for (Time time = 1; time <= 300; ++time) {
    std::map<std::string, Row> wanted;
    for (std::uint64_t n = random() % 12; n > 0; --n) {
      const std::string id = "c" + std::to_string(random() % 20);
      wanted[id] = {id, random() % 2 ? "x" : "", random() % 100, 1.5};
    }
    current.clear();
    for (const auto& [id, row] : wanted) current.push_back(row);
    if (random() % 3 == 0) std::shuffle(current.begin(), current.end(), random);
    std::vector<std::string> expected;
    for (const Row& r : current) {
      expected.push_back("component=" + r.component + ",reason=" + r.reason +
                         " rows=" + std::to_string(r.rows) + ",busy=1.5 " + std::to_string(time));
    }
    ASSERT_EQ(collect(source, time), expected);
    ASSERT_EQ(agent_.live_series(), current.size() + 1);
  }
}

// One row too many for the agent: the others are delivered, and the collection says what is wrong.
TEST_F(AgentTelemetryTest, ARowThatTheAgentRefusesDoesNotCostTheOthers) {
  static const weir_host* inner;
  inner = agent_.host();
  weir_host limited = *inner;
  limited.series = [](const weir_host*, const weir_measurement* m, const weir_string* values,
                      weir_error* error) -> const weir_series* {
    if (m->label_count == 0 || view(values[0]) != "one_too_many") {
      return inner->series(inner, m, values, error);
    }
    detail::write_error(error, "the limit of series is reached");
    return nullptr;
  };
  AgentTelemetry source{Source(&limited)};
  current = {{"a", "", 1, 0}, {"one_too_many", "", 2, 0}, {"b", "", 3, 0}};
  try {
    source.collect(9);
    FAIL() << "said nothing";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "component: the limit of series is reached");
  }
  EXPECT_THAT(agent_.lines("component"), ElementsAre("component=a,reason= rows=1,busy=0 9",
                                                     "component=b,reason= rows=3,busy=0 9"));
}

}  // namespace
}  // namespace weir::agent_telemetry
