// Keys by templates: what they look like, that two series never share one, and their slots.
#include "keys.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "weir_testing/agent.hpp"

namespace weir::redis_sink {
namespace {

class Keys : public ::testing::Test {
 protected:
  std::string key(const std::string& text, std::string_view host, std::string_view device) {
    Template of;
    EXPECT_EQ(of.parse(text, false), "") << text;
    format::Buffer out;
    of.append(*source_.series(disk_, {host, device}), out);
    return std::string(out.view());
  }

  testing::Agent agent_;
  Source source_{agent_.host()};
  const weir_measurement* disk_ =
      source_.measurement(Schema("disk").label("host").label("device").gauge("busy", "", ""));
};

TEST_F(Keys, SayWhatTheTemplateSays) {
  EXPECT_EQ(key("weir:{measurement}:{labels}", "fra1", "sda"), "weir:disk:device:sda:host:fra1");
  EXPECT_EQ(key("{label.host}/{measurement}:{labels}", "fra1", "sda"), "fra1/disk:device:sda");
  EXPECT_EQ(key("{label.host}{label.other}", "fra1", "sda"), "fra1");
  EXPECT_EQ(key("{{{measurement}:{labels}}}:now", "fra1", "sda"),
            "{disk:device:sda:host:fra1}:now");
  EXPECT_EQ(key("{measurement}:{labels}", "", "sda"), "disk:device:sda") << "absent";
  EXPECT_EQ(key("{measurement}:{labels}", "", ""), "disk:");
}

TEST_F(Keys, HoldNoByteOfAValueThatMeansSomething) {
  EXPECT_EQ(key("{labels}", "a:b{c}*?[d]\\%$ .-_~/", "x"),
            "device:x:host:a%3Ab%7Bc%7D%2A%3F%5Bd%5D%5C%25%24%20.-_~/");
  EXPECT_EQ(key("{labels}", std::string_view("\0\n\r\xC3\xA4\xFF", 6), "x"),
            "device:x:host:%00%0A%0D%C3%A4%FF");
  const std::string large(65'536, '*');
  EXPECT_EQ(key("{label.host}", large, "").size(), 3 * large.size());
}

TEST_F(Keys, OfTwoSeriesAreTwo) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kBytes = ":%3A{}/ab\0\n";
  const auto value = [&] {
    std::string text;
    for (std::size_t n = random() % 5; n > 0; --n) text += kBytes[random() % kBytes.size()];
    return text;
  };
  for (const char* text : {"{measurement}:{labels}", "{label.host}:{measurement}:{labels}",
                           "{measurement}:{labels}:{label.device}", "{measurement}b:{labels}"}) {
    std::set<std::pair<std::string, std::string>> series;
    std::set<std::string> keys;
    for (int i = 0; i < 2'000; ++i) {
      const std::string host = value(), device = value();
      series.emplace(host, device);
      keys.insert(key(text, host, device));
      ASSERT_EQ(keys.size(), series.size()) << text << " " << host << " " << device;
    }
  }
}

TEST(Templates, ThatWouldServeSeveralSeriesAreRefused) {
  for (const char* bad :
       {"weir", "{measurement}", "{labels}", "{measurement}{labels}", "{measurement}a{labels}",
        "{measurement}%{labels}", "{measurement}:{labels}:{labels}",
        "{label.host}{measurement}:{labels}", "{measurement}:{label.host}:{label.device}"}) {
    EXPECT_NE(Template().parse(bad, true).find("the same for several series"), std::string::npos)
        << bad;
    EXPECT_EQ(Template().parse(bad, false), "") << bad;
  }
  for (const char* good : {"{measurement}:{labels}", "a{measurement}b;c{labels}",
                           "{{{measurement}:{labels}}}", "{label.a}:{measurement}:{labels}"}) {
    EXPECT_EQ(Template().parse(good, true), "") << good;
  }
}

TEST(Templates, ThatAreMalformedAreRefused) {
  EXPECT_EQ(Template().parse("", false), "is empty");
  EXPECT_EQ(Template().parse(std::string(1025, 'x'), false), "is longer than 1024 bytes");
  EXPECT_EQ(Template().parse("a}b", false), "has a } without {; write }} for a brace");
  EXPECT_EQ(Template().parse("a{b", false), "has a { without }; write {{ for a brace");
  for (const char* bad : {"{}", "{host}", "{label.}", "{label.a-b}", "{label.1}", "{label.a/b}"}) {
    EXPECT_NE(Template().parse(bad, false).find("expected {measurement}"), std::string::npos)
        << bad;
  }
}

// As redis-server 7.0 answers CLUSTER KEYSLOT; tests/e2e/redis compares random ones.
TEST(Slots, AreThoseOfRedis) {
  EXPECT_EQ(slot_of("123456789"), 0x31C3) << "the check value of CRC-16/XMODEM";
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("{foo}bar"), 12182);
  EXPECT_EQ(slot_of("x{foo}{bar}"), 12182);
  EXPECT_EQ(slot_of(""), 0);
  EXPECT_EQ(slot_of("foo{}{bar}"), slot_of("foo{}{bar}"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar")) << "an empty tag is none";
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_NE(slot_of("{foo"), slot_of("foo"));
}

}  // namespace
}  // namespace weir::redis_sink
