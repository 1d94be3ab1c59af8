// Urls of servers: taken apart, or refused with a reason that shows no secret.
#include "weir/url.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Url, IsTakenApart) {
  const Url url = parse_url("redis://a%40b@one.example:6380,[::1]:7,three/r%2fm/x");
  EXPECT_EQ(url.problem, "");
  EXPECT_EQ(url.scheme, "redis");
  EXPECT_EQ(url.user, "a@b");
  ASSERT_EQ(url.hosts.size(), 3u);
  EXPECT_EQ(url.hosts[0].name, "one.example");
  EXPECT_EQ(url.hosts[0].port, 6380);
  EXPECT_EQ(url.hosts[1].name, "::1");
  EXPECT_EQ(url.hosts[1].port, 7);
  EXPECT_EQ(url.hosts[2].name, "three");
  EXPECT_EQ(url.hosts[2].port, 0);
  EXPECT_EQ(url.path, "r/m/x");
  EXPECT_EQ(parse_url("mqtt://h").path, "");
  EXPECT_EQ(parse_url("mqtt://h/").problem, "");
}

TEST(Url, ThatIsWrongIsRefused) {
  const std::pair<const char*, const char*> bad[] = {
      {"", "has no scheme before ://"},
      {"h:1", "has no scheme before ://"},
      {"://h", "has no scheme before ://"},
      {"x://", "names no host"},
      {"x://u@/d", "names no host"},
      {"x://a,,b", "names no host"},
      {"x://a,", "names no host"},
      {"x://u:secret@h", "holds a password, which belongs into the option password"},
      {"x://h:", "has a port that is not a number from 1 to 65535"},
      {"x://h:0", "has a port that is not a number from 1 to 65535"},
      {"x://h:65536", "has a port that is not a number from 1 to 65535"},
      {"x://h:1x", "has a port that is not a number from 1 to 65535"},
      {"x://::1", "has an IPv6 address without brackets"},
      {"x://[::1", "has a [ without ]"},
      {"x://[::1]x", "has something else than a port behind ]"},
      {"x://u%4@h", "has a user with a malformed %XX"},
      {"x://u%00@h", "has a user with a malformed %XX"},
      {"x://h/%zz", "has a path with a malformed %XX"},
      {"x://h/d?x=1", "has a ? or #; write it as %3F or %23"},
      {"x://h?x=1", "has a ? or #; write it as %3F or %23"},
      {"x://u#@h", "has a ? or #; write it as %3F or %23"},
  };
  for (const auto& [text, why] : bad) EXPECT_EQ(parse_url(text).problem, why) << text;
}

}  // namespace
}  // namespace weir
