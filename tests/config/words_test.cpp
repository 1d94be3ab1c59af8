// The small parts: units, names that are near, UTF-8, problems, patterns.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/cli/instant.hpp"
#include "core/config/graph.hpp"
#include "core/config/problems.hpp"
#include "core/config/text.hpp"
#include "core/config/units.hpp"

namespace weir::config {
namespace {

TEST(Units, Durations) {
  const std::pair<const char*, std::int64_t> good[] = {{"0", 0},
                                                       {"0s", 0},
                                                       {"1ns", 1},
                                                       {"7us", 7'000},
                                                       {"500ms", 500'000'000},
                                                       {"15s", 15'000'000'000},
                                                       {"1h30m", 5'400'000'000'000},
                                                       {"7d", 604'800'000'000'000},
                                                       {"1.5s", 1'500'000'000},
                                                       {"0.000000001s", 1},
                                                       {"1.50s", 1'500'000'000},
                                                       {"106751d", 9'223'286'400'000'000'000},
                                                       {"9223372036854775807ns", INT64_MAX}};
  for (const auto& [text, expected] : good) {
    std::int64_t value = -1;
    EXPECT_EQ(parse_duration(text, value), "") << text;
    EXPECT_EQ(value, expected) << text;
  }
  for (const char* text : {"",
                           "s",
                           "15",
                           "1.s",
                           ".5s",
                           "1 s",
                           "-1s",
                           "+1s",
                           "1s ",
                           "1e3s",
                           "15S",
                           "1h30",
                           "0x1s",
                           "106752d",
                           "9223372036854775808ns",
                           "0.0000000001s",
                           "99999999999999999999999999999999s",
                           "106751d24h",
                           "1us1",
                           "1\xC2\xB5s"}) {
    std::int64_t value = 0;
    EXPECT_NE(parse_duration(text, value), "") << text;
  }
}

TEST(Units, ANumberAloneIsAnsweredWithAUnitThatFits) {
  const auto duration = [](const char* text, Usual usual) {
    std::int64_t value = 0;
    const std::string fault = parse_duration(text, value, usual);
    const std::size_t at = fault.find("; did you mean ");
    return at == std::string::npos ? "" : fault.substr(at + 15);
  };
  EXPECT_EQ(duration("40", {"40ms", "0", "1h"}), "40ms?") << "the default's unit first";
  EXPECT_EQ(duration("40", {nullptr, "0", "1h"}), "40s?");
  EXPECT_EQ(duration("40", {"40ms", "1s", nullptr}), "40s?") << "40ms is below the least";
  EXPECT_EQ(duration("90", {"0", "1h", "7d"}), "90m?") << "a default without a unit";
  EXPECT_EQ(duration("20", {"1h30m", nullptr, nullptr}), "20h?");
  EXPECT_EQ(duration("1h30", {"1h", "1s", "2h"}), "1h30m?");
  EXPECT_EQ(duration("5", {"1d", "1d", "2d"}), "") << "nothing fits";
  EXPECT_EQ(duration("0000000000000000000000000000000001", {}), "") << "absurdly long";
  std::int64_t value = 0;
  EXPECT_EQ(parse_size("64", value, {nullptr, "1GiB", nullptr}),
            "a size needs a unit, got '64'; did you mean 64GiB?");
  EXPECT_EQ(parse_size("1", value, {"8GiB", "1MiB", "16TiB"}),
            "a size needs a unit, got '1'; did you mean 1GiB?");
}

TEST(Units, Sizes) {
  const std::pair<const char*, std::int64_t> good[] = {{"0", 0},
                                                       {"100B", 100},
                                                       {"64KiB", 65536},
                                                       {"1kB", 1000},
                                                       {"512MiB", 536870912},
                                                       {"1GB", 1'000'000'000},
                                                       {"1.5GiB", 1610612736},
                                                       {"2TiB", 2199023255552},
                                                       {"9223372036854775807B", INT64_MAX}};
  for (const auto& [text, expected] : good) {
    std::int64_t value = -1;
    EXPECT_EQ(parse_size(text, value), "") << text;
    EXPECT_EQ(value, expected) << text;
  }
  for (const char* text : {"", "B", "100", "1KB", "1kb", "1K", "1MiB1KiB", "-1B", "1.5B",
                           "8388608TiB", "9223372036854775808B"}) {
    std::int64_t value = 0;
    EXPECT_NE(parse_size(text, value), "") << text;
  }
}

TEST(Units, Numbers) {
  std::int64_t whole = 0;
  double number = 0;
  bool on = false;
  EXPECT_EQ(parse_int("-9223372036854775808", whole), "");
  EXPECT_EQ(whole, INT64_MIN);
  EXPECT_EQ(parse_int("+7", whole), "");
  EXPECT_EQ(whole, 7);
  for (const char* text :
       {"", "+", "+-7", "7 ", " 7", "0x10", "1e3", "7.0", "9223372036854775808"}) {
    EXPECT_NE(parse_int(text, whole), "") << text;
  }
  EXPECT_EQ(parse_float("1e3", number), "");
  EXPECT_EQ(number, 1000);
  EXPECT_EQ(parse_float("-0.25", number), "");
  EXPECT_EQ(number, -0.25);
  for (const char* text : {"", "inf", "nan", "-inf", "1,5", "1e999", "0.5x", "+-1"}) {
    EXPECT_NE(parse_float(text, number), "") << text;
  }
  EXPECT_EQ(parse_bool("true", on), "");
  EXPECT_TRUE(on);
  for (const char* text : {"yes", "on", "1", "", "tRUE"}) EXPECT_NE(parse_bool(text, on), "");
}

TEST(Units, Speeds) {
  for (const auto& [text, expected] :
       {std::pair{"1x", 1.0}, {"60x", 60.0}, {"0.5x", 0.5}, {"1000000", 1e6}, {"1e3x", 1e3}}) {
    double value = -1;
    EXPECT_EQ(parse_speed(text, value), "") << text;
    EXPECT_EQ(value, expected) << text;
  }
  for (const char* text : {"", "x", "60xx", "60 x", "-1x", "0x", "0.0001x", "1000001x", "infx"}) {
    double value = 7;
    EXPECT_NE(parse_speed(text, value), "") << text;
    EXPECT_EQ(value, 7) << text;
  }
}

TEST(Instants, AreReadAndWritten) {
  for (const auto& [text, expected] :
       std::vector<std::pair<const char*, std::int64_t>>{{"1970-01-01", 0},
                                                         {"2026-01-01", 1767225600},
                                                         {"2026-01-01Z", 1767225600},
                                                         {"2026-01-01T00:00:01", 1767225601},
                                                         {"2026-01-01 00:01Z", 1767225660},
                                                         {"2026-01-01T02:00:00+02:00", 1767225600},
                                                         {"2025-12-31T18:30-05:30", 1767225600},
                                                         {"2024-02-29T23:59:59Z", 1709251199},
                                                         {"2199-12-31", 7258032000}}) {
    std::int64_t ns = -1;
    EXPECT_EQ(cli::parse_instant(text, ns), "") << text;
    EXPECT_EQ(ns, expected * 1'000'000'000) << text;
  }
  EXPECT_EQ(cli::format_instant(1709251199'999'000'000), "2024-02-29T23:59:59Z");
  EXPECT_EQ(cli::format_instant(-1), "1969-12-31T23:59:59Z");
  for (const char* text :
       {"", "2026", "2026-1-1", "2026-02-30", "2026-01-01T", "2026-01-01T24:00", "2026-01-01T1:00",
        "2026-01-01T00:00:60", "2026-01-01T00:00:00ZZ", "2026-01-01+2", "2026-01-01x", "1969-12-31",
        "2200-01-01", "26-01-01", "2026-13-01", "2026-01-01T00:00:00.5"}) {
    std::int64_t ns = 7;
    EXPECT_NE(cli::parse_instant(text, ns), "") << text;
    EXPECT_EQ(ns, 7) << text;
  }
}

TEST(Units, WhatIsFormattedReadsTheSame) {
  for (const std::int64_t value :
       {std::int64_t{1}, std::int64_t{1'500'000'000}, std::int64_t{90'000'000'000},
        std::int64_t{86'400'000'000'001}, INT64_MAX}) {
    std::int64_t back = 0;
    EXPECT_EQ(parse_duration(format_duration(value), back), "");
    EXPECT_EQ(back, value);
    EXPECT_EQ(parse_size(format_size(value), back), "");
    EXPECT_EQ(back, value);
  }
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(5'400'000'000'000), "1h30m");
  EXPECT_EQ(format_size(16 << 20), "16MiB");
  EXPECT_EQ(format_size(1500), "1500B");
  EXPECT_EQ(format_size(0), "0B");
}

TEST(Nearest, FindsMisspellingsOnly) {
  const std::vector<std::string> names{"interval", "inputs", "type", "labels", "tls"};
  EXPECT_EQ(nearest("intervall", names), "interval");
  EXPECT_EQ(nearest("itnerval", names), "interval");  // neighbours swapped: one edit
  EXPECT_EQ(nearest("INPUTS", names), "inputs");
  EXPECT_EQ(nearest("lables", names), "labels");
  EXPECT_EQ(nearest("typ", names), "type");
  EXPECT_EQ(nearest("ssl", names), "");  // two edits in three letters are another word
  EXPECT_EQ(nearest("output", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(10'000, 'x'), names), "");
  EXPECT_EQ(suggestion("x", {}, "keys"), "");
  EXPECT_EQ(suggestion("colour", {"a", "b"}, "keys"), "; keys: a, b");
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ(in_quotes("abc"), "'abc'");
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ä";
  EXPECT_TRUE(is_utf8(in_quotes("x" + umlauts)));
  EXPECT_LT(in_quotes(umlauts).size(), 70u);
}

TEST(Text, KnowsUtf8) {
  for (const char* good : {"", "a", "ä", "€", "😀", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(good));
  for (const char* bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "a\xFF"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Problems, AreToldInOrderOnceAndNotWithoutEnd) {
  Problems problems;
  problems.file("b");
  problems.add({"a", 1, 1}, "fourth");
  problems.add({"b", 10, 2}, "third");
  problems.add({"b", 9, 3}, "second");
  problems.add({"b", 9, 3}, "second");
  problems.add({"b", 0, 0}, "fi\nrst");
  EXPECT_EQ(problems.text(), "b: fi rst\nb:9:3: second\nb:10:2: third\na:1:1: fourth\n");
  EXPECT_EQ(problems.list().size(), 4u);
  Problems many;
  for (std::uint32_t i = 1; i <= 20'000; ++i) many.add({"f", i, 1}, "x");
  const std::string text = many.text();
  EXPECT_TRUE(text.starts_with("f:1:1: x\nf:2:1: x\n"));
  EXPECT_TRUE(text.ends_with("f:100:1: x\nand 19900 more\n")) << text.substr(text.size() - 60);
}

TEST(Pattern, MatchesWholeIds) {
  for (const auto& [pattern, id] :
       std::vector<std::pair<const char*, const char*>>{{"*", ""},
                                                        {"*", "abc"},
                                                        {"a*", "a"},
                                                        {"*c", "abc"},
                                                        {"a*c", "abbc"},
                                                        {"a?c", "abc"},
                                                        {"*b*", "abc"},
                                                        {"a*b*c", "axbxbxc"},
                                                        {"abc", "abc"},
                                                        {"**", "a"}}) {
    EXPECT_TRUE(matches(pattern, id)) << pattern << ' ' << id;
  }
  for (const auto& [pattern, id] : std::vector<std::pair<const char*, const char*>>{
           {"a", "ab"}, {"a*", "ba"}, {"a?", "a"}, {"?", ""}, {"*x*", "abc"}, {"", "a"}}) {
    EXPECT_FALSE(matches(pattern, id)) << pattern << ' ' << id;
  }
}

}  // namespace
}  // namespace weir::config
