// Files that are made to hurt are refused with a clear message. No test takes the time: what would
// be quadratic or worse takes longer than the time limit of the whole program.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "core/config/load.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"

namespace weir::config::testing {
namespace {

constexpr const char* kGood =
    "sources: {cpu: {type: plain}}\nsinks: {out: {type: blackhole, inputs: [cpu]}}\n";

std::string refused() {
  FakeCatalog catalog;
  Problems problems;
  EXPECT_EQ(load({"weir.yaml", "web1"}, catalog, problems), nullptr);
  return problems.text();
}

std::string refused(const std::string& text) {
  const Folder folder;
  folder.write("weir.yaml", text);
  return refused();
}

std::string repeated(const std::string& text, std::size_t n) {
  std::string all;
  all.reserve(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

TEST(Hostile, A64MiBFile) {
  const Folder folder;
  folder.write("weir.yaml", kGood);
  std::filesystem::resize_file("weir.yaml", 64 << 20);
  EXPECT_EQ(refused(), "weir.yaml: has 64MiB; a configuration file is at most 1MiB\n");
}

TEST(Hostile, ADirectory) {
  const Folder folder;
  std::filesystem::create_directory("weir.yaml");
  EXPECT_EQ(refused(), "weir.yaml: is a directory, expected a regular file\n");
}

TEST(Hostile, AFifoThatNobodyWritesTo) {
  const Folder folder;
  ASSERT_EQ(::mkfifo("weir.yaml", 0600), 0);
  EXPECT_EQ(refused(), "weir.yaml: is a pipe, expected a regular file\n");
}

TEST(Hostile, ADeviceWithoutEnd) {
  const Folder folder;
  ASSERT_EQ(::symlink("/dev/zero", "weir.yaml"), 0);
  EXPECT_EQ(refused(), "weir.yaml: is a device, expected a regular file\n");
}

TEST(Hostile, ASocket) {
  const Folder folder;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, "weir.yaml"};
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refused(), "weir.yaml: is a socket or pipe, expected a regular file\n");
  ::close(fd);
}

TEST(Hostile, ALinkToItself) {
  const Folder folder;
  ASSERT_EQ(::symlink("weir.yaml", "weir.yaml"), 0);
  EXPECT_EQ(refused(), "weir.yaml: cannot be opened: Too many levels of symbolic links\n");
}

TEST(Hostile, AFileWhoseSizeIsNotTold) {
  const Folder folder;
  ASSERT_EQ(::symlink("/proc/self/status", "weir.yaml"), 0);  // size 0, yet it has content
  EXPECT_NE(refused().find("weir.yaml:"), std::string::npos);
}

TEST(Hostile, ADirectoryInConfD) {
  const Folder folder;
  folder.write("weir.yaml", kGood);
  folder.write("conf.d/x.yaml/y", "");
  EXPECT_EQ(refused(), "conf.d/x.yaml: is a directory, expected a regular file\n");
}

TEST(Hostile, ManyFilesInConfD) {
  const Folder folder;
  folder.write("weir.yaml", kGood);
  for (int i = 0; i <= 1000; ++i) folder.write("conf.d/" + std::to_string(i) + ".yaml", "");
  EXPECT_EQ(refused(), "conf.d: has 1001 files, expected at most 1000\n");
}

TEST(Hostile, ABombOfAliases) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + repeated("*" + before + ", ", 9) + "*" + before +
            "]\n";
  }
  EXPECT_EQ(refused(bomb),
            "weir.yaml:5:16: the configuration comes to more than 50000 values or 4MiB of text, "
            "with its aliases written out; expected less\n");
}

