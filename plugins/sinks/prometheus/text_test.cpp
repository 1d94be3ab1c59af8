// Spelling of names, labels and numbers.
#include "text.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace weir::prometheus_sink {
namespace {

template <class T>
std::string number(T value) {
  char text[kNumberBytesMax];
  return {text, write_number(text, value)};
}
std::string bound(double value, Format format) {
  char text[kNumberBytesMax];
  return {text, write_bound(text, value, format)};
}
std::string time(std::int64_t ns, Format format) {
  char text[kNumberBytesMax];
  return {text, write_timestamp(text, ns, format)};
}
std::string label(std::string_view value, bool* clean = nullptr) {
  std::string out;
  const bool result = append_label_value(out, value);
  if (clean != nullptr) *clean = result;
  return out;
}

TEST(Text, MetricNames) {
  for (const char* good : {"a", "_", ":", "node_cpu_seconds_total", "a:b", "A9"}) {
    EXPECT_TRUE(valid_metric_name(good)) << good;
  }
  for (const char* bad : {"", "9a", "a-b", "a b", "a.b", "\xc3\xa9", "a{", "a\n"}) {
    EXPECT_FALSE(valid_metric_name(bad)) << bad;
  }
}

TEST(Text, LabelValuesAreEscaped) {
  EXPECT_EQ(label("plain"), "plain");
  EXPECT_EQ(label("a\\b\"c\nd\te"), "a\\\\b\\\"c\\nd\te");
  EXPECT_EQ(label("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d");
}

TEST(Text, WhatIsNotUtf8IsReplaced) {
  const std::string mark = "\xef\xbf\xbd";
  const struct {
    const char* what;
    std::string in;
    std::string out;
  } cases[] = {
      {"lone continuation", "a\x80z", "a" + mark + "z"},
      {"latin-1", "caf\xe9", "caf" + mark},
      {"cut short", "\xe2\x82", mark + mark},
      {"overlong slash", "\xc0\xaf", mark + mark},
      {"overlong in three", "\xe0\x80\x80", mark + mark + mark},
      {"surrogate", "\xed\xa0\x80", mark + mark + mark},
      {"above U+10FFFF", "\xf4\x90\x80\x80", mark + mark + mark + mark},
      {"0xff", "\xff", mark},
  };
  for (const auto& c : cases) {
    bool clean = true;
    EXPECT_EQ(label(c.in, &clean), c.out) << c.what;
    EXPECT_FALSE(clean) << c.what;
  }
  bool clean = false;
  label("\xef\xbf\xbd", &clean);
  EXPECT_TRUE(clean) << "the mark itself is a character like any other";
}

TEST(Text, HelpKeepsQuotesInTextOnly) {
  std::string text, openmetrics;
  append_help(text, "a \"b\" \\ c\nd", Format::text);
  append_help(openmetrics, "a \"b\" \\ c\nd", Format::openmetrics);
  EXPECT_EQ(text, "a \"b\" \\\\ c\\nd");
  EXPECT_EQ(openmetrics, "a \\\"b\\\" \\\\ c\\nd");
}

TEST(Text, Numbers) {
  EXPECT_EQ(number(0.0), "0");
  EXPECT_EQ(number(-1.0), "-1");
  EXPECT_EQ(number(123456.78), "123456.78");
  EXPECT_EQ(number(-0.125), "-0.125");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e-9), "1e-09");
  EXPECT_EQ(number(1e15), "1e+15");
  EXPECT_EQ(number(std::nan("")), "NaN");
  EXPECT_EQ(number(-std::nan("")), "NaN");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(number(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(number(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

// Whatever path a double takes, it reads back as itself, and never needs more than its room.
TEST(Text, EveryDoubleReadsBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto check = [](double value) {
    const std::string text = number(value);
    ASSERT_LE(text.size(), kNumberBytesMax);
    double back = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), back).ec, std::errc{});
    ASSERT_EQ(back, value) << text;
  };
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t bits = random();
    double any;
    std::memcpy(&any, &bits, sizeof any);
    if (std::isfinite(any)) check(any);
    const auto integer = static_cast<double>(static_cast<std::int64_t>(bits) >> (bits % 60));
    check(integer);
    check(integer / 1000);
    check(integer / 100);
    check(std::nextafter(integer / 1000, 0));
    check(integer * 1e-5);
  }
}

TEST(Text, BoundsAreCanonicalInOpenMetrics) {
  EXPECT_EQ(bound(1, Format::text), "1");
  EXPECT_EQ(bound(1, Format::openmetrics), "1.0");
  EXPECT_EQ(bound(0.005, Format::openmetrics), "0.005");
  EXPECT_EQ(bound(1e20, Format::openmetrics), "1e+20");
  EXPECT_EQ(bound(std::numeric_limits<double>::infinity(), Format::openmetrics), "+Inf");
}

TEST(Text, Timestamps) {
  EXPECT_EQ(time(1'700'000'000'123'999'999, Format::text), "1700000000123");
  EXPECT_EQ(time(1'700'000'000'023'999'999, Format::openmetrics), "1700000000.023");
  EXPECT_EQ(time(-1'500'000'000, Format::openmetrics), "-1.500");
}

}  // namespace
}  // namespace weir::prometheus_sink
