// What collectors stand on: kept files, filters, remembered devices, rows of changing fields, and
// mounts that do not answer.
#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include "default_options.hpp"
#include "devices.hpp"
#include "dynamic_row.hpp"
#include "file.hpp"
#include "filter.hpp"
#include "fixture.hpp"
#include "patient_statfs.hpp"
#include "text.hpp"
#include "weir_testing/agent.hpp"

namespace node_probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::size_t open_descriptors() {
  std::size_t n = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++n;
  closedir(directory);
  return n;
}

TEST(File, IsReadAnewFromItsBeginning) {
  const Fixture tree;
  Reader reader;
  tree.write("/f", "one\n");
  File file(reader, tree.path("/f"), File::kTable);
  EXPECT_EQ(file.read(), "one\n");
  tree.write("/f", "three\n");
  EXPECT_EQ(file.read(), "three\n");
  tree.write("/f", "");
  EXPECT_EQ(file.read(), "");
}

TEST(File, GrowsTheBufferUpToALimitAndGivesItBack) {
  const Fixture tree;
  Reader reader;
  File file(reader, tree.path("/f"), File::kAttribute);
  tree.write("/f", std::string(1'000'000, 'x'));
  ASSERT_TRUE(file.read());
  EXPECT_EQ(file.read()->size(), 1'000'000u);
  reader.shrink();
  EXPECT_EQ(reader.capacity(), Reader::kBytesAtFirst);
  tree.write("/f", std::string(Reader::kBytesMax + 1, 'x'));
  EXPECT_FALSE(file.read());
  EXPECT_EQ(file.error(), EFBIG);
  tree.write("/f", "small");
  EXPECT_EQ(file.read(), "small");
}

TEST(File, LooksForAMissingFileNowAndThen) {
  const Fixture tree;
  Reader reader;
  File file(reader, tree.path("/f"), File::kAttribute);
  EXPECT_FALSE(file.read());
  EXPECT_TRUE(file.missing());
  tree.write("/f", "here");
  for (unsigned i = 1; i < File::kRetry; ++i) EXPECT_FALSE(file.read());
  EXPECT_EQ(file.read(), "here");
}

TEST(File, RefusesWhatIsNotAFile) {
  const Fixture tree;
  Reader reader;
  File directory(reader, tree.root(), File::kAttribute);
  EXPECT_FALSE(directory.read());
  EXPECT_EQ(directory.error(), EISDIR);
  ASSERT_EQ(mkfifo(tree.path("/pipe").c_str(), 0600), 0);
  File pipe(reader, tree.path("/pipe"), File::kAttribute);
  EXPECT_FALSE(pipe.read());
}

TEST(File, KeepsABoundedNumberOfDescriptors) {
  const Fixture tree;
  Reader reader;
  const std::size_t before = open_descriptors();
  {
    std::vector<File> files;
    for (int i = 0; i < 2 * Reader::kOpenFilesMax; ++i) {
      const std::string name = "/f" + std::to_string(i);
      tree.write(name, name);
      files.emplace_back(reader, tree.path(name), File::kAttribute);
    }
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 2 * Reader::kOpenFilesMax; ++i) {
        EXPECT_EQ(files[static_cast<std::size_t>(i)].read(), "/f" + std::to_string(i));
      }
    }
    EXPECT_EQ(open_descriptors(), before + Reader::kOpenFilesMax);
  }
  EXPECT_EQ(open_descriptors(), before);
}

// As the kernel counts them for this thread.
long reads_so_far() {
  std::ifstream io("/proc/thread-self/io");
  std::string key;
  for (long value = 0; io >> key >> value;) {
    if (key == "syscr:") return value;
  }
  ADD_FAILURE() << "/proc/thread-self/io does not count reads";
  return 0;
}

// The number of reads that `file` takes, once it is open.
long reads_of(File& file, std::string& content) {
  EXPECT_TRUE(file.read());
  const long at_rest = reads_so_far();
  const long counting = reads_so_far() - at_rest;
  const long before = reads_so_far();
  content = std::string(file.read().value_or("nothing"));
  return reads_so_far() - before - counting;
}

