// Lines of weir/format.hpp as they must be, byte by byte.
#include "weir/format.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "weir_testing/agent.hpp"

namespace {

using weir::format::Buffer;
using weir::format::Encoder;
using weir::format::Format;

constexpr std::int64_t kTime = 1'795'255'200'000'000'000;  // 2026-11-21T10:00:00Z
constexpr double kInf = std::numeric_limits<double>::infinity();

class FormatTest : public ::testing::Test {
 protected:
  // One row with a field of every type, then one with nothing but labels.
  weir::Batch everything() {
    weir::Schema schema("disk", "");
    schema.label("host").label("device").gauge("busy", "", "");
    schema.field("delta", WEIR_I64, WEIR_GAUGE, "", "");
    schema.field("reads", WEIR_U64, WEIR_COUNTER, "", "");
    schema.field("up", WEIR_BOOL, WEIR_GAUGE, "", "");
    schema.field("state", WEIR_STRING, WEIR_GAUGE, "", "");
    schema.histogram("wait", {0.25, 5}, "", "");
    const weir_measurement* m = source_.measurement(schema);
    weir::Batch batch = source_.batch(m, 2);
    std::uint32_t row = batch.add(source_.series(m, {"a b", "C:\\"}), kTime);
    batch.set(0, row, 0.125);
    batch.set_i64(1, row, -3);
    batch.set_u64(2, row, 18446744073709551615u);
    batch.set_bool(3, row, true);
    batch.set_string(4, row, "say \"hi\",\nbye\\");
    const std::uint64_t buckets[] = {1, 2, 4};
    batch.set_histogram(5, row, buckets, 12.5);
    row = batch.add(source_.series(m, {"", "x"}), kTime + 1);
    batch.set_string(4, row, "");
    for (std::uint32_t f = 0; f < 6; ++f) batch.set_null(f, row);
    return batch;
  }
  weir::Batch floats(std::vector<double> values) {
    weir::Schema schema("f", "");
    for (std::size_t i = 0; i < values.size(); ++i) schema.gauge("v" + std::to_string(i), "", "");
    const weir_measurement* m = source_.measurement(schema);
    weir::Batch batch = source_.batch(m, 1);
    const std::uint32_t row = batch.add(source_.series(m), kTime);
    for (std::uint32_t i = 0; i < values.size(); ++i) batch.set(i, row, values[i]);
    return batch;
  }
  std::string text(Format format, const weir::Batch& batch) {
    Encoder encoder(format);
    Buffer out;
    encoder.append(*batch.get(), out);
    skipped_ = encoder.skipped();
    return std::string(out.view());
  }

  weir::testing::Agent agent_;
  weir::Source source_{agent_.host()};
  std::vector<std::uint32_t> skipped_;
};

TEST_F(FormatTest, Jsonl) {
  EXPECT_EQ(text(Format::jsonl, everything()),
            R"({"time":"2026-11-21T10:00:00.000Z","measurement":"disk",)"
            R"("labels":{"host":"a b","device":"C:\\"},)"
            R"("fields":{"busy":0.125,"delta":-3,"reads":18446744073709551615,"up":true,)"
            R"("state":"say \"hi\",\nbye\\",)"
            R"("wait":{"bounds":[0.25,5],"counts":[1,2,4],"sum":12.5,"count":7}}})"
            "\n"
            R"({"time":"2026-11-21T10:00:00.000000001Z","measurement":"disk",)"
            R"("labels":{"device":"x"},"fields":{}})"
            "\n");
  EXPECT_TRUE(skipped_.empty());
}

TEST_F(FormatTest, Csv) {
  const weir::Batch batch = everything();
  EXPECT_EQ(weir::format::Csv::header(*batch.get()->measurement),
            "time,measurement,host,device,busy,delta,reads,up,state,"
            "wait_sum,wait_count,wait_le_0.25,wait_le_5\n");
  EXPECT_EQ(text(Format::csv, batch),
            "2026-11-21T10:00:00.000Z,disk,a b,C:\\,0.125,-3,18446744073709551615,true,"
            "\"say \"\"hi\"\",\nbye\\\",12.5,7,1,3\n"
            "2026-11-21T10:00:00.000000001Z,disk,,x,,,,,,,,,\n");
}

TEST_F(FormatTest, Influx) {
  EXPECT_EQ(text(Format::influx, everything()),
            "disk,host=a\\ b,device=C: busy=0.125,delta=-3i,reads=18446744073709551615u,up=true,"
            "state=\"say \\\"hi\\\",\\nbye\\\\\","
            "wait_sum=12.5,wait_count=7u,wait_le_0.25=1u,wait_le_5=3u 1795255200000000000\n");
  EXPECT_EQ(skipped_, std::vector<std::uint32_t>{1});
}

TEST_F(FormatTest, NotFinite) {
  const weir::Batch batch = floats({std::nan(""), kInf, -kInf, 2});
  EXPECT_EQ(text(Format::jsonl, batch),
            R"({"time":"2026-11-21T10:00:00.000Z","measurement":"f","labels":{},)"
            R"("fields":{"v0":null,"v1":null,"v2":null,"v3":2}})"
            "\n");
  EXPECT_EQ(text(Format::csv, batch), "2026-11-21T10:00:00.000Z,f,NaN,+Inf,-Inf,2\n");
  EXPECT_EQ(text(Format::influx, batch), "f v3=2 1795255200000000000\n");
  EXPECT_EQ(text(Format::influx, floats({kInf})), "");
  EXPECT_EQ(skipped_, std::vector<std::uint32_t>{0});
}

