// What births bound outlives the process, in order and within bounds, whatever a crash leaves of
// the journal; and edge nodes are not asked again and again.
#include "edge_nodes.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weir::mqtt_source {
namespace {

using namespace std::chrono_literals;
using payload::SparkplugType;

class Remembering : public ::testing::Test {
 protected:
  Remembering() {
    std::string pattern = ::testing::TempDir() + "edge_nodes_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "sparkplug" / "bridge";
  }
  ~Remembering() override { std::filesystem::remove_all(folder_); }

  // One that begins with what is on the disk now.
  EdgeNodes restarted(const std::string& why = "") {
    EdgeNodes nodes(path_);
    EXPECT_EQ(nodes.load(), why);
    return nodes;
  }
  static std::string name_of(const EdgeNodes& nodes, std::uint64_t alias, bool is_before = false) {
    const EdgeNodes::Bound* bound = nodes.find("g/e", alias, is_before);
    return bound == nullptr ? "" : bound->name;
  }

  std::filesystem::path folder_;
  std::string path_;
  const Clock::time_point now_ = Clock::now();
};

TEST_F(Remembering, BirthsAndDeathsAreThereAfterARestart) {
  EdgeNodes nodes = restarted();
  nodes.born("g/e", {1, 1000});
  nodes.bind("g/e", 3, {"old", SparkplugType::int16});
  ASSERT_EQ(nodes.save(now_), "");
  nodes.born("g/e", {2, 2000});
  nodes.bind("g/e", 3, {"new", SparkplugType::float64});
  nodes.bind("g/dead", 3, {"x", SparkplugType::text});
  nodes.died("g/dead");
  ASSERT_EQ(nodes.save(now_), "");
  nodes.bind("g/e", 4, {"not saved", SparkplugType::float64});

  for (int round = 0; round < 2; ++round) {  // the second time of what was written anew
    EdgeNodes again = restarted();
    EXPECT_EQ(*again.find("g/e", 3, false), (EdgeNodes::Bound{"new", SparkplugType::float64}));
    EXPECT_EQ(*again.find("g/e", 3, true), (EdgeNodes::Bound{"old", SparkplugType::int16}));
    EXPECT_EQ(again.find("g/e", 4, false), nullptr);
    EXPECT_EQ(again.life("g/e")->birth, (EdgeNodes::Birth{2, 2000}));
    EXPECT_FALSE(again.life("g/dead")->is_alive);
    EXPECT_EQ(again.find("g/dead", 3, false), nullptr);
    EXPECT_EQ(again.find("g/dead", 3, true)->name, "x");
    for (int i = 0; round == 0 && i < 30'000; ++i) {  // what is old is most of the file, in time
      again.born("g/other", {i, i + 1});
      again.bind("g/other", 1, {"n" + std::to_string(i), SparkplugType::text});
      if (i % 100 == 99) {
        ASSERT_EQ(again.save(now_), "");
      }
    }
    EXPECT_LT(std::filesystem::file_size(path_), 2u << 20);
  }
}

TEST_F(Remembering, TheSameBirthAgainChangesNothing) {
  EdgeNodes nodes = restarted();
  nodes.bind("g/e", 3, {"old", SparkplugType::int16});
  nodes.born("g/e", {2, 2000});
  nodes.bind("g/e", 3, {"new", SparkplugType::int16});
  ASSERT_EQ(nodes.save(now_), "");
  const auto size = std::filesystem::file_size(path_);
  nodes.born("g/e", {2, 2000});
  nodes.bind("g/e", 3, {"new", SparkplugType::int16});
  ASSERT_EQ(nodes.save(now_), "");
  EXPECT_EQ(std::filesystem::file_size(path_), size);
  EXPECT_EQ(name_of(nodes, 3), "new");
  EXPECT_EQ(name_of(nodes, 3, true), "old");
}

TEST_F(Remembering, ATornEndIsPassedOverAndWrittenAnew) {
  EdgeNodes nodes = restarted();
  nodes.bind("g/e", 1, {"one", SparkplugType::int16});
  ASSERT_EQ(nodes.save(now_), "");
  const auto whole = std::filesystem::file_size(path_);
  nodes.bind("g/e", 2, {"two", SparkplugType::int16});
  ASSERT_EQ(nodes.save(now_), "");
  const auto size = std::filesystem::file_size(path_);
  std::fstream(path_, std::ios::in | std::ios::out).seekp(static_cast<long>(size) - 1).put('?');
  const std::string torn = path_ + " ends in " + std::to_string(size - whole) +
                           " bytes that are not whole, which are passed over";
  for (std::uintmax_t keep = size; keep > whole; --keep) {
    std::filesystem::resize_file(path_, keep);
    EdgeNodes again(path_);
    EXPECT_NE(again.load(), "") << keep;
    EXPECT_EQ(name_of(again, 1), "one");
    EXPECT_EQ(name_of(again, 2), "");
    if (keep > whole + 1) continue;
    again.bind("g/e", 3, {"three", SparkplugType::int16});
    ASSERT_EQ(again.save(now_), "");
  }
  const EdgeNodes again = restarted();
  EXPECT_EQ(name_of(again, 1) + name_of(again, 3), "onethree");
}

TEST_F(Remembering, WhatCannotBeWrittenIsWrittenLater) {
  EdgeNodes nodes = restarted();
  std::ofstream(folder_ / "sparkplug") << "a file where the folder should be";
  nodes.bind("g/e", 1, {"one", SparkplugType::int16});
  EXPECT_NE(nodes.save(now_).find("cannot write " + path_), std::string::npos);
  nodes.bind("g/e", 2, {"two", SparkplugType::int16});
  EXPECT_EQ(nodes.save(now_ + 1s), "") << "told once, and not tried so soon";
  std::filesystem::remove(folder_ / "sparkplug");
  EXPECT_EQ(nodes.save(now_ + 60s), "");
  const EdgeNodes again = restarted();
  EXPECT_EQ(name_of(again, 1) + name_of(again, 2), "onetwo");
}

TEST_F(Remembering, IsBoundedAndGivesUpWhatIsOfBeforeFirst) {
  EdgeNodes nodes;
  const auto fill = [&](const char* node) {
    for (std::uint64_t i = 0; i < EdgeNodes::kAliasesMax / 2; ++i) {
      nodes.bind(node, i, {"m", SparkplugType::int16});
    }
  };
  fill("g/e");
  nodes.born("g/e", {2, 2000});
  fill("g/e");
  EXPECT_EQ(name_of(nodes, 1, true), "m");
  fill("g/other");
  EXPECT_EQ(name_of(nodes, 1, true), "") << "its place was needed";
  EXPECT_EQ(name_of(nodes, 1), "m");
  nodes.bind("g/e", EdgeNodes::kAliasesMax, {"m", SparkplugType::int16});
  EXPECT_EQ(name_of(nodes, EdgeNodes::kAliasesMax), "");
  nodes.bind("g/e", 1, {"renamed", SparkplugType::int16});
  EXPECT_EQ(name_of(nodes, 1), "renamed");
  nodes.died("g/other");
  nodes.bind("g/e", EdgeNodes::kAliasesMax, {"m", SparkplugType::int16});
  EXPECT_EQ(name_of(nodes, EdgeNodes::kAliasesMax), "m") << "the dead are given up";

  EdgeNodes long_names;
  const std::string name(4096, 'n');
  for (std::uint64_t i = 0; i < EdgeNodes::kBytesMax / name.size(); ++i) {
    long_names.bind("g/e", i, {name, SparkplugType::int16});
  }
  EXPECT_EQ(long_names.find("g/e", EdgeNodes::kBytesMax / name.size() - 1, false), nullptr);
}

TEST(AskingForBirths, IsSeldomAndBounded) {
  Rebirths rebirths;
  const Clock::time_point begin = Clock::now();
  const auto asked = [&](Duration since) {
    rebirths.want("g/e", begin + since);
    return rebirths.take().size();
  };
  EXPECT_EQ(asked(0s), 1u);
  EXPECT_EQ(asked(9s), 0u);
  EXPECT_EQ(asked(11s), 1u);
  EXPECT_EQ(asked(29s), 0u) << "twice as long";
  EXPECT_EQ(asked(32s), 1u);
  EXPECT_EQ(asked(1h), 1u);
  EXPECT_EQ(asked(1h + 11s), 1u) << "that was another time";
  for (int i = 0; i < 1000; ++i) rebirths.want("g/" + std::to_string(i), begin + 2h);
  EXPECT_EQ(rebirths.take().size(), 100u);
  rebirths.want("g/999", begin + 2h + 1s);
  EXPECT_EQ(rebirths.take(), std::vector<std::string>{"g/999"});
}

}  // namespace
}  // namespace weir::mqtt_source
