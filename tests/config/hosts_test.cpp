// Which files of hosts/ are for a host, and what all files say together.
#include "core/config/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/effective.hpp"
#include "core/config/node.hpp"
#include "core/config/yaml.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"

namespace weir::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Hosts, PatternsComeBeforeTheShortNameAndThatBeforeTheFullOne) {
  const std::vector<std::string> stems{
      "db1.fra.example", "web1", "db*", "*.fra.example", "db1", "*", "db[2-9]", "db?"};
  EXPECT_THAT(host_stems(stems, "db1.fra.example", ""),
              ElementsAre("*", "*.fra.example", "db*", "db?", "db1", "db1.fra.example"));
  EXPECT_THAT(host_stems(stems, "db1", "db1.fra.example"),
              ElementsAre("*", "*.fra.example", "db*", "db?", "db1", "db1.fra.example"));
  EXPECT_THAT(host_stems(stems, "db1", ""), ElementsAre("*", "db*", "db?", "db1"));
  EXPECT_THAT(host_stems(stems, "web1.fra.example", ""), ElementsAre("*", "*.fra.example", "web1"));
  EXPECT_THAT(host_stems({"db1", "db[2-9]"}, "db10", ""), IsEmpty());
}

// A name that comes from outside is compared, and never part of a path.
TEST(Hosts, AStrangeNameHasNoFileOfItsOwn) {
  EXPECT_THAT(host_stems({"db1", "a"}, "../a", ""), IsEmpty());
  EXPECT_THAT(host_stems({"db1", "["}, "", ""), IsEmpty());
  EXPECT_THAT(host_stems({"*"}, "*", ""), ElementsAre("*"));
}

TEST(Hosts, AllFilesThatFitAreReadInOrder) {
  const Folder folder;
  folder.write("weir.yaml",
               "agent: {labels: {a: main}}\nsources: {cpu: {type: plain}}\n"
               "sinks: {out: {type: blackhole, inputs: cpu}}\n");
  folder.write("hosts/web*.yaml", "agent: {labels: {a: webs, b: webs}}\n");
  folder.write("hosts/web1.yaml", "agent: {labels: {a: web1}}\n");
  folder.write("hosts/db1.yaml", "agent: {labels: {a: db1}}\n");
  Problems problems;
  EXPECT_THAT(read({"weir.yaml", "web1"}, problems).files(),
              ElementsAre("weir.yaml", "hosts/web*.yaml", "hosts/web1.yaml"));
  EXPECT_THAT(read({"weir.yaml", "web2"}, problems).files(),
              ElementsAre("weir.yaml", "hosts/web*.yaml"));
  EXPECT_TRUE(problems.empty()) << problems.text();
}

class Effective : public ::testing::Test {
 protected:
  struct Said {
    std::string text, digest;
  };
  Said said(const std::string& text) {
    folder_.write("weir.yaml", text);
    Problems problems;
    FakeCatalog catalog;
    const Document document = read({"weir.yaml", "web1"}, problems);
    const auto config = bind(document, catalog, problems);
    EXPECT_NE(config, nullptr) << problems.text();
    if (config == nullptr) return {};
    return {effective(document, config->secrets), config->digest};
  }
  std::string printed(const std::string& text) { return said(text).text; }
  std::string digested(const std::string& text) { return said(text).digest; }
  const Folder folder_;
};

TEST_F(Effective, SaysWhereEachValueIsFrom) {
  folder_.write("conf.d/a.yaml", "sources: {t: {digits: 2}}\n");
  folder_.write("hosts/web1.yaml", "sources: {t: {interval: 5s}}\nagent: {log: {}}\n");
  EXPECT_EQ(printed("sources:\n  t: {type: clock, digits: 1, only: [a, 'b c']}\n"
                    "sinks: {out: {type: blackhole, inputs: [t]}}\n"),
            "sources:\n"
            "  t:\n"
            "    type: clock  # weir.yaml:2\n"
            "    digits: 2  # conf.d/a.yaml:1\n"
            "    only: [a, \"b c\"]  # weir.yaml:2\n"
            "    interval: 5s  # hosts/web1.yaml:1\n"
            "sinks:\n"
            "  out:\n"
            "    type: blackhole  # weir.yaml:3\n"
            "    inputs: [t]  # weir.yaml:3\n"
            "agent:\n"
            "  log: {}  # hosts/web1.yaml:2\n");
}

TEST_F(Effective, ShowsNoSecret) {
  folder_.write("secret", "from-a-file\n");
  const std::string text = printed(
      "agent: {http: {token: '0123456789abcdef'}}\n"
      "sources:\n"
      "  t: {type: clock, password: hunter22, format: '${file:secret}', tags: {x: hunter22}}\n"
      "sinks: {out: {type: blackhole, inputs: [t]}}\n");
  EXPECT_THAT(text, HasSubstr("password: \"***\"  # weir.yaml:3\n"));
  EXPECT_THAT(text, HasSubstr("format: \"***\"  # weir.yaml:3\n"));
  EXPECT_THAT(text, HasSubstr("x: \"***\"")) << "nor where it is written once more";
  EXPECT_THAT(text, Not(HasSubstr("0123456789abcdef")));
}

// What is printed says the same again, whatever is in it.
TEST_F(Effective, CanBeReadAgain) {
  const std::string first = printed(
      "sources:\n"
      "  t:\n"
      "    type: clock\n"
      "    format: \"a # b: \\\"c\\\" \\\\ \\t \\x01 é \\n$${x} - *\"\n"
      "    tags: {'null': 'null', '- a': '', 'x: y': '~', 'true': '[1]'}\n"
      "    devices: [{name: a, port: 1}, {name: b}]\n"
      "    only: []\n"
      "sinks: {out: {type: blackhole, inputs: t}}\n");
  const std::string second = printed(first);
  EXPECT_EQ(second.empty(), false);
  const auto without_places = [](const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      out += line.substr(0, line.rfind("  # ")) + '\n';
      at = end + 1;
    }
    return out;
  };
  EXPECT_EQ(without_places(first), without_places(second)) << first;
}

TEST_F(Effective, HasADigestOfWhatIsSaid) {
  folder_.write("secret", "from-a-file\n");
  const std::string first = digested(
      "sources: {t: {type: clock, interval: 5s, password: '${file:secret}'}}\n"
      "sinks: {out: {type: blackhole, inputs: [t]}}\n");
  EXPECT_EQ(first.size(), 16u);
  folder_.write("secret", "another\n");
  EXPECT_EQ(first, digested("# elsewhere, in another order\n"
                            "sinks:\n  out:\n    inputs: ['t']\n    type: blackhole\n"
                            "sources:\n"
                            "  t: {password: '${file:secret}', type: clock, interval: 5s}\n"));
  EXPECT_NE(first,
            digested("sources: {t: {type: clock, interval: 6s, password: '${file:secret}'}}\n"
                     "sinks: {out: {type: blackhole, inputs: [t]}}\n"));
}

}  // namespace
}  // namespace weir::config::testing
