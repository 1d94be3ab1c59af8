// Random batches, hostile ones included, written in every format and read back by Python's own
// parsers (testdata/read_back.py), which share nothing with the encoders.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include "weir/format.hpp"
#include "weir_testing/agent.hpp"

namespace {

using weir::format::Encoder;
using weir::format::Format;

constexpr const char* kPython = "/usr/bin/python3";

std::string hex(std::string_view bytes) {
  std::string text;
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    text += two;
  }
  return text;
}
std::string hex(double v) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(v)));
  return text;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

  double number() {
    switch (below(8)) {
      case 0: return static_cast<double>(static_cast<std::int64_t>(engine_()) >> below(63));
      case 1: return static_cast<double>(below(1'000'000'000)) / std::pow(10, below(12));
      case 2: return -static_cast<double>(below(100'000)) / 1000;
      case 3: return std::bit_cast<double>(engine_());  // any, NaN and subnormal too
      case 4: return static_cast<double>(engine_() >> 11) * 0x1p-53;
      case 5: return std::numeric_limits<double>::infinity() * (below(2) ? 1 : -1);
      case 6: return below(2) ? 0.0 : -0.0;
      default: return static_cast<double>(below(1'000'000)) / 1000 + 1e-9;
    }
  }
  std::string text() {
    static constexpr std::string_view kPieces[] = {
        "plain",    " ",        ",",  "=",    "\"",       "\\",
        "\n",       "\r",       "\t", "\x01", "\x1f",     "\x7f",
        "é",        "€",        "😀",  "\xff", "\xc0\xaf", "\xed\xa0\x80",
        "\xf0\x9f", "\xe2\x82", "a",  "#",    "\\n",      "long plain text"};
    std::string result;
    for (std::uint64_t n = below(8); n > 0; --n) result += kPieces[below(std::size(kPieces))];
    for (std::uint64_t n = below(4); n > 0; --n) result += static_cast<char>(below(256));
    if (below(4) == 0) result += '\0';
    return result;
  }

 private:
  std::mt19937_64 engine_;
};

struct Made {
  std::vector<weir::Batch> batches;
  std::string expected;
};

// One measurement with every type, one with a lone float, so that whole rows can be empty.
class Maker {
 public:
  Maker(const weir_host* host, Random& random) : source_(host), random_(random) {
    weir::Schema all("everything", "");
    all.label("host").label("device").gauge("f", "", "");
    all.field("i", WEIR_I64, WEIR_GAUGE, "", "").field("u", WEIR_U64, WEIR_COUNTER, "", "");
    all.field("b", WEIR_BOOL, WEIR_GAUGE, "", "").field("s", WEIR_STRING, WEIR_GAUGE, "", "");
    all.histogram("h", {1e-5, 0.25, 5}, "", "");
    all_ = source_.measurement(all);
    one_ = source_.measurement(weir::Schema("one", "").label("host").gauge("value", "", ""));
  }

  void add(Made& out) {
    const weir_measurement* m = random_.below(4) == 0 ? one_ : all_;
    const auto rows = static_cast<std::uint32_t>(1 + random_.below(20));
    weir::Batch batch = source_.batch(m, rows);
    for (std::uint32_t i = 0; i < rows; ++i) add_row(batch, m, out.expected);
    out.batches.push_back(std::move(batch));
  }

 private:
  void add_row(weir::Batch& batch, const weir_measurement* m, std::string& expected) {
    std::vector<std::string> labels;
    std::vector<weir_string> values;
    for (std::uint32_t i = 0; i < m->label_count; ++i) {
      labels.push_back(random_.below(3) ? random_.text() : "h" + std::to_string(random_.below(9)));
    }
    for (const auto& label : labels) values.push_back(weir::abi_string(label));
    const auto time = static_cast<std::int64_t>(random_.below(4'000'000'000'000'000'000)) /
                      (random_.below(2) ? 1 : 1'000'000) * (random_.below(9) ? 1 : -1);
    const std::uint32_t row = batch.add(source_.series(m, values), time);
    expected += std::to_string(time) + " " + m->name + " ";
    for (std::size_t i = 0; i < labels.size(); ++i) {
      expected += (i ? "," : "") + std::string(m->labels[i]) + "=" + hex(labels[i]);
    }
    for (std::uint32_t f = 0; f < m->field_count; ++f) {
      expected += std::string(" ") + m->fields[f]->name + ":" + set(batch, m, f, row);
    }
    expected += "\n";
  }

  std::string set(weir::Batch& batch, const weir_measurement* m, std::uint32_t f,
                  std::uint32_t row) {
    const bool null = random_.below(5) == 0;
    const weir_type type = m->fields[f]->type;
    if (null) {
      if (type == WEIR_STRING) batch.set_string(f, row, "");
      batch.set_null(f, row);
      return "n=";
    }
    if (type == WEIR_F64) {
      const double v = random_.number();
      batch.set(f, row, v);
      return "d=" + hex(v);
    }
    if (type == WEIR_I64) {
      const auto v = static_cast<std::int64_t>(random_.below(~0ull)) >> random_.below(63);
      batch.set_i64(f, row, v);
      return "i=" + std::to_string(v);
    }
    if (type == WEIR_U64) {
      const std::uint64_t v = random_.below(~0ull) >> random_.below(63);
      batch.set_u64(f, row, v);
      return "u=" + std::to_string(v);
    }
    if (type == WEIR_BOOL) {
      const bool v = random_.below(2) != 0;
      batch.set_bool(f, row, v);
      return v ? "b=1" : "b=0";
    }
    if (type == WEIR_STRING) {
      const std::string v = random_.text();
      batch.set_string(f, row, v);
      return "s=" + hex(v);
    }
    std::vector<std::uint64_t> buckets;
    std::uint64_t count = 0;
    std::string text;
    for (std::uint32_t i = 0; i <= m->fields[f]->bound_count; ++i) {
      buckets.push_back(random_.below(1'000'000'000'000) >> random_.below(40));
      count += buckets.back();
      text += (i ? "," : "") + std::to_string(buckets.back());
    }
    const double sum = random_.number();
    batch.set_histogram(f, row, buckets, sum);
    text = "h=" + hex(sum) + ";" + std::to_string(count) + ";" + text + ";";
    for (std::uint32_t i = 0; i < m->fields[f]->bound_count; ++i) {
      text += (i ? "," : "") + hex(m->fields[f]->bounds[i]);
    }
    return text;
  }

  weir::Source source_;
  Random& random_;
  const weir_measurement* all_;
  const weir_measurement* one_;
};

class FormatProperty : public ::testing::TestWithParam<std::pair<Format, const char*>> {};

TEST_P(FormatProperty, IndependentParsersReadBackWhatWasWritten) {
  if (access(kPython, X_OK) != 0) GTEST_SKIP() << kPython << " is not installed";
  const auto [format, name] = GetParam();
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));

  char directory[] = "/tmp/weir_format_XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string written = std::string(directory) + "/written";
  const std::string expected = std::string(directory) + "/expected";

  weir::testing::Agent agent;
  Random random(seed);
  Maker maker(agent.host(), random);
  Made made;
  for (int i = 0; i < 150; ++i) maker.add(made);

  Encoder encoder(format, 16 << 10);  // small: the cache is forgotten several times
  weir::format::Buffer out;
  std::size_t lines = 0, skipped = 0, rows = 0;
  for (const auto& batch : made.batches) {
    if (format == Format::csv) out.append(weir::format::Csv::header(*batch.get()->measurement));
    encoder.append(*batch.get(), out);
    skipped += encoder.skipped().size();
    rows += batch.rows();
  }
  if (format != Format::csv) {
    for (const char c : out.view()) lines += c == '\n';
    EXPECT_EQ(lines + skipped, rows);
  }
  EXPECT_EQ(skipped > 0, format == Format::influx);
  std::ofstream(written, std::ios::binary) << out.view();
  std::ofstream(expected, std::ios::binary) << made.expected;

  const std::string command = std::string(kPython) + " " WEIR_TESTDATA "/read_back.py " + name +
                              " " + written + " " + expected;
  ASSERT_EQ(std::system(command.c_str()), 0) << "kept: " << directory;
  for (const auto& path : {written, expected}) std::remove(path.c_str());
  rmdir(directory);
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatProperty,
                         ::testing::Values(std::pair{Format::jsonl, "jsonl"},
                                           std::pair{Format::csv, "csv"},
                                           std::pair{Format::influx, "influx"}),
                         [](const auto& test) { return test.param.second; });

}  // namespace
