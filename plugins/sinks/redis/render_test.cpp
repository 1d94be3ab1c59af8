// Rows as commands: which words they have, and which rows they stand for.
#include "render.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "scripts.hpp"
#include "weir_testing/agent.hpp"

namespace weir::redis_sink {
namespace {

constexpr std::int64_t kTime = 1795255200'123456789;
using Words = std::vector<std::string>;

// The words of a command; it must have no byte more.
Words words_of(std::string_view text) {
  Words words;
  const auto number = [&text](char kind) {
    EXPECT_EQ(text.at(0), kind);
    const std::size_t end = text.find("\r\n");
    const std::size_t value = std::stoul(std::string(text.substr(1, end - 1)));
    text.remove_prefix(end + 2);
    return value;
  };
  for (std::size_t left = number('*'); left > 0; --left) {
    const std::size_t size = number('$');
    words.emplace_back(text.substr(0, size));
    EXPECT_EQ(text.substr(size, 2), "\r\n");
    text.remove_prefix(size + 2);
  }
  EXPECT_EQ(text, "");
  return words;
}

class Render : public ::testing::Test {
 protected:
  Render() {
    options_.history.emplace().key = "h:{measurement}:{labels}";
    options_.history->max_length = 1000;
    options_.publish.emplace().channel = "c:{measurement}";
    options_.latest.emplace().key = "l:{measurement}:{labels}";
    measurement_ = source_.measurement(Schema("m")
                                           .label("host")
                                           .gauge("real", "", "")
                                           .field("whole", WEIR_I64, WEIR_GAUGE, "", "")
                                           .field("natural", WEIR_U64, WEIR_GAUGE, "", "")
                                           .field("flag", WEIR_BOOL, WEIR_GAUGE, "", "")
                                           .field("time", WEIR_STRING, WEIR_GAUGE, "", "")
                                           .histogram("wait", {0.5}, "", ""));
  }

  Batch rows(std::uint32_t count, std::string_view text = "x") {
    Batch batch = source_.batch(measurement_, count);
    for (std::uint32_t i = 0; i < count; ++i) {
      batch.add(source_.series(measurement_, {std::to_string(i)}), kTime + i);
      batch.set(0, i, 0.1);
      batch.set_i64(1, i, INT64_MIN);
      batch.set_u64(2, i, UINT64_MAX);
      batch.set_bool(3, i, true);
      batch.set_string(4, i, text);
      const std::uint64_t counts[] = {2, 1};
      batch.set_histogram(5, i, counts, 1.5);
    }
    return batch;
  }
  std::vector<Words> rendered(const Batch& batch) {
    Renderer renderer(options_);
    Commands commands;
    for (std::uint32_t row = 0; row < batch.rows();) {
      row += renderer.append(*batch.get(), row, commands);
    }
    std::vector<Words> all;
    for (const Command& c : commands.list) {
      all.push_back(words_of(commands.text.view().substr(c.begin, c.end - c.begin)));
    }
    rejected_ = commands.rejected;
    return all;
  }

  testing::Agent agent_;
  Source source_{agent_.host()};
  const weir_measurement* measurement_;
  Options options_;
  std::vector<Rejected> rejected_;
};

const Words kPairs{"real",         "0.1",
                   "whole",        "-9223372036854775808",
                   "natural",      "18446744073709551615",
                   "flag",         "1",
                   "field.time",   "x",
                   "wait.count",   "3",
                   "wait.sum",     "1.5",
                   "wait.buckets", R"({"0.5":2,"+Inf":3})"};

Words joined(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST_F(Render, ARowIsAHashAnEntryAndAMessage) {
  const auto found = rendered(rows(1));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (Words{"EVALSHA",
                             scripts()[kLatestScript].id,
                             "1",
                             "l:m:host:0",
                             "0",
                             "8",
                             "0",
                             "real",
                             "whole",
                             "natural",
                             "flag",
                             "field.time",
                             "wait.count",
                             "wait.sum",
                             "wait.buckets",
                             "2026-11-21T10:00:00.123456789Z",
                             "0.1",
                             "-9223372036854775808",
                             "18446744073709551615",
                             "1",
                             "x",
                             "3",
                             "1.5",
                             R"({"0.5":2,"+Inf":3})"}));
  EXPECT_EQ(found[1],
            joined({"XADD", "h:m:host:0", "MAXLEN", "~", "1000", "1795255200123-456789"}, kPairs));
  ASSERT_EQ(found[2].size(), 3u);
  EXPECT_EQ(found[2][1], "c:m");
  EXPECT_EQ(found[2][2].find(R"({"time":"2026-11-21T10:00:00.123456789Z","measurement":"m")"), 0u);
  EXPECT_EQ(found[2][2].back(), '}');
}

TEST_F(Render, ValuesThatAreNotThereAreNamedForTheHashOnly) {
  Batch batch = rows(1);
  for (std::uint32_t f = 0; f < 6; ++f) batch.set_null(f, 0);
  const auto found = rendered(batch);
  EXPECT_EQ(found[0], (Words{"EVALSHA", scripts()[kLatestScript].id, "1", "l:m:host:0", "0", "0",
                             "8", "real", "whole", "natural", "flag", "field.time", "wait.count",
                             "wait.sum", "wait.buckets", "2026-11-21T10:00:00.123456789Z"}));
  EXPECT_EQ(found[1], (Words{"XADD", "h:m:host:0", "MAXLEN", "~", "1000", "1795255200123-456789",
                             "time", "2026-11-21T10:00:00.123456789Z"}));
}

TEST_F(Render, NumbersThatAreNoneAreNamed) {
  options_.latest.reset();
  options_.publish.reset();
  options_.history->max_length = 0;
  for (const auto& [value, text] : {std::pair{std::numeric_limits<double>::quiet_NaN(), "nan"},
                                    {std::numeric_limits<double>::infinity(), "inf"},
                                    {-std::numeric_limits<double>::infinity(), "-inf"},
                                    {-0.0, "-0"}}) {
    Batch batch = rows(1);
    batch.set(0, 0, value);
    const auto found = rendered(batch);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0][3], "real");
    EXPECT_EQ(found[0][4], text);
  }
}

