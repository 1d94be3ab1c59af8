// What the sink mqtt decides without a broker: topics, the window, options.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "mqtt.hpp"
#include "topic.hpp"
#include "weir_testing/agent.hpp"
#include "weir_testing/problems.hpp"
#include "window.hpp"

namespace weir::mqtt_sink {
namespace {

std::string level(std::string_view value, const char* before = "a/") {
  format::Buffer out;
  out.append(before);
  append_level(value, out);
  return std::string(out.view().substr(std::strlen(before)));
}

TEST(Levels, HoldWhateverTheValueIs) {
  EXPECT_EQ(level("plain value_1"), "plain value_1");
  EXPECT_EQ(level("a/b+c#d%e"), "a%2Fb%2Bc%23d%25e");
  EXPECT_EQ(level(std::string_view("n\0l", 3)), "n%00l");
  EXPECT_EQ(level("\n\x7F"), "%0A%7F");
  EXPECT_EQ(level(""), "_");
  EXPECT_EQ(level("_"), "%5F");
  EXPECT_EQ(level("__"), "__");
  EXPECT_EQ(level("ä€😀"), "ä€😀");
  EXPECT_EQ(level("\xFF\xC3"), "\uFFFD\uFFFD");
  EXPECT_EQ(level("\xC2\x80"), "%C2%80") << "a control";
  EXPECT_EQ(level("\xEF\xB7\x90"), "%EF%B7%90") << "a non-character";
  EXPECT_EQ(level("\xF0\x9F\xBF\xBF"), "%F0%9F%BF%BF") << "another";
  EXPECT_EQ(level("$SYS"), "$SYS");
  EXPECT_EQ(level("$SYS", ""), "%24SYS") << "at the begin of a topic";
}

TEST(Levels, OfDifferentValuesAreDifferent) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<std::string, std::string> value_of;
  for (int i = 0; i < 20'000; ++i) {
    std::string value;
    for (std::size_t n = random() % 6; n > 0; --n) value += "/+#%_$a2F5"[random() % 10];
    const std::string made = level(value);
    EXPECT_EQ(made.find_first_of("/+#"), std::string::npos);
    const auto [found, is_new] = value_of.try_emplace(made, value);
    EXPECT_EQ(found->second, value) << made;
  }
}

TEST(Templates, ThatAreWrongAreRefused) {
  for (const char* bad : {"", "a/+/b", "#", "a\nb", "\xFF", "{host}", "{label:}", "{label:x", "a}",
                          "{}", "{{measurement}}", "{field:}"}) {
    EXPECT_NE(parse_topic(bad).problem, "") << bad;
  }
  EXPECT_NE(parse_topic(std::string(65'536, 'x')).problem, "");
  EXPECT_EQ(parse_topic("a/{measurement}/{label:x}{field:y}/").problem, "");
}

struct Rows {
  weir::testing::Agent agent;
  Source source{agent.host()};
  const weir_measurement* measurement =
      source.measurement(Schema("m")
                             .label("host")
                             .label("disk")
                             .gauge("real", "", "")
                             .field("words", WEIR_STRING, WEIR_GAUGE, "", ""));
  Batch batch = source.batch(measurement, 4);

  Rows() {
    for (const char* host : {"a", "b/c", ""}) {
      const std::uint32_t row = batch.add(source.series(measurement, {host, "0"}), 1);
      batch.set(0, row, 1.5);
      batch.set_string(1, row, host);
    }
    batch.set_null(0, 2);
  }
  std::string topic(Topics& topics, std::uint32_t row) {
    const std::string_view text = topics.of(*batch.get(), row);
    EXPECT_EQ(text.data()[text.size()], '\0');
    return std::string(text);
  }
};

TEST(Topics, AreMadeOfLabelsAndFields) {
  Rows rows;
  Topics labels(parse_topic("{label:host}/{measurement}/{label:disk}/{label:none}"));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(rows.topic(labels, 0), "a/m/0/_");
    EXPECT_EQ(rows.topic(labels, 1), "b%2Fc/m/0/_");
    EXPECT_EQ(rows.topic(labels, 2), "_/m/0/_");
  }
  Topics fields(parse_topic("x/{field:real}/{field:words}-{field:none}"));
  EXPECT_EQ(rows.topic(fields, 0), "x/1.5/a-_");
  EXPECT_EQ(rows.topic(fields, 1), "x/1.5/b%2Fc-_");
  EXPECT_EQ(rows.topic(fields, 2), "x/_/_-_");
}

TEST(Windows, LetAsManyThroughAsTheyMay) {
  Window window;
  EXPECT_TRUE(window.has_room(2));
  window.sent(1, 0);
  window.sent(2, 1);
  EXPECT_FALSE(window.has_room(2));
  EXPECT_EQ(window.acknowledged(7), std::nullopt);
  EXPECT_EQ(window.acknowledged(0), std::nullopt);
  EXPECT_EQ(window.acknowledged(-1), std::nullopt);
  EXPECT_EQ(window.acknowledged(65'536), std::nullopt);
  EXPECT_EQ(window.acknowledged(2), 1u);
  EXPECT_EQ(window.acknowledged(2), std::nullopt) << "twice";
  EXPECT_TRUE(window.has_room(2));
  EXPECT_EQ(window.in_flight(), 1u);
  window.clear();
  EXPECT_EQ(window.acknowledged(1), std::nullopt);
  EXPECT_EQ(window.in_flight(), 0u);
}

// Whatever order acknowledgements come in, numbers that wrap never mean two messages.
TEST(Windows, KeepNumbersApartWhileOneIsLate) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Window window;
  std::map<int, std::uint32_t> model;
  int number = 0;
  int late = 0;  // the first message, which nobody acknowledges for long
  for (std::uint32_t message = 0; message < 300'000;) {
    if (window.has_room(100)) {
      number = number == 65'535 ? 1 : number + 1;
      ASSERT_TRUE(model.emplace(number, message).second) << "the number is on its way";
      if (message == 0) late = number;
      window.sent(number, message++);
    }
    const bool is_stuck = !window.has_room(100) && model.size() < 100;
    const auto at = model.lower_bound(static_cast<int>(random() % 65'536));
    const int which = is_stuck || at == model.end() ? model.begin()->first : at->first;
    if (which == late && !is_stuck) continue;
    ASSERT_EQ(window.acknowledged(which), model[which]);
    model.erase(which);
    ASSERT_EQ(window.in_flight(), model.size());
    if (is_stuck && which == late) late = 0;
  }
}

TEST(MqttOptions, CheckNamesWhatCannotWork) {
  Options options;
  options.url = "mqtt://h";
  options.topic = "a/{x}";
  options.format = Format::sparkplug;
  options.protocol = mqtt::Protocol::v311;
  options.content_type = "text/plain";
  options.will.emplace().topic = "#";
  options.sparkplug = Sparkplug{"", "n", "device_id"};
  const std::vector<std::string> all =
      testing::problems_of([&](Problems& p) { Mqtt::check(options, p); });
  const std::set<std::string> found(all.begin(), all.end());
  EXPECT_EQ(found,
            (std::set<std::string>{
                "topic has {x}; expected {measurement}, {label:NAME} or {field:NAME}",
                "will.topic has a wildcard, + or #, which nothing can be published to",
                "will is Sparkplug's own with that format; remove it",
                "content_type is of MQTT 5 only; remove it or set protocol: 5",
                "sparkplug.group is no Sparkplug id: expected text without + / # and controls"}));
}

}  // namespace
}  // namespace weir::mqtt_sink
