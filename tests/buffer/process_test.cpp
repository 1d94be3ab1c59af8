// On real files: children that append are killed at any moment, a disk that is really full, a
// directory that cannot be written, and two who want one buffer.
//
// WEIR_KILLS sets how many children are killed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/buffer/buffer_fixture.hpp"

namespace weir::buffer {
namespace {

class Process : public BufferFixture {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir_buffer_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    options_.bytes_max = 1u << 20;
    options_.segment_bytes = 16u << 10;
  }
  void TearDown() override {
    buffer_.reset();
    std::filesystem::remove_all(path_);
  }
  std::unique_ptr<DiskBuffer> open_at(const std::string& path, std::string& error) {
    report_ = {};
    auto directory = open_directory(path, true, error);
    if (directory == nullptr) return nullptr;
    return DiskBuffer::open(std::move(directory), options_, report_, error);
  }
  void open_real() {
    buffer_.reset();
    std::string error;
    buffer_ = open_at(path_, error);
    ASSERT_NE(buffer_, nullptr) << error;
  }
  // Runs in a child, with its exit code: 1 when an expectation failed.
  template <class Body>
  int in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
      const int code = body();
      _exit(HasFailure() ? 1 : code);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  std::string path_;
};

// What a child has done, told through a pipe right after the call returned.
struct Told {
  std::uint64_t appended, rows;  // sequence of the last batch; of all rows so far
  std::uint64_t acknowledged;    // sequence of the last batch
};

class Kill : public Process {
 protected:
  // One batch a frame; its sequence is its identity.
  TestChain numbered(std::uint64_t sequence) {
    TestChain chain = rows_.chain(1 + sequence % 2, 20);
    chain.batches.resize(1);
    chain.rows = chain.batches[0]->rows;
    const_cast<weir_batch*>(chain.batches[0])->sequence = sequence;
    return chain;
  }

  [[noreturn]] void child(int pipe, Told told, std::uint64_t seed) {
    rows_.reseed(seed);
    std::string error;
    const auto buffer = open_at(path_, error);
    if (buffer == nullptr) _exit(3);
    std::vector<std::uint64_t> in_flight;
    Frame frame;
    for (;;) {
      const TestChain chain = numbered(told.appended + 1);
      const Chain chains[] = {chain.chain()};
      if (buffer->append(chains, Clock::now(), error) == Appended::kOk) {
        ++told.appended;
        told.rows += chain.rows;
      }
      rows_.clear();
      while (rows_.below(3) == 0 && buffer->next(frame, error) == Next::kFrame) {
        in_flight.push_back(frame.batches[0].head.sequence);
      }
      if (in_flight.size() > 10 && buffer->acknowledge(in_flight.size(), Clock::now())) {
        told.acknowledged = in_flight.back();
        in_flight.clear();
      }
      if (rows_.below(200) == 0) buffer->sync(Clock::now(), error);
      if (write(pipe, &told, sizeof told) != sizeof told) _exit(4);
    }
  }
};

TEST_F(Kill, AtAnyMomentLosesNothingAndDoublesNothing) {
  const char* kills = std::getenv("WEIR_KILLS");
  const int runs = kills == nullptr ? 20 : std::atoi(kills);
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu, %d kills\n", static_cast<unsigned long long>(seed), runs);
  std::mt19937_64 random(seed);
  Told told{};
  for (int i = 0; i < runs; ++i) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      close(ends[0]);
      child(ends[1], told, seed + static_cast<std::uint64_t>(i));
    }
    close(ends[1]);
    // Reads on, so that the child never waits for room in the pipe, until a random number of
    // reports; then kills it and takes what it still said.
    const std::uint64_t reports = 1 + random() % 300;
    Told latest = told;
    std::uint64_t count = 0;
    bool killed = false;
    while (read(ends[0], &latest, sizeof latest) == sizeof latest) {
      told = latest;
      if (++count >= reports && !killed) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
        kill(pid, SIGKILL);
        killed = true;
      }
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);

    // All that it said, in order, and at most the one that it was about to say.
    open_real();
    std::vector<std::uint64_t> found;
    Frame frame;
    std::uint64_t rows = 0;
    while (buffer_->next(frame, error_) == Next::kFrame) {
      found.push_back(frame.batches[0].head.sequence);
      rows += frame.rows;
    }
    ASSERT_EQ(rows, total(report_.rows_held)) << "run " << i;
    ASSERT_EQ(report_.ranges_damaged, 0u) << "run " << i;
    const std::uint64_t last = found.empty() ? told.appended : found.back();
    ASSERT_TRUE(last == told.appended || last == told.appended + 1) << "run " << i;
    for (std::size_t k = 0; k + 1 < found.size(); ++k) ASSERT_EQ(found[k] + 1, found[k + 1]);
    if (!found.empty()) {
      ASSERT_GT(found.front(), told.acknowledged) << "run " << i;
      // It may have been killed between an acknowledgement and its report.
      ASSERT_LE(found.front(), told.acknowledged + 400) << "run " << i;
    }
    told.appended = last;
    told.acknowledged = found.empty() ? last : found.front() - 1;
    buffer_.reset();
  }
}

