// The sink sqlite at its limits: retention, max_size, disks that are full.
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "sqlite_fixture.hpp"

namespace weir::sqlite_sink {
namespace {

class SqliteLimits : public SqliteFixture {
 protected:
  static std::int64_t now_s() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::uintmax_t size() const { return std::filesystem::file_size(options_.path); }
};

TEST_F(SqliteLimits, RetentionRemovesOldRowsOfEveryTableThatIsWritten) {
  {
    const auto sink = started();
    const auto old = now_s() - 3 * 3600;
    EXPECT_EQ(write(*sink, {batch(old, 30'000), batch(old, 10, "other")}).code(), WEIR_OK);
    EXPECT_EQ(write(*sink, {batch(now_s() - 10, 5)}).code(), WEIR_OK);
  }
  options_.retention = std::chrono::hours(1);
  const auto sink = started();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(write(*sink, {batch(now_s(), 1), batch(now_s(), 1, "other")}).code(), WEIR_OK);
  }
  // 30,000 rows, one a second from 3 h ago: those beyond now - 1 h stay.
  const std::string newest = row("SELECT min(n) FROM m");
  EXPECT_GE(std::stoll(newest), now_s() - 3700);
  EXPECT_GE(std::stoll(row("SELECT min(n) FROM other")), now_s() - 3700);
  EXPECT_NE(log().find("retention: removed "), std::string::npos);
}

// Two sinks with different retentions in one file; and a measurement that comes no more.
TEST_F(SqliteLimits, RetentionLeavesTablesAloneThatTheSinkDoesNotWrite) {
  const auto old = now_s() - 3 * 3600;
  const auto audit = started();
  EXPECT_EQ(write(*audit, {batch(old, 100, "audit"), batch(old, 100, "past")}).code(), WEIR_OK);
  EXPECT_EQ(write(*audit, {batch(old, 100)}).code(), WEIR_OK);
  options_.retention = std::chrono::hours(1);
  const auto brief = started();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(write(*audit, {batch(old + 100 + i, 1, "audit")}).code(), WEIR_OK);
    EXPECT_EQ(write(*brief, {batch(now_s(), 1)}).code(), WEIR_OK);
  }
  EXPECT_EQ(row("SELECT count(*) FROM m WHERE n < " + std::to_string(now_s() - 3600)), "0");
  EXPECT_EQ(row("SELECT count(*) FROM audit"), "103");
  EXPECT_EQ(row("SELECT count(*) FROM past"), "100");
}

TEST_F(SqliteLimits, RetentionDoesNotStumbleOverATableThatWasDropped) {
  options_.retention = std::chrono::hours(1);
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(now_s(), 1, "past"), batch(now_s(), 1)}).code(), WEIR_OK);
  rows("DROP TABLE past");
  const Status status = write(*sink, {batch(now_s() + 1, 1)});
  EXPECT_EQ(status.code(), WEIR_OK) << status.why();
}

// The limit is the file's, not the sink's: whose rows they are does not matter.
TEST_F(SqliteLimits, MaxSizeRemovesTheOldestRowsOfOtherSinksToo) {
  const auto other = started();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(write(*other, {batch(i * 1000, 1000, "other")}).code(), WEIR_OK);
  }
  options_.max_size = {1 << 20};
  const auto sink = started();
  std::int64_t last = 1'000'000;
  for (int i = 0; i < 10; ++i, last += 1000) {
    const Status status = write(*sink, {batch(last, 1000)});
    ASSERT_EQ(status.code(), WEIR_OK) << status.why();
  }
  EXPECT_EQ(row("SELECT max(n) FROM m"), std::to_string(last - 1));
  EXPECT_EQ(row("SELECT count(*) FROM other"), "0");
  EXPECT_LE(size(), options_.max_size.count);
}

TEST_F(SqliteLimits, TheOldestRowsGoWhenTheFileIsFull) {
  options_.max_size = {2 << 20};
  const auto sink = started();
  std::int64_t last = 0;
  for (int i = 0; i < 40; ++i, last += 2000) {
    const Status status =
        write(*sink, {batch(last, 2000), batch(last, 100, "other", std::string(200, 'x'))});
    ASSERT_EQ(status.code(), WEIR_OK) << status.why();
    ASSERT_LE(size(), options_.max_size.count);
  }
  EXPECT_EQ(row("SELECT max(n) FROM m"), std::to_string(last - 1));
  const auto kept = std::stoll(row("SELECT count(*) FROM m"));
  EXPECT_GT(kept, 5000);
  EXPECT_EQ(row("SELECT max(n) - min(n) + 1 FROM m"), std::to_string(kept)) << "a gap";
  EXPECT_NE(log().find("max_size: removed the "), std::string::npos);
}

