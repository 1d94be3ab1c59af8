// RFC 3339 times: what format_number.hpp writes is read back; what is no time is refused.
#include <gtest/gtest.h>

#include <string>

#include "random.hpp"
#include "weir/format_number.hpp"
#include "weir/payload/rfc3339.hpp"

namespace weir::payload {
namespace {

TEST(Rfc3339, ReadsWhatWasWritten) {
  Random random;
  format::TimeText text;
  for (int i = 0; i < 2000; ++i) {
    const auto years_1678_to_2261 = static_cast<std::int64_t>(random.below(18'400'000'000u));
    const std::int64_t time = (years_1678_to_2261 - 9'200'000'000) * 1'000'000'000 +
                              static_cast<std::int64_t>(random.below(1'000'000'000));
    EXPECT_EQ(parse_rfc3339(text.at(time)), time) << text.at(time);
  }
}

TEST(Rfc3339, KnowsOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_rfc3339("1970-01-01 01:00:00+01:00"), 0);
  EXPECT_EQ(parse_rfc3339("1969-12-31t22:30:00.5-01:30"), 500'000'000);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899z"), 123'456'789);
  EXPECT_EQ(parse_rfc3339("2000-02-29T12:00:00Z"), 951'825'600'000'000'000);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z",
        "1970-13-01T00:00:00Z", "1970-02-29T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+0100", "1600-01-01T00:00:00Z",
        "2300-01-01T00:00:00Z", " 1970-01-01T00:00:00Z", "1970-01-0aT00:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace weir::payload
