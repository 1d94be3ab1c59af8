// The sink file in ordinary life: one file or one per measurement, opened, locked, moved away.
#include "file.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file_fixture.hpp"

namespace weir::file_sink {
namespace {

class FileSink : public FileFixture {
 protected:
  std::string start_error() {
    try {
      started();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "";
  }
  static std::vector<std::pair<std::string, std::string>> check(const Options& options) {
    std::vector<std::pair<std::string, std::string>> found;
    Problems problems(
        [](void* context, const char* path, const char* message) {
          static_cast<decltype(found)*>(context)->emplace_back(path, message);
        },
        &found);
    File::check(options, problems);
    return found;
  }
};

TEST_F(FileSink, WritesLinesAndAppendsAfterARestart) {
  EXPECT_EQ(write(*started(), {batch(0, 2)}).code(), WEIR_OK);
  EXPECT_EQ(write(*started(), {batch(2, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(options_.path), "m,host=a n=0 0\nm,host=a n=1 1\nm,host=a n=2 2\n");
  EXPECT_EQ(log(), "");
}

TEST_F(FileSink, MakesTheDirectory) {
  options_.path = path("deep/down/metrics.influx");
  EXPECT_EQ(write(*started(), {batch(0, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(options_.path), "m,host=a n=0 0\n");
}

TEST_F(FileSink, ADeliveryLargerThanABlockIsWhole) {
  const auto file = started();
  EXPECT_EQ(write(*file, {batch(0, 50'000), batch(50'000, 50'000)}).code(), WEIR_OK);
  std::vector<std::uint64_t> got;
  numbers(text(options_.path), got);
  ASSERT_EQ(got.size(), 100'000u);
  for (std::uint64_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], i);
}

TEST_F(FileSink, CsvMakesAFilePerMeasurementEachWithItsHeader) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  const auto file = started();
  EXPECT_EQ(write(*file, {batch(0, 1, "cpu"), batch(1, 1, "disk"), batch(2, 1, "cpu")}).code(),
            WEIR_OK);
  EXPECT_EQ(write(*file, {batch(3, 1, "disk")}).code(), WEIR_OK);
  EXPECT_EQ(names(), (std::vector<std::string>{"metrics.cpu.csv", "metrics.disk.csv"}));
  EXPECT_EQ(text(path("metrics.cpu.csv")),
            "time,measurement,host,n\n"
            "1970-01-01T00:00:00.000Z,cpu,a,0\n"
            "1970-01-01T00:00:00.000000002Z,cpu,a,2\n");
  EXPECT_EQ(text(path("metrics.disk.csv")),
            "time,measurement,host,n\n"
            "1970-01-01T00:00:00.000000001Z,disk,a,1\n"
            "1970-01-01T00:00:00.000000003Z,disk,a,3\n");
}

TEST_F(FileSink, TwoSchemasOfOneMeasurementHaveAFileEach) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  const auto file = started();
  EXPECT_EQ(write(*file, {batch(0, 1, "cpu", "a"), batch(1, 1, "cpu", "b")}).code(), WEIR_OK);
  const auto found = names();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1], "metrics.cpu.csv");
  EXPECT_EQ(found[0].size(), std::string("metrics.cpu-12345678.csv").size());
  EXPECT_EQ(text(path(found[0])).find("time,measurement,host,b\n"), 0u);
}

TEST_F(FileSink, ACsvFileWithOtherColumnsIsRenamedAndANewOneBegun) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  put(path("metrics.cpu.csv"), "time,measurement,host,old\n1,cpu,a,1\n");
  EXPECT_EQ(write(*started(), {batch(0, 1, "cpu")}).code(), WEIR_OK);
  EXPECT_EQ(names().size(), 2u);
  EXPECT_EQ(text(path("metrics.cpu.csv")).find("time,measurement,host,n\n"), 0u);
}

TEST_F(FileSink, ThePlaceholderMakesAFilePerMeasurement) {
  options_.path = path("{measurement}/rows.influx");
  const auto file = started();
  EXPECT_EQ(write(*file, {batch(0, 1, "cpu"), batch(1, 1, "disk")}).code(), WEIR_OK);
  EXPECT_EQ(text(path("cpu/rows.influx")), "cpu,host=a n=0 0\n");
  EXPECT_EQ(text(path("disk/rows.influx")), "disk,host=a n=1 1\n");
}

// More measurements than files may be open: every one is written all the same, and appended to.
TEST_F(FileSink, ClosesTheFileThatWasWrittenLongestAgo) {
  options_.path = path("{measurement}");
  const auto file = started();
  constexpr int kMeasurements = 300;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kMeasurements; ++i) {
      const std::string name = "m" + std::to_string(i);
      ASSERT_EQ(write(*file, {batch(0, 1, name)}).code(), WEIR_OK);
    }
  }
  std::size_t open_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    open_files += std::filesystem::read_symlink(entry, error).string().starts_with(directory_);
  }
  EXPECT_EQ(open_files, 256u);
  for (int i = 0; i < kMeasurements; ++i) {
    const std::string name = "m" + std::to_string(i);
    ASSERT_EQ(text(path(name)), name + ",host=a n=0 0\n" + name + ",host=a n=0 0\n");
  }
}

// Its copy, which waits to be synced, does not keep the lock from the file that is opened anew.
TEST_F(FileSink, AClosedFileThatWaitsToBeSyncedCanBeOpenedAgain) {
  options_.path = path("{measurement}");
  options_.fsync = Fsync::interval;
  options_.fsync_interval = std::chrono::hours(1);
  const auto file = started();
  for (int i = 0; i < 600; ++i) {
    const Status status = write(*file, {batch(0, 1, "m" + std::to_string(i % 300))});
    ASSERT_EQ(status.code(), WEIR_OK) << status.why();
  }
}

TEST_F(FileSink, AMeasurementWhoseNameIsTooLongForAFileIsRejectedAlone) {
  options_.path = path(std::string(100, 'x') + "{measurement}");
  const auto file = started();
  const weir_batch* bad = batch(0, 3, std::string(180, 'm'));
  EXPECT_EQ(write(*file, {bad, batch(0, 1)}).code(), WEIR_OK);
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].batch, bad);
  EXPECT_EQ(agent_.rejections()[0].rows, 3u);
  EXPECT_EQ(text(path(std::string(100, 'x') + "m")), "m,host=a n=0 0\n");
}

TEST_F(FileSink, RowsThatInfluxCannotSayAreRejected) {
  const Source source(agent_.host());
  const auto* m = source.measurement(Schema("m", "").gauge("n", "", ""));
  Batch made = source.batch(m, 2);
  made.set(0, made.add(source.series(m), 1), 1);
  made.set(0, made.add(source.series(m), 2), std::nan(""));
  source.emit(std::move(made));
  EXPECT_EQ(write(*started(), {agent_.emitted().back()}).code(), WEIR_OK);
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].first_row, 1u);
  EXPECT_EQ(text(options_.path), "m n=1 1\n");
}

TEST_F(FileSink, ASecondWriterIsRefused) {
  const auto first = started();
  EXPECT_EQ(start_error(), options_.path +
                               ": another agent or another sink writes this file; give each a "
                               "path of its own");
}

TEST_F(FileSink, AFileThatIsSomethingElseIsRefusedAndLeftAlone) {
  put(options_.path, "# my notes, without a line end");
  EXPECT_NE(start_error().find("holds something else than lines of this format; move it away"),
            std::string::npos);
  EXPECT_EQ(text(options_.path), "# my notes, without a line end");
}

TEST_F(FileSink, PermissionDeniedAtTheStartNamesThePathAndTheRemedy) {
  if (geteuid() == 0) {
    // Root may write everywhere: try as nobody, in a child.
    ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
    const pid_t child = fork();
    if (child == 0) {
      const bool dropped = setgid(65534) == 0 && setuid(65534) == 0;
      const std::string error = start_error();
      _exit(dropped && error.find("cannot open " + options_.path +
                                  ": Permission denied; let the "
                                  "agent's user write there") == 0
                ? 0
                : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return;
  }
  ASSERT_EQ(chmod(directory_.c_str(), 0500), 0);
  EXPECT_NE(start_error().find("Permission denied; let the agent's user"), std::string::npos);
}

TEST_F(FileSink, FollowsWhenTheFileIsMovedOrDeleted) {
  const auto file = started();
  std::uint64_t next = 0;
  for (const bool moved : {true, false}) {
    ASSERT_EQ(write(*file, {batch(next++, 1)}).code(), WEIR_OK);
    if (moved) {
      std::filesystem::rename(options_.path, options_.path + ".1");
    } else {
      std::filesystem::remove(options_.path);
    }
    EXPECT_TRUE(wait_for([&] {
      EXPECT_EQ(write(*file, {batch(next++, 1)}).code(), WEIR_OK);
      return std::filesystem::exists(options_.path);
    }));
  }
  EXPECT_NE(log().find("moved away or deleted"), std::string::npos);
}

TEST_F(FileSink, SurvivesThatTheFileIsEmptiedByOthers) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  const auto file = started();
  ASSERT_EQ(write(*file, {batch(0, 1)}).code(), WEIR_OK);
  const std::string name = path("metrics.m.csv");
  ASSERT_EQ(truncate(name.c_str(), 0), 0);
  EXPECT_TRUE(wait_for([&] {
    EXPECT_EQ(write(*file, {batch(1, 1)}).code(), WEIR_OK);
    return text(name).find("time,measurement") != std::string::npos;
  }));
}

TEST_F(FileSink, ASymbolicLinkStaysALink) {
  std::filesystem::create_directory(path("real"));
  put(path("real/data.influx"), "");
  std::filesystem::create_symlink(path("real/data.influx"), options_.path);
  EXPECT_EQ(write(*started(), {batch(0, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(path("real/data.influx")), "m,host=a n=0 0\n");
  EXPECT_TRUE(std::filesystem::is_symlink(options_.path));
}

TEST_F(FileSink, EveryFsyncPolicyWrites) {
  for (const Fsync policy : {Fsync::never, Fsync::interval, Fsync::always}) {
    options_.fsync = policy;
    const auto file = started();
    ASSERT_EQ(write(*file, {batch(0, 1)}).code(), WEIR_OK);
    ASSERT_EQ(write(*file, {batch(1, 1)}).code(), WEIR_OK);
    file->stop();
  }
  std::vector<std::uint64_t> got;
  numbers(text(options_.path), got);
  EXPECT_EQ(got, (std::vector<std::uint64_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(log(), "");
}

TEST_F(FileSink, CheckFindsWhatCannotWork) {
  EXPECT_TRUE(check(options_).empty());
  options_.path = "/var/log/{host}/x.jsonl";
  options_.rotate.size = {100};
  options_.rotate.age = std::chrono::milliseconds(1);
  const auto found = check(options_);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, "path");
  EXPECT_EQ(found[0].second, "has a placeholder that is not known; the only one is {measurement}");
  EXPECT_EQ(found[1].first, "rotate.size");
  EXPECT_EQ(found[2].first, "rotate.age");

  Options idle = options_;
  idle.path = "/var/log/";
  idle.rotate = {};
  idle.gzip = true;
  const auto others = check(idle);
  ASSERT_EQ(others.size(), 2u);
  EXPECT_EQ(others[0].first, "path");
  EXPECT_EQ(others[1].first, "gzip");
}

}  // namespace
}  // namespace weir::file_sink
