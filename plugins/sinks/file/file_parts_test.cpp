// Names, torn tails, formats of existing files and compression, each by itself.
#include <fcntl.h>
#include <sys/stat.h>

#include "compress.hpp"
#include "file_fixture.hpp"
#include "file_open.hpp"
#include "file_tail.hpp"

namespace weir::file_sink {
namespace {

constexpr std::int64_t kTime = 1'795'255'200'123'456'789;

TEST(FileNamesTest, KeepsTheExtensionAtTheEnd) {
  const FileNames names("/var/log/metrics.jsonl");
  EXPECT_EQ(names.current(), "/var/log/metrics.jsonl");
  EXPECT_EQ(names.rotated(kTime), "/var/log/metrics-20261121T100000.123Z.jsonl");
  EXPECT_EQ(FileNames("metrics").rotated(kTime), "./metrics-20261121T100000.123Z");
  EXPECT_EQ(FileNames("/.hidden").rotated(kTime), "//.hidden-20261121T100000.123Z");
}

TEST(FileNamesTest, KnowsItsOwnRotatedFilesAndNoOthers) {
  const FileNames names("/var/log/metrics.jsonl");
  EXPECT_TRUE(names.is_rotated("metrics-20261121T100000.123Z.jsonl"));
  EXPECT_TRUE(names.is_rotated("metrics-20261121T100000.123Z.jsonl.gz"));
  for (const char* other :
       {"metrics.jsonl", "metrics-20261121T100000.123Z.jsonl.bz2", "metrics-backup.jsonl",
        "metrics-20261121T100000x123Z.jsonl", "metrics-20261121T10000a.123Z.jsonl",
        "metrics.cpu-20261121T100000.123Z.jsonl", "metrics-20261121T100000.123Z.csv",
        "xmetrics-20261121T100000.123Z.jsonl", "metrics-20261121T100000.123Z.jsonl.gz.tmp", ""}) {
    EXPECT_FALSE(names.is_rotated(other)) << other;
  }
  EXPECT_TRUE(names.is_unfinished("metrics-20261121T100000.123Z.jsonl.gz.tmp"));
  EXPECT_FALSE(names.is_unfinished("metrics.jsonl.gz.tmp"));
}

TEST(FileNamesTest, AMeasurementGoesWhereThePlaceholderIsOrBeforeTheExtension) {
  EXPECT_EQ(path_for("/a/metrics.csv", "node_cpu"), "/a/metrics.node_cpu.csv");
  EXPECT_EQ(path_for("/a.b/metrics", "node_cpu"), "/a.b/metrics.node_cpu");
  EXPECT_EQ(path_for("/a/{measurement}/x-{measurement}.csv", "m"), "/a/m/x-m.csv");
}

class FileParts : public FileFixture {
 protected:
  std::int64_t whole(const std::string& text, bool quoted) {
    put(path("tail"), text);
    const Fd fd(open(path("tail").c_str(), O_RDONLY | O_CLOEXEC));
    return whole_lines_bytes(fd.get(), static_cast<std::int64_t>(text.size()), quoted);
  }
  bool begins(const std::string& text, format::Format format, const std::string& header = "") {
    put(path("begin"), text);
    const Fd fd(open(path("begin").c_str(), O_RDONLY | O_CLOEXEC));
    return begins_as(fd.get(), format, header);
  }
};

TEST_F(FileParts, FindsTheEndOfTheLastWholeLine) {
  EXPECT_EQ(whole("", false), 0);
  EXPECT_EQ(whole("torn", false), 0);
  EXPECT_EQ(whole("one\n", false), 4);
  EXPECT_EQ(whole("one\ntwo\nto", false), 8);
  const std::string far = "one\n" + std::string(200'000, 'x');
  EXPECT_EQ(whole(far, false), 4);
  EXPECT_EQ(whole(std::string(65535, 'x') + "\n" + std::string(65536, 'y'), false), 65536);
  EXPECT_EQ(whole(std::string(65536, 'x') + "\n" + std::string(65535, 'y'), false), 65537);
}

TEST_F(FileParts, ALineEndInQuotesDoesNotEndARecord) {
  EXPECT_EQ(whole("a,\"b\nc\"\nd,\"e\n", true), 8);
  EXPECT_EQ(whole("a,\"b\"\"\n\"\"\"\n", true), 11);
  EXPECT_EQ(whole("a,b\nc", true), 4);
  EXPECT_EQ(whole("a\n" + std::string(200'000, '"') + "\nx", true), 200'003);
}

TEST_F(FileParts, TellsItsOwnFilesFromOthers) {
  using format::Format;
  EXPECT_TRUE(begins("{\"time\":", Format::jsonl));
  EXPECT_FALSE(begins("time,measurement\n", Format::jsonl));
  EXPECT_FALSE(
      begins("\x7f"
             "ELF",
             Format::jsonl));
  EXPECT_TRUE(begins("cpu,host=a v=1 1\n", Format::influx));
  EXPECT_FALSE(begins("{}", Format::influx));
  EXPECT_FALSE(begins("time,measurement\n", Format::influx));
  EXPECT_FALSE(begins("# a comment", Format::influx));
  const std::string header = "time,measurement,host,value_that_is_long\n";
  EXPECT_TRUE(begins(header + "x\n", Format::csv, header));
  EXPECT_TRUE(begins("time,mea", Format::csv, header));  // torn
  EXPECT_FALSE(begins("time,measurement,other\n", Format::csv, header));
}

TEST_F(FileParts, DirectoriesAreMadeAndErrorsNamePlaceAndRemedy) {
  EXPECT_FALSE(make_directories(path("a/b/c")));
  EXPECT_FALSE(make_directories(path("a/b/c")));
  put(path("file"), "x");
  const Problem problem = make_directories(path("file/below"));
  EXPECT_TRUE(problem);
  EXPECT_NE(problem.text.find(path("file")), std::string::npos) << problem.text;

  EXPECT_NE(open_locked(directory_).problem.text.find("Is a directory; the path has to name"),
            std::string::npos);
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_NE(open_locked(path("pipe")).problem.text.find("the sink stdout"), std::string::npos);
  EXPECT_NE(open_locked("/dev/null").problem.text.find("not a regular file"), std::string::npos);
}

TEST_F(FileParts, CompressesToTheSameText) {
  std::string original;
  for (int i = 0; i < 100'000; ++i) original += "line " + std::to_string(i * 7919) + "\n";
  put(path("x"), original);
  EXPECT_EQ(compress_file(path("x"), [] { return true; }), "");
  EXPECT_EQ(names(), (std::vector<std::string>{"x", "x.gz.tmp"})) << "not yet in its place";
  EXPECT_EQ(replace_by_compressed(path("x")), "");
  EXPECT_EQ(names(), std::vector<std::string>{"x.gz"});
  EXPECT_EQ(text(path("x.gz")), original);
  EXPECT_LT(std::filesystem::file_size(path("x.gz")), original.size() / 3);
}

TEST_F(FileParts, ACompressionThatIsStoppedLeavesTheFileAlone) {
  put(path("x"), "text\n");
  const auto stop = [] { return false; };
  EXPECT_EQ(compress_file(path("x"), stop), "");
  EXPECT_EQ(names(), std::vector<std::string>{"x"});
  EXPECT_NE(compress_file(path("missing"), stop), "");
}

}  // namespace
}  // namespace weir::file_sink