TEST(File, ATableEndsWhereALineMoreWouldHaveFitted) {
  const Fixture tree;
  Reader reader;
  const std::string line = "0123456789 0123456789 0123456789\n";
  const struct {
    std::size_t lines;
    long reads, reads_of_any_table;
  } cases[] = {{0, 1, 1}, {1, 1, 2}, {122, 1, 2}, {123, 2, 2}, {124, 2, 2}};
  for (const auto& [lines, reads, reads_of_any_table] : cases) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) text += line;
    tree.write("/f", text);
    File known(reader, tree.path("/f"), File::kTable, 64);
    File any(reader, tree.path("/f"), File::kTable);
    std::string content;
    EXPECT_EQ(reads_of(known, content), reads) << lines;
    EXPECT_EQ(content, text);
    EXPECT_EQ(reads_of(any, content), reads_of_any_table) << lines;
    EXPECT_EQ(content, text);
  }
}

// The real thing: whatever this kernel's table is long, no line of it is missed.
TEST(File, ATableOfProcfsIsReadToItsEnd) {
  Reader reader;
  File table(reader, "/proc/vmstat", File::kTable, 96);
  const auto text = table.read();
  ASSERT_TRUE(text);
  std::ifstream stream("/proc/vmstat");
  std::string expected, actual;
  for (std::string word, value; stream >> word >> value;) expected += word + "\n";
  std::string_view rest = *text, line;
  while (next_line(rest, line)) actual.append(next_word(line)).append("\n");
  EXPECT_EQ(actual, expected);
}

TEST(File, OnlyAMountTableOfProcfsSaysThatItHasNotChanged) {
  const Fixture tree;
  Reader reader;
  tree.write("/f", "x");
  File file(reader, tree.path("/f"), File::kTable);
  EXPECT_TRUE(file.may_have_changed());
  ASSERT_TRUE(file.read());
  EXPECT_TRUE(file.may_have_changed());
  File mounts(reader, "/proc/self/mountinfo", File::kTable);
  ASSERT_TRUE(mounts.read());
  mounts.may_have_changed();
  EXPECT_FALSE(mounts.may_have_changed());
}

TEST(ListDirectory, SortsByNumber) {
  const Fixture tree;
  for (const char* name : {"/d/cpu10", "/d/cpu9", "/d/cpuidle", "/d/other"}) tree.write(name, "");
  std::vector<std::string> names;
  ASSERT_TRUE(list_directory(tree.path("/d"), "cpu", 10, names));
  EXPECT_THAT(names, ElementsAre("cpu9", "cpu10", "cpuidle"));
  ASSERT_TRUE(list_directory(tree.path("/d"), "", 2, names));
  EXPECT_EQ(names.size(), 2u);
  EXPECT_FALSE(list_directory(tree.path("/none"), "", 2, names));
}

TEST(Filter, IncludesAndExcludes) {
  Filter all("", "");
  EXPECT_TRUE(all.accepts(""));
  Filter some("^sd", "[0-9]$");
  EXPECT_TRUE(some.accepts("sda"));
  EXPECT_FALSE(some.accepts("sda1"));
  EXPECT_FALSE(some.accepts("vda"));
  some.forget();
  EXPECT_FALSE(some.accepts("sda1"));
  const std::string text = "sda1";
  EXPECT_TRUE(some.accepts(std::string_view(text).substr(0, 3)));  // not NUL-terminated
}

TEST(Filter, RefusesWhatIsNotPosix) {
  EXPECT_EQ(Filter::problem("^(a|b)$"), "");
  EXPECT_EQ(Filter::problem(""), "");
  EXPECT_THAT(Filter::problem("(a"), HasSubstr("'(a' is not a POSIX extended regular expression"));
  EXPECT_THAT(Filter::problem("sd[a"), HasSubstr("nmatched ["));
  EXPECT_THAT(Filter::problem("sd\\d+"), HasSubstr("write [0-9]"));
  EXPECT_THAT(Filter::problem("(?:a)"), HasSubstr("write a plain group"));
  EXPECT_EQ(Filter::problem("\\\\d"), "");
  EXPECT_NE(Filter::problem(std::string("a\0b", 3)), "");
}

