// my_source against an agent in memory: what it emits, and what it says when it cannot.
#include "my_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "weir_testing/agent.hpp"

namespace {

class MySourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/my_source_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
  }
  std::string line(const std::string& values) { return "path=" + folder_.string() + " " + values; }

  std::filesystem::path folder_;
  weir::testing::Agent agent_;
};

TEST_F(MySourceTest, CountsFilesAndBytes) {
  write("a", "12345");
  write("b", "123");
  MySource source(weir::Source(agent_.host()), {folder_.string(), false});
  source.collect(7);
  EXPECT_THAT(agent_.lines("my_source"), testing::ElementsAre(line("files=2,size=8 7")));
}

TEST_F(MySourceTest, CountsSubfoldersOnlyWhenTold) {
  std::filesystem::create_directory(folder_ / "below");
  write("below/a", "12345");
  MySource flat(weir::Source(agent_.host()), {folder_.string(), false});
  MySource deep(weir::Source(agent_.host()), {folder_.string(), true});
  flat.collect(1);
  deep.collect(2);
  EXPECT_THAT(agent_.lines("my_source"),
              testing::ElementsAre(line("files=0,size=0 1"), line("files=1,size=5 2")));
}

TEST_F(MySourceTest, SaysWhichFolderCannotBeRead) {
  MySource source(weir::Source(agent_.host()), {(folder_ / "gone").string(), false});
  try {
    source.collect(1);
    FAIL() << "a folder that is not there was read";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("gone': No such file or directory; check that"));
  }
}

}  // namespace
