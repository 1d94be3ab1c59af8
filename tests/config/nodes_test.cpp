// Nodes: how YAML becomes them, how files are merged, what ${...} stands for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/config/expand.hpp"
#include "core/config/merge.hpp"
#include "core/config/yaml.hpp"
#include "tests/config/folder.hpp"

namespace weir::config {
namespace {

using testing::Folder;

Node yaml(const std::string& text, std::uint16_t file = 0) {
  Budget budget;
  Problems problems;
  Node root;
  EXPECT_TRUE(parse_yaml("f", file, text, budget, root, problems)) << problems.text();
  EXPECT_TRUE(problems.empty()) << problems.text();
  return root;
}

// A node as flow YAML, without quotes.
std::string shown(const Node& node) {
  std::string text;
  switch (node.kind) {
    case NodeKind::kNull: return "~";
    case NodeKind::kScalar: return node.text;
    case NodeKind::kSequence:
      for (const Node& item : node.items) text += (text.empty() ? "" : ",") + shown(item);
      return "[" + text + "]";
    case NodeKind::kMap:
      for (const Node& item : node.items) {
        text += (text.empty() ? "" : ",") + item.key + ":" + shown(item);
      }
      return "{" + text + "}";
  }
  return text;
}

TEST(Merge, MapsGrowAndTheRestIsReplaced) {
  Node base = yaml("{a: 1, b: {c: 2, d: [3, 4]}, e: ~, f: 5}");
  merge(base, yaml("{a: 9, b: {d: [5], x: 6}, e: {y: 7}, f: ~, z: 8}", 1));
  EXPECT_EQ(shown(base), "{a:9,b:{c:2,d:[5],x:6},e:{y:7},f:5,z:8}");
  EXPECT_EQ(base.find("a")->file, 1);
  EXPECT_EQ(base.find("f")->file, 0);
  EXPECT_EQ(base.find("b")->find("c")->file, 0);
  merge(base, yaml("{b: text}", 2));
  EXPECT_EQ(base.find("b")->text, "text");
  merge(base, Node{});
  EXPECT_EQ(base.items.size(), 5u);
}

TEST(Yaml, AnchorsAndMergeKeys) {
  EXPECT_EQ(shown(yaml("base: &b {x: 1, y: 2}\na: *b\nc:\n  <<: *b\n  y: 3\n")),
            "{base:{x:1,y:2},a:{x:1,y:2},c:{y:3,x:1}}");
  EXPECT_EQ(shown(yaml("p: &p {x: 1}\nq: &q {x: 2, z: 3}\nr: {<<: [*p, *q], w: 0}\n")),
            "{p:{x:1},q:{x:2,z:3},r:{w:0,x:1,z:3}}");
  EXPECT_EQ(shown(yaml("a: &x text\nb: [*x, *x]\n")), "{a:text,b:[text,text]}");
}

TEST(Yaml, TextsStayAsTheyAreWritten) {
  EXPECT_EQ(shown(yaml("{a: 007, b: yes, c: 1e3, d: \"null\", e: null, f: !!str 5, g: 0x1F}")),
            "{a:007,b:yes,c:1e3,d:null,e:~,f:5,g:0x1F}");
  EXPECT_EQ(yaml("a: |\n  one\n  two\n").find("a")->text, "one\ntwo\n");
  EXPECT_EQ(yaml("a: \"x\\ty\"").find("a")->text, "x\ty");
  EXPECT_EQ(yaml("").kind, NodeKind::kNull);
  EXPECT_EQ(yaml("# a comment\n").kind, NodeKind::kNull);
  EXPECT_EQ(yaml("---\na: b\n...\n").items.size(), 1u);
}

TEST(Yaml, PlacesAreThoseOfValuesAndKeys) {
  const Node root = yaml("a:\n  bä: [x, ü, y]\n  c:\n");
  const Node& list = *root.find("a")->find("bä");
  EXPECT_EQ(list.key_at.line, 2u);
  EXPECT_EQ(list.key_at.column, 3u);
  EXPECT_EQ(list.at.column, 7u);
  EXPECT_EQ(list.items.at(2).at.column, 14u);
  EXPECT_EQ(root.find("a")->find("c")->at.line, 3u);
}

class Expanded : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("WEIR_TEST_A", "alpha", 1);
    ::setenv("WEIR_TEST_EMPTY", "", 1);
    ::unsetenv("WEIR_TEST_NONE");
  }
  static std::string text(const std::string& from) {
    const Expansion e = expand(from, "", 1 << 20);
    EXPECT_EQ(e.fault, "") << from;
    return e.text;
  }
  static std::string fault(const std::string& from) { return expand(from, "", 1 << 20).fault; }
};

