// Files of dead letters as a source: each row as what it was, whatever else is in the file.
#include "core/cli/letter_source.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "weir_testing/agent.hpp"

namespace weir::cli {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::uint32_t> g_wanted;  // rows of the batches that were asked for
decltype(weir_host::batch) g_batch = nullptr;

class LetterSource : public ::testing::Test {
 protected:
  LetterSource() : path_(::testing::TempDir() + "weir-letters-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
    g_wanted.clear();
  }
  ~LetterSource() override { std::filesystem::remove_all(path_); }

  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string file(const Lines& lines) const {
    std::ofstream out(path("letters"), std::ios::binary);
    for (const std::string& line : lines) out << line << '\n';
    return path("letters");
  }
  // Collects until the end of the file.
  void collect(LetterFile& letters) {
    weir_host host = *agent_.host();
    g_batch = std::exchange(host.batch,
                            [](const weir_host* h, const weir_measurement* m, std::uint32_t rows) {
                              g_wanted.push_back(rows);
                              return g_batch(h, m, rows);
                            });
    read_letters_from(letters);
    const weir_component_type& type = *letter_source();
    void* instance = nullptr;
    ASSERT_EQ(type.create(&host, nullptr, &instance, nullptr), WEIR_OK);
    while (!letters.ended()) EXPECT_EQ(type.collect(instance, 0, nullptr), WEIR_OK);
    type.destroy(instance);
  }

  testing::Agent agent_;
  std::string path_;
};

std::string schema(const std::string& name, const std::string& fields, const char* type = "2") {
  std::string line =
      R"({"schema":")" + name + R"(","measurement":")" + name + R"(","labels":["host"],"fields":[)";
  for (const char field : fields) {
    line += std::string(line.back() == '[' ? "" : ",") + R"({"name":")" + field + R"(","type":)" +
            type + R"(,"metric":1})";
  }
  return line + "]}";
}
std::string row(const std::string& name, const std::string& fields, int time) {
  return R"({"at":"now","schema":")" + name + R"(","time":)" + std::to_string(time) +
         R"(,"labels":{"host":"x"},"fields":{)" + fields + "}}";
}

TEST_F(LetterSource, SchemasThatComeAgainLeaveEveryRowItsMeasurement) {
  Lines lines;
  Lines expected_a, expected_b;
  // As after restarts of an agent: what is freed for one schema would be the next one's memory.
  for (int i = 0; i < 20; ++i) {
    const std::string time = std::to_string(i);
    lines.push_back(schema("a", "f"));
    lines.push_back(row("a", R"("f":)" + time, i));
    lines.push_back(schema("a", "f"));
    lines.push_back(schema("b", "ghi"));
    lines.push_back(row("b", R"("g":1,"h":2,"i":)" + time, i));
    expected_a.push_back("host=x f=" + time + " " + time);
    expected_b.push_back("host=x g=1,h=2,i=" + time + " " + time);
  }
  LetterFile letters(file(lines));
  collect(letters);
  EXPECT_EQ(letters.bad(), 0u) << letters.first_bad();
  EXPECT_EQ(agent_.lines("a"), expected_a);
  EXPECT_EQ(agent_.lines("b"), expected_b);
}

TEST_F(LetterSource, ASchemaThatSomebodyChangedHoldsForTheRowsBehindIt) {
  const std::string other = R"({"schema":"a","measurement":"b","fields":[{"name":"g","type":2,)"
                            R"("metric":1},{"name":"h","type":2,"metric":1}]})";
  LetterFile letters(file({schema("a", "f"), row("a", R"("f":1)", 1), other,
                           R"({"at":"now","schema":"a","time":2,"fields":{"g":1,"h":2}})"}));
  collect(letters);
  EXPECT_EQ(letters.bad(), 0u) << letters.first_bad();
  EXPECT_EQ(agent_.lines("a"), Lines{"host=x f=1 1"});
  EXPECT_EQ(agent_.lines("b"), Lines{"g=1,h=2 2"});
}

TEST_F(LetterSource, BatchesAreOfTheSizeOfTheirRows) {
  Lines lines{schema("a", "f"), schema("b", "f")};
  for (int i = 0; i < 100; ++i) lines.push_back(row(i % 2 == 0 ? "a" : "b", R"("f":1)", i));
  for (int i = 0; i < 1500; ++i) lines.push_back(row("a", R"("f":1)", i));
  LetterFile letters(file(lines));
  collect(letters);
  std::vector<std::uint32_t> expected(100, 1);
  expected.insert(expected.end(), {1000, 500});
  EXPECT_EQ(g_wanted, expected);
}

TEST_F(LetterSource, WhatCannotBeReadIsAnErrorAndNotTheEnd) {
  LetterFile folder(path_);
  deadletter::Letter letter;
  EXPECT_FALSE(folder.next(letter));
  EXPECT_TRUE(folder.ended());
  EXPECT_EQ(folder.error(), EISDIR);
  LetterFile memory("/proc/self/mem");
  EXPECT_FALSE(memory.next(letter));
  EXPECT_EQ(memory.error(), EIO);
  LetterFile good(file({schema("a", "f")}));
  EXPECT_FALSE(good.next(letter));
  EXPECT_EQ(good.error(), 0);
}

TEST_F(LetterSource, LinesOfNoUseAreCopiedWithTheSchemasAndNothingElse) {
  const Lines lines{schema("a", "f"), row("a", R"("f":1)", 1), "torn {", row("a", R"("g":1)", 2),
                    row("a", R"("f":2)", 3)};
  LetterFile letters(file(lines));
  collect(letters);
  EXPECT_EQ(agent_.lines("a"), (Lines{"host=x f=1 1", "host=x f=2 3"}));
  EXPECT_EQ(letters.bad(), 2u);
  EXPECT_EQ(letters.first_bad().substr(0, 3), "3: ");
  EXPECT_EQ(letters.copy_bad(path("bad")), "");
  std::ifstream in(path("bad"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, lines[0] + "\n" + lines[2] + "\n" + lines[3] + "\n");
  EXPECT_NE(letters.copy_bad(path("no/where")), "");
}

}  // namespace
}  // namespace weir::cli