TEST_F(Render, HashesGoTogetherExceptInACluster) {
  options_.history.reset();
  options_.publish.reset();
  EXPECT_EQ(rendered(rows(100)).size(), 2u);
  EXPECT_EQ(rendered(rows(100))[0][2], "64");
  EXPECT_EQ(rendered(rows(100))[1][2], "36");
  options_.cluster = true;
  const auto found = rendered(rows(100));
  ASSERT_EQ(found.size(), 100u);
  EXPECT_EQ(found[99][3], "l:m:host:99");
}

TEST_F(Render, RowsWithoutTheSameValuesGoApart) {
  options_.history.reset();
  options_.publish.reset();
  Batch batch = rows(4);
  batch.set_null(0, 1);
  batch.set_null(0, 2);
  batch.set_null(1, 2);
  const auto found = rendered(batch);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[1][3], "l:m:host:1");
  EXPECT_EQ(found[1][5], "7");
  EXPECT_EQ(found[1][7], "whole");
  EXPECT_EQ(found[1][14], "real") << "the name of what is not there";
  EXPECT_EQ(found[1][16], "-9223372036854775808");
}

TEST_F(Render, LargeRowsGoAlone) {
  options_.history.reset();
  options_.publish.reset();
  Batch batch = source_.batch(measurement_, 3);
  const std::string large(1 << 20, 'x');
  for (std::uint32_t i = 0; i < 3; ++i) {
    batch.add(source_.series(measurement_, {std::to_string(i)}), kTime);
    batch.set_string(4, i, i == 1 ? large : "x");
    for (const std::uint32_t f : {0u, 1u, 2u, 3u, 5u}) batch.set_null(f, i);
  }
  const auto found = rendered(batch);
  ASSERT_EQ(found.size(), 3u);
  for (const Words& words : found) EXPECT_EQ(words[2], "1");
}

TEST_F(Render, ATimeThatNoStreamCanHaveRejectsItsRow) {
  Batch batch = rows(3);
  batch.times()[1] = 0;
  batch.times()[2] = -5;
  const auto found = rendered(batch);
  EXPECT_EQ(found.size(), 1u + 1u + 3u);
  ASSERT_EQ(rejected_.size(), 2u);
  EXPECT_EQ(rejected_[0].row, 1u);
  EXPECT_EQ(rejected_[1].row, 2u);
}

TEST_F(Render, AStreamThatTookARowLivesOn) {
  options_.history->ttl = std::chrono::seconds(5);
  const Batch batch = rows(1);
  Renderer renderer(options_);
  Commands commands;
  renderer.append_expiry(*batch.get(), 0, commands);
  EXPECT_EQ(words_of(commands.text.view()), (Words{"PEXPIRE", "h:m:host:0", "5000"}));
}

TEST_F(Render, ALateRowNamesItsTime) {
  const Batch batch = rows(1);
  Renderer renderer(options_);
  Commands commands;
  renderer.append_late(*batch.get(), 0, commands);
  EXPECT_EQ(words_of(commands.text.view()),
            joined(joined({"EVALSHA", scripts()[kLateScript].id, "1", "h:m:host:0",
                           "1795255200123-456789", "1000"},
                          kPairs),
                   {"time", "2026-11-21T10:00:00.123456789Z"}));
}

TEST_F(Render, ASeriesThatTakesTheIndexOfAnotherHasItsOwnKey) {
  options_.history.reset();
  options_.publish.reset();
  weir_string old_label = abi_string("old"), new_label = abi_string("new");
  weir_series first{}, second{};
  first.measurement = second.measurement = measurement_;
  first.index = second.index = 7;
  first.generation = 1;
  second.generation = 2;
  first.label_values = &old_label;
  second.label_values = &new_label;
  Batch batch = rows(2);
  batch.series()[0] = &first;
  batch.series()[1] = &second;
  const auto found = rendered(batch);
  EXPECT_EQ(found[0][3], "l:m:host:old");
  EXPECT_EQ(found[0][4], "l:m:host:new");
}

}  // namespace
}  // namespace weir::redis_sink