TEST_F(FormatTest, CsvQuotesWhereRfc4180AsksForIt) {
  const auto cell = [](std::string_view value) {
    char out[256];
    return std::string(out, weir::format::Csv::cell(out, value));
  };
  EXPECT_EQ(cell("plain"), "plain");
  EXPECT_EQ(cell(""), "\"\"");
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("a\rb"), "\"a\rb\"");
  EXPECT_EQ(cell("\"\"\""), "\"\"\"\"\"\"\"\"");
  EXPECT_EQ(cell("a\xff"), "a\xEF\xBF\xBD");
}

TEST_F(FormatTest, JsonEscapesControlsAndReplacesMalformedUtf8) {
  const auto quoted = [](std::string_view value) {
    char out[256];
    return std::string(out, weir::format::Jsonl::quoted(out, value));
  };
  EXPECT_EQ(quoted(std::string_view("\0\x1f\b\f\n\r\t", 7)), R"("\u0000\u001f\b\f\n\r\t")");
  EXPECT_EQ(quoted("\x7f/"), "\"\x7f/\"");
  EXPECT_EQ(quoted("é€😀"), "\"é€😀\"");
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");  // a surrogate
  EXPECT_EQ(quoted("\xe2\x82"), "\"\uFFFD\"");                  // cut short
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(quoted("12345678\x80"), "\"12345678\uFFFD\"");
}

// Every special byte at every place of the eight that are looked at together.
TEST_F(FormatTest, NoSpecialByteHidesAmongPlainOnes) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 8; ++at) {
      std::string text = "aaaaaaaa";
      text[at] = static_cast<char>(c);
      std::uint64_t word;
      std::memcpy(&word, text.data(), 8);
      const bool special = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
      EXPECT_FALSE((special && weir::format::plain8<'"', '\\'>(word))) << c << " at " << at;
      EXPECT_EQ((weir::format::plain<'"', '\\'>(static_cast<char>(c))), !special) << c;
    }
  }
}

std::string number(double v) {
  char out[weir::format::kNumberBytesMax];
  return {out, weir::format::put_f64(out, v)};
}

TEST(FormatNumber, DoublesReadBackTheSameAndAreShort) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(-12.5), "-12.5");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(0.30000000000000004), "0.30000000000000004");
  EXPECT_EQ(number(0.000000001), "0.000000001");
  EXPECT_EQ(number(999999.999999999), "999999.999999999");
  EXPECT_EQ(number(999999999999999), "999999999999999");
  EXPECT_EQ(number(1e15), "1e+15");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(1.7976931348623157e308), "1.7976931348623157e+308");

  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 400'000; ++i) {
    double v = 0;
    switch (i % 5) {
      case 0: v = std::bit_cast<double>(random()); break;
      case 1: v = static_cast<double>(random() % 10'000'000'000) / std::pow(10, i % 13); break;
      case 2: v = static_cast<double>(random() >> (random() % 64)); break;
      case 3: v = std::nextafter(static_cast<double>(random() % 1'000'000) / 1000, kInf); break;
      default: v = -static_cast<double>(random() % 1'000'000'000) / 1e9; break;
    }
    if (!std::isfinite(v)) continue;
    const std::string text = number(v);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(v)) << text;
    if (std::abs(v) >= 1e15) continue;  // integers may be written out in full
    char shortest[64];
    const auto fixed = std::to_chars(shortest, shortest + 64, v, std::chars_format::scientific);
    const auto digits = [](std::string_view t) {  // significant ones
      std::string kept;
      for (const char c : t.substr(0, t.find('e'))) {
        if (c >= '0' && c <= '9' && !(kept.empty() && c == '0')) kept += c;
      }
      while (kept.ends_with('0')) kept.pop_back();
      return kept;
    };
    ASSERT_EQ(digits(text), digits({shortest, fixed.ptr})) << text;
  }
}

TEST(FormatNumber, IntegersAtEveryLength) {
  char out[weir::format::kNumberBytesMax];
  std::uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const std::uint64_t v : {power - 1, power, power + 1, power * 9}) {
      EXPECT_EQ(std::string(out, weir::format::put_u64(out, v)), std::to_string(v));
      const auto s = static_cast<std::int64_t>(v);
      EXPECT_EQ(std::string(out, weir::format::put_i64(out, s)), std::to_string(s));
      EXPECT_EQ(std::string(out, weir::format::put_i64(out, ~s)), std::to_string(~s));
    }
  }
  for (std::uint32_t v = 0; v < 100'000'000; v += 997) {
    ASSERT_EQ(std::string(out, weir::format::put_8_digits(out, v)),
              (std::to_string(100'000'000 + std::uint64_t{v})).substr(1));
  }
}

TEST(FormatTime, IsRfc3339) {
  weir::format::TimeText time;
  EXPECT_EQ(time.at(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time.at(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(time.at(kTime), "2026-11-21T10:00:00.000Z");
  EXPECT_EQ(time.at(kTime + 120'000'000), "2026-11-21T10:00:00.120Z");
  EXPECT_EQ(time.at(kTime + 120'001'000), "2026-11-21T10:00:00.120001Z");
  EXPECT_EQ(time.at(kTime + 5), "2026-11-21T10:00:00.000000005Z");
  EXPECT_EQ(time.at(951'782'400'000'000'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(time.at(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(time.at(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
}

}  // namespace