TEST_F(SqliteLimits, ABatchThatIsLargerThanTheFileMayBeIsRejectedAlone) {
  options_.max_size = {1 << 20};
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1000)}).code(), WEIR_OK);
  const weir_batch* large = batch(1000, 200'000);
  const Status status = write(*sink, {large, batch(201'000, 1000)});
  EXPECT_EQ(status.code(), WEIR_OK) << status.why();
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].batch, large);
  EXPECT_EQ(agent_.rejections()[0].rows, 200'000u);
  EXPECT_NE(agent_.rejections()[0].reason.find("does not fit into max_size"), std::string::npos);
  EXPECT_LE(size(), options_.max_size.count);
  EXPECT_EQ(write(*sink, {batch(202'000, 1000)}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT count(*), max(n) FROM m"), "2000|202999");
}

TEST_F(SqliteLimits, WhatOthersFillIsTheirsAndRowsWaitForRoom) {
  options_.max_size = {1 << 20};
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 10)}).code(), WEIR_OK);
  rows("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (zeroblob(3000000))");
  const Status status = write(*sink, {batch(10, 1000)});
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_NE(status.why().find("tables of others fill"), std::string::npos) << status.why();
  EXPECT_TRUE(agent_.rejections().empty());
  rows("DROP TABLE theirs");
  EXPECT_EQ(write(*sink, {batch(0, 10)}).code(), WEIR_OK);
}

// Each fits, but not both: as if they had come one after the other.
TEST_F(SqliteLimits, ADeliveryOfBatchesThatFitOneByOneIsTaken) {
  options_.max_size = {1 << 20};
  const auto sink = started();
  const Status status = write(*sink, {batch(0, 8000), batch(8000, 8000)});
  EXPECT_EQ(status.code(), WEIR_OK) << status.why();
  EXPECT_TRUE(agent_.rejections().empty());
  EXPECT_EQ(row("SELECT max(n) FROM m"), "15999");
  EXPECT_LE(size(), options_.max_size.count);
}

TEST_F(SqliteLimits, AReaderThatKeepsTheLogGrowingIsNamed) {
  options_.max_size = {2 << 20};
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1000)}).code(), WEIR_OK);
  sqlite3* reader = nullptr;
  sqlite3_open(options_.path.c_str(), &reader);
  sqlite3_exec(reader, "BEGIN; SELECT * FROM m", nullptr, nullptr, nullptr);
  Status status = Status::ok();
  for (int i = 1; i < 1000 && status.code() == WEIR_OK; ++i) {
    status = write(*sink, {batch(i * 1000, 1000)});
  }
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_NE(status.why().find("-wal has outgrown max_size"), std::string::npos) << status.why();
  sqlite3_close(reader);
  status = write(*sink, {batch(1'000'000, 10)});
  EXPECT_EQ(status.code(), WEIR_OK) << status.why();
}

// Runs the body in a child with mounts of its own, `small` on a disk of 4 MiB.
class SqliteOnAFullDisk : public SqliteLimits {
 protected:
  template <class Body>
  void on_small_disk(Body body) {
    constexpr int kMayNotMount = 77;
    options_.path = small_ + "/weir.db";
    std::filesystem::create_directory(small_);
    const pid_t child = fork();
    if (child == 0) {
      if (unshare(CLONE_NEWNS) != 0) _exit(kMayNotMount);
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
      if (mount("tmpfs", small_.c_str(), "tmpfs", 0, "size=4m") != 0) _exit(kMayNotMount);
      try {
        body();
      } catch (const std::exception& e) {
        ADD_FAILURE() << e.what();
      }
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == kMayNotMount) GTEST_SKIP() << "may not mount here";
    EXPECT_EQ(status, 0);
  }
  const std::string small_ = directory_ + "/small";
};

// The rows that did not fit are there once the disk has room.
TEST_F(SqliteOnAFullDisk, LosesNothingAndRemovesNothing) {
  options_.max_size = {512 << 20};
  on_small_disk([this] {
    const auto sink = started();
    std::ofstream(small_ + "/ballast") << std::string(1 << 20, 'x');
    std::int64_t next = 0;
    Status status = Status::ok();
    for (; status.code() == WEIR_OK && next < 1'000'000; next += 1000) {
      status = write(*sink, {batch(next, 1000)});
    }
    next -= 1000;  // what did not fit
    EXPECT_EQ(status.code(), WEIR_RETRY);
    EXPECT_NE(status.why().find("free space on its disk"), std::string::npos) << status.why();
    std::filesystem::remove(small_ + "/ballast");
    status = write(*sink, {batch(next, 1000)});
    EXPECT_EQ(status.code(), WEIR_OK) << status.why();
    EXPECT_EQ(row("SELECT min(n), max(n), count(*) FROM m"),
              "0|" + std::to_string(next + 999) + "|" + std::to_string(next + 1000));
  });
}

TEST_F(SqliteOnAFullDisk, StartsAndWaits) {
  on_small_disk([this] {
    EXPECT_EQ(write(*started(), {batch(0, 1000)}).code(), WEIR_OK);
    std::ofstream(small_ + "/ballast") << std::string(4 << 20, 'x');
    const auto sink = started();
    EXPECT_NE(log().find("free space on its disk"), std::string::npos) << log();
    const Status status = write(*sink, {batch(1000, 1000)});
    EXPECT_EQ(status.code(), WEIR_RETRY);
    EXPECT_NE(status.why().find("free space on its disk"), std::string::npos) << status.why();
    std::filesystem::remove(small_ + "/ballast");
    EXPECT_EQ(write(*sink, {batch(1000, 1000)}).code(), WEIR_OK);
    EXPECT_EQ(row("SELECT count(*) FROM m"), "2000");
  });
}

}  // namespace
}  // namespace weir::sqlite_sink