TEST(Devices, RemembersWhatStaysAndForgetsWhatGoes) {
  struct State {
    int number = 0;
  };
  Devices<State> devices;
  int made = 0;
  std::vector<int> gone;
  const auto pass = [&](std::initializer_list<const char*> names) {
    devices.begin();
    std::vector<int> seen;
    for (const char* name : names) {
      State* state = devices.visit(name, [&](State& s) { s.number = ++made; });
      seen.push_back(state == nullptr ? 0 : state->number);
    }
    devices.sweep([&](State& s) { gone.push_back(s.number); });
    return seen;
  };
  EXPECT_THAT(pass({"a", "b", "c"}), ElementsAre(1, 2, 3));
  EXPECT_THAT(pass({"c", "a", "b"}), ElementsAre(3, 1, 2));
  EXPECT_THAT(pass({"a", "a"}), ElementsAre(1, 0));
  EXPECT_THAT(gone, ElementsAre(2, 3));
  EXPECT_THAT(pass({"b", "a"}), ElementsAre(4, 1));
}

TEST(Devices, HasALimit) {
  struct State {};
  Devices<State> devices;
  devices.begin();
  for (std::size_t i = 0; i < kDevicesMax; ++i) {
    ASSERT_NE(devices.visit(std::to_string(i), [](State&) {}), nullptr);
  }
  EXPECT_FALSE(devices.overflowed());
  EXPECT_EQ(devices.visit("one more", [](State&) {}), nullptr);
  EXPECT_TRUE(devices.overflowed());
}

TEST(Devices, OneOfTwoWithTheSameSeriesCounts) {
  struct State {
    const weir_series* series = nullptr;
  };
  const weir_series series{};
  Devices<State> devices;
  devices.begin();
  EXPECT_NE(devices.visit("a", [&](State& s) { s.series = &series; }), nullptr);
  EXPECT_EQ(devices.visit("b", [&](State& s) { s.series = &series; }), nullptr);
  int released = 0;
  devices.begin();
  devices.sweep([&](State& s) { released += s.series == &series ? 1 : 0; });
  EXPECT_EQ(released, 2);
}

class DynamicRowTest : public ::testing::Test {
 protected:
  DynamicRow row_{"table", "Help.", WEIR_GAUGE,
                  [](std::string_view prefix, std::string_view key, DynamicRow::Field& field) {
                    field.name = std::string(prefix).append(key);
                    return key != "hidden";
                  }};
  weir::testing::Agent agent_;
  Options options_ = default_options();
  Context context_{weir::Source(agent_.host()), options_};

  Outcome pass(std::initializer_list<std::pair<const char*, std::int64_t>> pairs) {
    agent_.clear();
    row_.begin();
    for (const auto& [key, value] : pairs) row_.put({}, key, value);
    return row_.emit(context_, "/proc/table");
  }
};

