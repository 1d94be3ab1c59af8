// Every mistake of mistakes.txt gives exactly the problems that stand there. To write the file
// anew from what comes out (and then read the difference): WEIR_GOLDEN=1 config_test.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/config/load.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"

namespace weir::config::testing {
namespace {

struct Mistake {
  std::string title;
  std::vector<std::pair<std::string, std::string>> files;
  std::string problems;
};

// `=== title`, `--- file` and its text, ..., `--- problems` and the problems. In texts, <TAB> and
// the like stand for what cannot be seen.
std::vector<Mistake> read_mistakes(std::string& head) {
  std::ifstream in(WEIR_TESTDATA "/mistakes.txt");
  std::vector<Mistake> mistakes;
  std::string* text = &head;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      mistakes.push_back({line.substr(4), {}, ""});
      text = nullptr;
    } else if (line == "--- problems") {
      text = &mistakes.back().problems;
    } else if (line.starts_with("--- ")) {
      text = &mistakes.back().files.emplace_back(line.substr(4), "").second;
    } else if (text != nullptr) {
      *text += line + '\n';
    }
  }
  return mistakes;
}

std::string visible_to_raw(std::string text) {
  for (const auto& [visible, raw] :
       std::vector<std::pair<std::string, std::string>>{{"<TAB>", "\t"},
                                                        {"<NUL>", std::string(1, '\0')},
                                                        {"<ESC>", "\x1b"},
                                                        {"<CR>", "\r"},
                                                        {"<0xFF>", "\xff"},
                                                        {"<BOM16>", "\xff\xfe"}}) {
    for (std::size_t i = 0; (i = text.find(visible, i)) != std::string::npos; i += raw.size()) {
      text.replace(i, visible.size(), raw);
    }
  }
  return text;
}

std::string problems_of(const Mistake& mistake) {
  const Folder folder;
  // A case about one key needs a source and a sink to be about nothing else.
  if (mistake.title.find("(alone)") == std::string::npos) {
    folder.write("conf.d/00_base.yaml",
                 "sources: {cpu: {type: plain}}\nsinks: {out: {type: blackhole, inputs: [cpu]}}\n");
  }
  for (const auto& [name, text] : mistake.files) folder.write(name, visible_to_raw(text));
  FakeCatalog catalog;
  Problems problems;
  const auto config = load({"weir.yaml", "web1"}, catalog, problems);
  EXPECT_EQ(config == nullptr, !problems.empty()) << mistake.title;
  return problems.text();
}

TEST(Mistakes, EachGivesItsProblems) {
  ::setenv("WEIR_TEST_WORD", "fast", 1);
  ::setenv("WEIR_TEST_EMPTY", "", 1);
  ::unsetenv("WEIR_TEST_UNSET");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  std::string head;
  std::vector<Mistake> mistakes = read_mistakes(head);
  ASSERT_GE(mistakes.size(), 60u);
  const bool golden = std::getenv("WEIR_GOLDEN") != nullptr;
  for (Mistake& mistake : mistakes) {
    const std::string actual = problems_of(mistake);
    EXPECT_NE(actual, "") << mistake.title << ": is no mistake";
    if (golden) {
      mistake.problems = actual + "\n";
    } else {
      EXPECT_EQ(mistake.problems, actual + "\n") << mistake.title;
    }
  }
  if (!golden) return;
  std::ofstream out(WEIR_TESTDATA "/mistakes.txt");
  out << head;
  for (const Mistake& mistake : mistakes) {
    out << "=== " << mistake.title << '\n';
    for (const auto& [name, text] : mistake.files) out << "--- " << name << '\n' << text;
    out << "--- problems\n" << mistake.problems;
  }
}

}  // namespace
}  // namespace weir::config::testing