TEST_F(Expanded, Variables) {
  EXPECT_EQ(text("x-${WEIR_TEST_A}-${WEIR_TEST_A}"), "x-alpha-alpha");
  EXPECT_EQ(text("${WEIR_TEST_EMPTY}"), "");
  EXPECT_EQ(text("${WEIR_TEST_EMPTY:-b}${WEIR_TEST_NONE:-c}${WEIR_TEST_A:-d}"), "bcalpha");
  EXPECT_EQ(text("${WEIR_TEST_NONE:-}"), "");
  EXPECT_EQ(text("${WEIR_TEST_NONE:-a:-b c}"), "a:-b c");
  EXPECT_EQ(text("${WEIR_TEST_A:?must be}"), "alpha");
  EXPECT_EQ(text("$${WEIR_TEST_A} $ $$ {} $x"), "${WEIR_TEST_A} $ $$ {} $x");
  EXPECT_EQ(text("$$${WEIR_TEST_A}"), "$${WEIR_TEST_A}");
}

TEST_F(Expanded, WhatComesOutIsNotExpandedAgain) {
  ::setenv("WEIR_TEST_LOOP", "${WEIR_TEST_LOOP}", 1);
  EXPECT_EQ(text("${WEIR_TEST_LOOP}"), "${WEIR_TEST_LOOP}");
}

TEST_F(Expanded, FilesLoseTheirLastLineEnds) {
  const Folder folder;
  folder.write("secret", "one\ntwo\r\n\n");
  const Expansion e = expand("<${file:secret}>", "", 1 << 20);
  EXPECT_EQ(e.text, "<one\ntwo>");
  EXPECT_TRUE(e.secret);
  EXPECT_FALSE(expand("${WEIR_TEST_A}", "", 1 << 20).secret);
}

TEST_F(Expanded, FilesHaveALimitAndAreText) {
  const Folder folder;
  folder.write("large", std::string((64 << 10) + 1, 'x'));
  folder.write("binary", std::string("a\0b", 3));
  folder.write("latin", "\xE4");
  EXPECT_EQ(fault("${file:large}"), "large has 64KiB; a file that is put in is at most 64KiB");
  EXPECT_EQ(fault("${file:binary}"), "binary is not UTF-8 text");
  EXPECT_EQ(fault("${file:latin}"), "latin is not UTF-8 text");
}

TEST_F(Expanded, Credentials) {
  const Folder folder;
  folder.write("creds/mysql", "hunter2\n");
  ::setenv("CREDENTIALS_DIRECTORY", "creds", 1);
  const Expansion e = expand("${credential:mysql}", "", 1 << 20);
  EXPECT_EQ(e.text, "hunter2");
  EXPECT_TRUE(e.secret);
  EXPECT_EQ(fault("${credential:none}"), "creds/none cannot be opened: No such file or directory");
  for (const char* name : {"", "..", ".", "a/b", "../creds/mysql"}) {
    EXPECT_NE(fault(std::string("${credential:") + name + "}"), "") << name;
  }
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(Expanded, TheResultHasALimit) {
  ::setenv("WEIR_TEST_LONG", std::string(1000, 'x').c_str(), 1);
  EXPECT_EQ(expand("${WEIR_TEST_LONG}", "", 999).fault,
            "the configuration grows beyond 4MiB here, expected less");
  EXPECT_EQ(expand("${WEIR_TEST_LONG}", "", 1000).text.size(), 1000u);
}

}  // namespace
}  // namespace weir::config
