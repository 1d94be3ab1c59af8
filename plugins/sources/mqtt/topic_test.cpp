// Topics: filters for the broker, labels of what stands there, refusals.
#include "topic.hpp"

#include <gtest/gtest.h>

namespace weir::mqtt_source {
namespace {

using Values = std::vector<std::string_view>;

std::string labels(const char* pattern, std::string_view topic) {
  EXPECT_EQ(Topic::problem(pattern), "") << pattern;
  const Topic t(pattern);
  Values values;
  if (!t.match(topic, values)) return "no";
  std::string result;
  EXPECT_EQ(values.size(), t.labels().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    result += t.labels()[i] + "=" + std::string(values[i]) + " ";
  }
  return result;
}

TEST(Topics, HaveNamedLevels) {
  EXPECT_EQ(Topic("plant/{line}/{machine}/#").filter(), "plant/+/+/#");
  EXPECT_EQ(Topic("$share/g/plant/{line}").filter(), "$share/g/plant/+");
  EXPECT_EQ(Topic("/{a}").filter(), "/+");
  EXPECT_EQ(labels("plant/{line}/{machine}/#", "plant/1/press/x/y"), "line=1 machine=press ");
  EXPECT_EQ(labels("plant/{line}/{machine}/#", "plant/1/press"), "line=1 machine=press ");
  EXPECT_EQ(labels("$share/g/{a}/b", "x/b"), "a=x ");
  EXPECT_EQ(labels("{a}/{b}", "/"), "a= b= ") << "levels may be empty";
}

TEST(Topics, MatchAsTheStandardSays) {
  EXPECT_EQ(labels("a/b", "a/b"), "");
  EXPECT_EQ(labels("a/b", "a/B"), "no");
  EXPECT_EQ(labels("a/b", "a/b/c"), "no");
  EXPECT_EQ(labels("a/b", "a"), "no");
  EXPECT_EQ(labels("#", "a/b/c"), "");
  EXPECT_EQ(labels("a/#", "a"), "");
  EXPECT_EQ(labels("a/#", "ab"), "no");
  EXPECT_EQ(labels("+/b", "a/b"), "");
  EXPECT_EQ(labels("+", "a/b"), "no");
  EXPECT_EQ(labels("+", "/a"), "no");
  EXPECT_EQ(labels("/+", "/a"), "");
  EXPECT_EQ(labels("a/+", "a/"), "");
  EXPECT_EQ(labels("#", "$SYS/uptime"), "no");
  EXPECT_EQ(labels("{x}/uptime", "$SYS/uptime"), "no");
  EXPECT_EQ(labels("$SYS/#", "$SYS/uptime"), "");
}

TEST(Topics, ThatAreWrongAreRefused) {
  for (const char* bad : {"", "a/#/b", "a#", "a/b+", "a/{", "a/{}", "a/{1x}", "a/{x-y}", "{x}/{x}",
                          "a{x}", "$share/g", "$share/g/", "$share//a", "$share/+/a", "a/\xFF"}) {
    EXPECT_NE(Topic::problem(bad), "") << bad;
  }
  EXPECT_NE(Topic::problem(std::string(70'000, 'a')), "");
  EXPECT_NE(Topic::problem(std::string_view("a\0b", 3)), "");
  std::string deep = "a";
  for (int i = 0; i < 200; ++i) deep += "/a";
  EXPECT_NE(Topic::problem(deep), "");
}

}  // namespace
}  // namespace weir::mqtt_source
