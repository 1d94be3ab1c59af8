// What is born, with which names and numbers. With a broker: tests/e2e/mqtt/test_mqtt_sparkplug.py.
#include <gtest/gtest.h>

#include "sparkplug_metrics.hpp"
#include "weir/payload/rows.hpp"
#include "weir_testing/agent.hpp"

namespace weir::mqtt_sink {
namespace {

using payload::SparkplugType;

struct Site {
  weir::testing::Agent agent;
  Source source{agent.host()};
  const weir_measurement* measurement =
      source.measurement(Schema("room")
                             .label("device_id")
                             .label("floor")
                             .gauge("heat", "celsius", "")
                             .field("note", WEIR_STRING, WEIR_GAUGE, "", "")
                             .histogram("wait", {1}, "", ""));
  SparkplugMetrics metrics{"device_id"};
};

TEST(SparkplugMetrics, HaveTheDevicesLabelInTheTopicAndTheOthersInTheName) {
  Site site;
  const auto* one = site.metrics.of(*site.source.series(site.measurement, {"dev/1", "a b"}));
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(site.metrics.device(one->device).id, "dev%2F1");
  const auto born = site.metrics.birth(one->device);
  ASSERT_EQ(born.size(), 2u) << "a histogram is no metric";
  EXPECT_EQ(born[0].name, "room/floor=a b/heat");
  EXPECT_EQ(born[0].unit, "celsius");
  EXPECT_EQ(born[0].type, SparkplugType::float64);
  EXPECT_EQ(born[1].name, "room/floor=a b/note");
  EXPECT_NE(born[0].alias, born[1].alias);
  EXPECT_EQ(one->metrics[2], SparkplugMetrics::kNone);

  const auto* node = site.metrics.of(*site.source.series(site.measurement, {"", ""}));
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->device, SparkplugMetrics::kNode);
  EXPECT_EQ(site.metrics.birth(SparkplugMetrics::kNode)[0].name, "room/heat");
}

TEST(SparkplugMetrics, KeepTheirNumbersWhenASeriesComesAgain) {
  Site site;
  const weir_series* series = site.source.series(site.measurement, {"d", "1"});
  const auto before = site.metrics.of(*series)->metrics;
  weir_series again = *series;
  again.generation += 1;
  EXPECT_EQ(site.metrics.of(again)->metrics, before);
  EXPECT_EQ(site.metrics.metric_count(), 2u);
}

TEST(SparkplugMetrics, AreBornWithWhatTheyWereLast) {
  Site site;
  const auto* series = site.metrics.of(*site.source.series(site.measurement, {"d", "1"}));
  const auto [heat, note] = std::pair(series->metrics[0], series->metrics[1]);
  EXPECT_TRUE(site.metrics.device(series->device).is_due());
  payload::SparkplugMetric m;
  m.time_ms = 5;
  m.value = 1.5;
  site.metrics.keep(heat, m);
  m.value = std::string_view("text");
  site.metrics.keep(note, m);
  auto born = site.metrics.birth(1);
  EXPECT_EQ(born[0].value, payload::SparkplugValue(1.5));
  EXPECT_EQ(born[0].time_ms, 5u);
  EXPECT_EQ(born[1].value, payload::SparkplugValue(std::string_view("text")));
  const std::string huge(100'000, 'x');
  m.value = std::string_view(huge);
  site.metrics.keep(note, m);
  EXPECT_EQ(site.metrics.birth(1)[1].value, payload::SparkplugValue()) << "not kept: null";
}

TEST(SparkplugMetrics, AreBounded) {
  weir::testing::Agent agent;
  Source source(agent.host());
  Schema schema("wide");
  schema.label("device_id");
  for (int i = 0; i < 1000; ++i) schema.gauge("f" + std::to_string(i), "", "");
  const auto* measurement = source.measurement(schema);
  SparkplugMetrics metrics("device_id");
  std::size_t taken = 0;
  for (int i = 0; i < 300; ++i) {
    taken += metrics.of(*source.series(measurement, {std::to_string(i)})) != nullptr;
  }
  EXPECT_EQ(taken, kMetricsMax / 1000);
  EXPECT_NE(metrics.of(*source.series(measurement, {"0"})), nullptr) << "what is known stays";
}

TEST(Texts, AreWellFormed) {
  std::string copy;
  EXPECT_EQ(well_formed("ä\n", copy), "ä\n");
  EXPECT_EQ(copy, "");
  EXPECT_EQ(well_formed("a\xFFz\n", copy), "a\uFFFDz\n");
}

}  // namespace
}  // namespace weir::mqtt_sink