TEST_F(DynamicRowTest, FollowsTheKeys) {
  EXPECT_EQ(pass({{"a", 1}, {"hidden", 2}, {"b.c", 3}}), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a=1,b_c=3 0"));
  EXPECT_EQ(pass({{"a", 4}, {"hidden", 5}, {"b.c", 6}}), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a=4,b_c=6 0"));
  EXPECT_EQ(pass({{"a", 7}, {"d", 8}}), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a=7,d=8 0"));
  EXPECT_EQ(pass({{"a", 9}}), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a=9 0"));
  EXPECT_EQ(agent_.live_series(), 1u);
  EXPECT_EQ(pass({}), Outcome::kFailed);
  EXPECT_THAT(context_.failure, HasSubstr("/proc/table holds no values"));
}

TEST_F(DynamicRowTest, TheFirstOfTwoEqualFieldsCounts) {
  EXPECT_EQ(pass({{"a-b", 1}, {"a+b", 2}}), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a_b=1 0"));
}

TEST_F(DynamicRowTest, TakesKnownLinesAndLeavesTheOthers) {
  pass({{"a", 1}, {"hidden", 2}, {"b", 3}});
  std::size_t refused = 0;
  // The lines that are left to the caller, who takes none but "rest".
  const auto take = [&](std::string_view text) {
    std::vector<std::string> left;
    row_.begin();
    refused = row_.put_lines(text, [&](std::string_view line) {
      left.emplace_back(line);
      return line == "rest";
    });
    return left;
  };
  EXPECT_THAT(take("a 5\nhidden whatever\nb   7 kB\nrest"), ElementsAre("rest"));
  EXPECT_EQ(refused, 0u);
  agent_.clear();
  EXPECT_EQ(row_.emit(context_, ""), Outcome::kOk);
  EXPECT_THAT(agent_.lines("table"), ElementsAre("a=5,b=7168 0"));
  EXPECT_THAT(take("a 5\nrest\nhiddenmore 1\nb 7\n"), ElementsAre("rest", "hiddenmore 1", "b 7"));
  EXPECT_EQ(refused, 3u);
  for (const char* line : {"a 5x", "a 5", "a -5", "a 99999999999999999999", "a"}) {
    EXPECT_THAT(take(line), ElementsAre(line));
    EXPECT_EQ(refused, 1u);
  }
  EXPECT_THAT(take("a 5x\n"), ElementsAre("a 5x"));
}

TEST_F(DynamicRowTest, LimitsPairsFieldsAndChanges) {
  row_.begin();
  for (std::size_t i = 0; i <= DynamicRow::kPairsMax; ++i) row_.put({}, std::to_string(i), 1);
  EXPECT_EQ(row_.emit(context_, "/proc/table"), Outcome::kFailed);
  EXPECT_THAT(context_.failure, HasSubstr("more than 4096 values"));
  EXPECT_EQ(agent_.emitted().at(0)->measurement->field_count, DynamicRow::kFieldsMax);
  for (unsigned i = 0; i < DynamicRow::kLayoutsMax - 1; ++i) {
    pass({{i % 2 == 0 ? "even" : "odd", 1}});
  }
  EXPECT_EQ(pass({{"one more", 1}}), Outcome::kFailed);
  EXPECT_THAT(context_.failure, HasSubstr("changed more than 100 times"));
}

// A file server that answers when it is told to.
std::atomic<bool> server_answers{true};
std::atomic<int> calls{0};
int slow_statfs(const char*, struct statfs* result) {
  ++calls;
  while (!server_answers) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  result->f_blocks = 42;
  return 0;
}

TEST(PatientStatfs, WaitsOnceAndComesBackWhenTheServerDoes) {
  using std::chrono::steady_clock;
  server_answers = true;
  struct statfs result {};
  PatientStatfs mount("/", slow_statfs);
  mount.ask();
  ASSERT_EQ(mount.answer(steady_clock::now() + std::chrono::minutes(1), result), 0);
  EXPECT_EQ(result.f_blocks, 42u);

  server_answers = false;
  mount.ask();
  EXPECT_EQ(mount.answer(steady_clock::now() + std::chrono::milliseconds(20), result), ETIMEDOUT);
  const int calls_before = calls;
  mount.ask();
  // It would wait for a day if it waited.
  EXPECT_EQ(mount.answer(steady_clock::now() + std::chrono::hours(24), result), ETIMEDOUT);
  EXPECT_EQ(calls, calls_before);

  server_answers = true;
  int error = ETIMEDOUT;
  while (error == ETIMEDOUT) {
    mount.ask();
    error = mount.answer(steady_clock::now(), result);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(error, 0);
}

TEST(PatientStatfs, IsDestroyedWhileStuck) {
  server_answers = false;
  struct statfs result {};
  {
    PatientStatfs mount("/", slow_statfs);
    mount.ask();
    EXPECT_EQ(
        mount.answer(std::chrono::steady_clock::now() + std::chrono::milliseconds(20), result),
        ETIMEDOUT);
  }
  server_answers = true;
}

TEST(PatientStatfs, ReportsTheErrorOfStatfs) {
  PatientStatfs mount("/no/such/mount", ::statfs);
  mount.ask();
  struct statfs result {};
  EXPECT_EQ(mount.answer(std::chrono::steady_clock::now() + std::chrono::minutes(1), result),
            ENOENT);
}

}  // namespace
}  // namespace node_probe