TEST_F(Process, ASecondOneIsToldWhoHasTheBuffer) {
  open_real();
  EXPECT_EQ(in_child([&] {
              std::string error;
              EXPECT_EQ(open_at(path_, error), nullptr);
              EXPECT_NE(error.find(path_ + " is in use by process " + std::to_string(getppid())),
                        std::string::npos)
                  << error;
              return 0;
            }),
            0);
  buffer_.reset();
  open_real();
}

// In a child with mounts of its own, as root or as somebody who may become it in a namespace;
// where neither is allowed, a limit on the size of files stands in for the full disk.
TEST_F(Process, AFullDiskTakesNothingAndGoesOnWithoutLoss) {
  options_.bytes_max = 64u << 20;
  options_.segment_bytes = 16u << 20;
  EXPECT_EQ(in_child([&] {
              const std::string user = "0 " + std::to_string(getuid()) + " 1";
              const std::string group = "0 " + std::to_string(getgid()) + " 1";
              bool mounted = unshare(CLONE_NEWNS) == 0;
              if (!mounted && unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
                put("/proc/self/uid_map", user);
                put("/proc/self/setgroups", "deny");
                put("/proc/self/gid_map", group);
                mounted = true;
              }
              if (mounted) {
                mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
                mounted = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
              }
              const rlimit small{1u << 20, RLIM_INFINITY};
              if (!mounted) setrlimit(RLIMIT_FSIZE, &small);
              if (mounted) put(path_ + "/other", std::string(300u << 10, 'x'));
              open_real();
              Appended outcome;
              while ((outcome = append(100)) == Appended::kOk) rows_.clear();
              EXPECT_EQ(outcome, Appended::kFailed);
              EXPECT_NE(error_.find(mounted ? "No space left on device" : "File too large"),
                        std::string::npos)
                  << error_;
              if (mounted) put(path_ + "/rest", std::string(1u << 20, 'x'));
              EXPECT_EQ(append(100), Appended::kFailed);
              EXPECT_EQ(buffer_->counts().rows_held, rows_appended_);
              Frame frame;
              EXPECT_EQ(buffer_->next(frame, error_), Next::kFrame);
              EXPECT_TRUE(buffer_->acknowledge(1, now_)) << "that has its room already";
              rows_appended_ -= frame.rows;
              digests_.erase(digests_.begin());
              std::filesystem::remove(path_ + "/other");
              const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
              if (!mounted) setrlimit(RLIMIT_FSIZE, &large);
              EXPECT_EQ(append(100), Appended::kOk) << error_;
              open_real();
              EXPECT_EQ(total(report_.rows_held), rows_appended_);
              EXPECT_EQ(report_.ranges_damaged, 0u);
              EXPECT_EQ(read_all(), digests_);
              EXPECT_TRUE(buffer_->acknowledge(digests_.size(), now_));
              return 0;
            }),
            0);
}

TEST_F(Process, APlaceThatCannotBeUsedIsNamed) {
  std::string error;
  put(path_ + "/file", "x");
  EXPECT_EQ(open_at(path_ + "/file", error), nullptr);
  EXPECT_NE(error.find("cannot make the directory " + path_ + "/file"), std::string::npos) << error;
  EXPECT_EQ(open_directory(path_ + "/nowhere", false, error), nullptr);
  EXPECT_NE(error.find("/nowhere: No such file or directory"), std::string::npos) << error;
  // A directory in the place of the lock: so a directory that may not be written looks to root.
  std::filesystem::create_directories(path_ + "/sub/lock");
  EXPECT_EQ(open_at(path_ + "/sub", error), nullptr);
  EXPECT_NE(error.find("cannot lock the disk buffer " + path_ + "/sub"), std::string::npos)
      << error;
}

}  // namespace
}  // namespace weir::buffer