TEST(Hostile, ABombOfText) {
  EXPECT_EQ(
      refused("a: &a " + std::string(100'000, 'x') + "\nb: [" + repeated("*a, ", 1000) + "]\n"),
      "weir.yaml:2:161: the configuration comes to more than 50000 values or 4MiB of text, "
      "with its aliases written out; expected less\n");
}

TEST(Hostile, AnchorsInAnchors) {
  EXPECT_NE(refused("a: " + repeated("&a [", 60) + repeated("x, ", 40'000) + repeated("]", 60))
                .find("more than 50000 values"),
            std::string::npos);
}

TEST(Hostile, DeepNesting) {
  const std::string deep = "nested more than 64 levels deep, expected less\n";
  for (const std::string& text : {repeated("[", 500'000), repeated("{", 500'000),
                                  "a: " + repeated("{a: ", 200'000), repeated("[{", 200'000)}) {
    EXPECT_NE(refused(text).find(deep), std::string::npos) << text.substr(0, 10);
  }
  std::string lines = "a:\n", flow, dashes, questions;
  for (int i = 1; i < 1000; ++i) lines += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(refused(lines), "weir.yaml:65:65: " + deep);
  EXPECT_NE(refused(repeated("- ", 300'000)).find(deep), std::string::npos);
  // Keys come before depth here; what matters is that there is an answer.
  EXPECT_NE(refused(repeated("[\n", 300'000)), "");
  EXPECT_NE(refused(repeated("? ", 300'000)), "");
  EXPECT_NE(refused(repeated("? [\n", 200'000)), "");
  EXPECT_NE(refused(repeated("\"\": [\n", 100'000)), "");
}

// What other YAML readers have been slow at.
TEST(Hostile, LargeFilesOfOneKind) {
  const std::size_t bytes = 512 << 10;
  const std::function<std::string(const std::string&)> fill = [&](const std::string& unit) {
    return repeated(unit, bytes / unit.size());
  };
  for (const std::string& text : {fill("a"),
                                  fill("a "),
                                  fill("a:\n"),
                                  fill("- a\n"),
                                  fill("\n"),
                                  fill(" "),
                                  fill("#\n"),
                                  fill("a: b, "),
                                  "[" + fill("a, ").substr(1),
                                  "{" + fill("a: b, ").substr(1),
                                  "[" + fill("? a, ").substr(1),
                                  "{" + fill(":,").substr(1),
                                  "[" + fill("[],").substr(1),
                                  "[" + fill("\"\": x,").substr(1),
                                  fill("!a "),
                                  fill("&a "),
                                  fill("*a "),
                                  fill("'"),
                                  fill("\""),
                                  fill("\"\\"),
                                  fill("%A\n"),
                                  fill("---\n"),
                                  fill("...\n"),
                                  fill("|\n"),
                                  fill(">\n "),
                                  fill("\xC3\xA4"),
                                  fill("a: |\n x\n"),
                                  fill("${"),
                                  "a: \"" + fill("${A:-x}").substr(9) + "\"",
                                  "[" + fill(",").substr(1),
                                  fill("- - -\n"),
                                  fill("-\n -\n"),
                                  fill("a: &a\n"),
                                  fill("\t"),
                                  fill("? a\n: b\n"),
                                  fill(": \n"),
                                  fill("!!str "),
                                  fill("!<"),
                                  fill("<<: {}\n")}) {
    EXPECT_NE(refused(text), "") << text.substr(0, 20);
  }
}

TEST(Hostile, ManyKeys) {
  std::string text = "agent:\n  labels:\n";
  for (int i = 0; i < 20'000; ++i) text += "    k" + std::to_string(i) + ": v\n";
  EXPECT_NE(refused(text).find("agent.labels: 20000 labels, expected at most 64"),
            std::string::npos);
  std::string unknown = kGood;
  for (int i = 0; i < 20'000; ++i) unknown += "k" + std::to_string(i) + ": v\n";
  EXPECT_NE(refused(unknown).find("and 19900 more"), std::string::npos);
}

TEST(Hostile, ManyComponents) {
  std::string text = "sources:\n";
  for (int i = 0; i < 1001; ++i) text += "  s" + std::to_string(i) + ": {type: plain}\n";
  text += "sinks: {out: {type: blackhole, inputs: '*'}}\n";
  EXPECT_EQ(refused(text),
            "weir.yaml:1002:3: sources: more than 1000 components, expected fewer\n"
            "weir.yaml:1003:9: sinks: more than 1000 components, expected fewer\n");
}

TEST(Hostile, AChainOfProcessorsWrittenBackwards) {
  const Folder folder;
  std::string text = std::string(kGood) + "processors:\n";
  for (int i = 900; i > 0; --i) {
    text += "  p" + std::to_string(i) + ": {type: smooth, inputs: [" +
            (i == 1 ? "cpu" : "p" + std::to_string(i - 1)) + "]}\n";
  }
  folder.write("weir.yaml", text);
  FakeCatalog catalog;
  Problems problems;
  const auto config = load({"weir.yaml", "web1"}, catalog, problems);
  ASSERT_NE(config, nullptr) << problems.text();
  EXPECT_EQ(config->components.at(1).id, "p1");
  EXPECT_EQ(config->components.at(900).id, "p900");
}

TEST(Hostile, ExpansionsWithoutEnd) {
  const Folder folder;
  folder.write("big", std::string(60'000, 'x'));
  std::string text = std::string(kGood) + "agent:\n  plugin_dirs:\n";
  for (int i = 0; i < 200; ++i) text += "    - ${file:big}\n";
  folder.write("weir.yaml", text);
  EXPECT_NE(refused().find("the configuration grows beyond 4MiB here"), std::string::npos);
}

TEST(Hostile, AFifoToBePutIn) {
  const Folder folder;
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  folder.write("weir.yaml", std::string(kGood) + "agent: {hostname: '${file:pipe}'}\n");
  EXPECT_EQ(refused(), "weir.yaml:3:20: pipe is a pipe, expected a regular file\n");
}

TEST(Hostile, AHostNameThatIsAPath) {
  const Folder folder;
  folder.write("weir.yaml", kGood);
  folder.write("evil.yaml", "unknown: 1\n");
  FakeCatalog catalog;
  Problems problems;
  EXPECT_NE(load({"weir.yaml", "../evil"}, catalog, problems), nullptr) << problems.text();
}

}  // namespace
}  // namespace weir::config::testing
