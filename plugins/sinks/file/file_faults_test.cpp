// The sink file when the disk is full, a limit is hit, or the agent is killed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "file_fixture.hpp"

namespace weir::file_sink {
namespace {

class FileFaults : public FileFixture {
 protected:
  void expect_numbers_up_to(std::uint64_t next) {
    std::vector<std::uint64_t> got;
    numbers(text(options_.path), got);
    ASSERT_EQ(got.size(), next);
    for (std::uint64_t i = 0; i < next; ++i) ASSERT_EQ(got[i], i);
  }
  bool mount_small() {
    const std::string user = "0 " + std::to_string(getuid()) + " 1";
    const std::string group = "0 " + std::to_string(getgid()) + " 1";
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
      put("/proc/self/uid_map", user);
      put("/proc/self/setgroups", "deny");
      put("/proc/self/gid_map", group);
    }
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    return mount("tmpfs", path("small").c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  void fill_the_disk_and_free_it() {
    options_.path = path("small/metrics.influx");
    put(path("small/other"), std::string(300 << 10, 'x'));
    const auto file = started();
    std::string why;
    const std::uint64_t next = fill_up(*file, why);
    EXPECT_NE(why.find("No space left on device; free some space"), std::string::npos) << why;
    EXPECT_GT(next, 5000u);
    expect_numbers_up_to(next);  // nothing of the failed delivery

    EXPECT_EQ(write(*file, {batch(next, 5000)}).code(), WEIR_RETRY);
    expect_numbers_up_to(next);
    std::filesystem::remove(path("small/other"));
    EXPECT_EQ(write(*file, {batch(next, 5000)}).code(), WEIR_OK);
    expect_numbers_up_to(next + 5000);
  }
  // Delivers until it fails; returns the number of the first row that was not taken.
  std::uint64_t fill_up(File& file, std::string& why) {
    for (std::uint64_t next = 0;; next += 5000) {
      const weir_batch* more = batch(next, 5000);
      const Status status = write(file, {more});
      agent_.clear();
      if (status.code() == WEIR_OK) continue;
      EXPECT_EQ(status.code(), WEIR_RETRY);
      why = status.why();
      return next;
    }
  }
};

TEST_F(FileFaults, ATornLastLineIsRemovedAtTheStart) {
  put(options_.path, "m,host=a n=0 0\nm,host=a n=1 1\nm,host=a n=");
  EXPECT_EQ(write(*started(), {batch(2, 1)}).code(), WEIR_OK);
  expect_numbers_up_to(3);
  EXPECT_NE(log().find("removed 11 bytes of a torn last line"), std::string::npos) << log();
}

TEST_F(FileFaults, ATornHeaderIsWrittenAnew) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  put(path("metrics.m.csv"), "time,meas");
  EXPECT_EQ(write(*started(), {batch(0, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(path("metrics.m.csv")),
            "time,measurement,host,n\n1970-01-01T00:00:00.000Z,m,a,0\n");
}

TEST_F(FileFaults, ATornQuotedValueIsRemovedWithItsLineEnds) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  const std::string whole = "time,measurement,host,n\nx,m,\"two\nlines\",1\n";
  put(path("metrics.m.csv"), whole + "y,m,\"torn\nin the");
  EXPECT_EQ(write(*started(), {batch(0, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(path("metrics.m.csv")), whole + "1970-01-01T00:00:00.000Z,m,a,0\n");
}

// In a child with mounts of its own, as root or as somebody who may become it in a namespace.
TEST_F(FileFaults, AFullDiskLeavesNoTraceAndGoesOnWithoutLoss) {
  constexpr int kMayNotMount = 77;
  std::filesystem::create_directory(path("small"));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!mount_small()) _exit(kMayNotMount);
    fill_the_disk_and_free_it();
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kMayNotMount) GTEST_SKIP() << "may not mount here: full disk";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// All files of a delivery, or none: the one that fits is cut back with the one that does not.
TEST_F(FileFaults, AFailedDeliveryIsTakenOutOfAllItsFiles) {
  options_.path = path("{measurement}.influx");
  const auto file = started();
  ASSERT_EQ(write(*file, {batch(0, 10, "a"), batch(0, 10, "b")}).code(), WEIR_OK);
  const std::string a = text(path("a.influx")), b = text(path("b.influx"));

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{64 << 10, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = write(*file, {batch(10, 100, "a"), batch(10, 50'000, "b")});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);

  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_NE(status.why().find("File too large; raise the limit"), std::string::npos);
  EXPECT_EQ(text(path("a.influx")), a);
  EXPECT_EQ(text(path("b.influx")), b);
  EXPECT_EQ(write(*file, {batch(10, 1, "a")}).code(), WEIR_OK);
  EXPECT_EQ(text(path("a.influx")), a + "a,host=a n=10 10\n");
}

TEST_F(FileFaults, APathThatGoesAwayAndComesBack) {
  options_.path = path("mounted/metrics.influx");
  const auto file = started();
  ASSERT_EQ(write(*file, {batch(0, 1)}).code(), WEIR_OK);
  std::filesystem::rename(path("mounted"), path("elsewhere"));
  put(path("mounted"), "in the way");
  EXPECT_TRUE(wait_for([&] { return write(*file, {batch(1, 1)}).code() == WEIR_RETRY; }))
      << "the name is looked up once a second";
  std::filesystem::remove(path("mounted"));
  EXPECT_EQ(write(*file, {batch(2, 1)}).code(), WEIR_OK);
  EXPECT_EQ(text(options_.path), "m,host=a n=2 2\n");
}

// Kill -9 at random instants: what is there is numbers without a gap, line by line, and the next
// run goes on behind it.
TEST_F(FileFaults, KillNineLeavesWholeLines) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  options_.rotate.size = {1 << 20};
  options_.rotate.keep = 0;
  options_.gzip = true;

  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 30; ++round) {
    int report[2];
    ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      weir::testing::Agent agent;
      File file(Sink(agent.host()), options_);
      file.start();
      const Source source(agent.host());
      const auto* m = source.measurement(Schema("m", "").label("host").gauge("n", "", ""));
      for (std::uint64_t next = acknowledged;; next += 2000) {
        Batch made = source.batch(m, 2000);
        fill(made, source, m, next, 2000);
        const weir_batch* raw = made.get();
        if (file.write(std::span(&raw, 1)).code() != WEIR_OK) _exit(1);
        const std::uint64_t done = next + 2000;
        if (::write(report[1], &done, sizeof done) != sizeof done) _exit(1);
      }
    }
    ::close(report[1]);
    std::uint64_t seen = 0;
    ASSERT_EQ(::read(report[0], &seen, sizeof seen), static_cast<ssize_t>(sizeof seen));
    usleep(static_cast<useconds_t>(random() % 3'000));
    kill(child, SIGKILL);
    while (::read(report[0], &acknowledged, sizeof acknowledged) > 0) {
    }
    acknowledged = std::max(acknowledged, seen);
    ::close(report[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    started()->stop();  // recovers the torn tail
    std::vector<std::uint64_t> got;
    for (const auto& rotated : FileNames(options_.path).list_rotated()) {
      if (std::filesystem::exists(rotated + ".gz")) continue;  // its compressed twin is whole
      numbers(text(rotated), got);
    }
    numbers(text(options_.path), got);
    // At least once: a delivery that was written but not acknowledged comes again.
    std::sort(got.begin(), got.end());
    got.erase(std::unique(got.begin(), got.end()), got.end());
    ASSERT_GE(got.size(), acknowledged);
    for (std::uint64_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], i);
  }
}

}  // namespace
}  // namespace weir::file_sink
