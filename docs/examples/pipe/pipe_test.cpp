// The pipe from both ends: what is written comes out as rows, and a writer waits while the agent is
// full.
#include "pipe.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "weir_testing/agent.hpp"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class PipeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "pipe_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "pipe";
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    pipe_.emplace(weir::Source(agent_.host()), Pipe::Options{path_, 2});
  }
  void TearDown() override {
    pipe_.reset();
    std::filesystem::remove_all(folder_);
  }
  void start() {
    pipe_->start();
    writer_ = weir::Fd(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(writer_);
  }
  void write(const std::string& text) {
    ASSERT_EQ(::write(writer_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  template <class Done>
  static void await(Done done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // The rows so far, without their times. After `stop` only: the thread emits.
  std::vector<std::string> rows() {
    std::vector<std::string> lines = agent_.lines("pipe");
    for (std::string& line : lines) line.resize(line.rfind(' '));
    return lines;
  }

  weir::testing::Agent agent_;
  std::filesystem::path folder_, path_;
  std::optional<Pipe> pipe_;
  weir::Fd writer_;
};

// Whether all that was written has been read.
bool is_empty(const weir::Fd& fd) {
  int bytes = 0;
  return ::ioctl(fd.get(), FIONREAD, &bytes) == 0 && bytes == 0;
}

TEST_F(PipeTest, LinesBecomeRowsWithTimesOfTheirOwn) {
  start();
  write("load 1.5\ntemp");
  await([&] { return is_empty(writer_); });
  write("erature -3\nload 2\n");
  await([&] { return is_empty(writer_); });
  pipe_->stop();
  EXPECT_THAT(rows(),
              ElementsAre("name=load value=1.5", "name=temperature value=-3", "name=load value=2"));
  weir::Time last = 0;
  for (const weir_batch* batch : agent_.emitted()) {
    for (std::uint32_t row = 0; row < batch->rows; ++row) {
      EXPECT_GT(batch->times[row], last);
      last = batch->times[row];
    }
  }
}

TEST_F(PipeTest, DropsAndTellsOfWhatIsNoLine) {
  start();
  write("load\nload x\n\xff 1\nload 1 2\n\nload 1e999\na 1\nb 2\nc 3\n" + std::string(5000, 'x') +
        "\na 4\n");
  await([&] { return is_empty(writer_); });
  pipe_->stop();
  EXPECT_THAT(rows(), ElementsAre("name=a value=1", "name=b value=2", "name=a value=4"));
  ASSERT_EQ(agent_.log().size(), 3u);
  EXPECT_THAT(agent_.log()[0].text, StartsWith("a line is not '<name> <number>'; it is dropped"));
  EXPECT_THAT(agent_.log()[1].text, StartsWith("there are more names than max_names"));
  EXPECT_THAT(agent_.log()[2].text, StartsWith("a line has more than 1000 bytes"));
}

TEST_F(PipeTest, StopsReadingWhileTheAgentIsFull) {
  start();
  agent_.set_full(true);
  write("a 1\n");
  await([&] { return is_empty(writer_); });  // it has taken these, and holds them
  write("a 2\n");
  std::string line = "a 3\n";
  int written = 2;
  while (::write(writer_.get(), line.data(), line.size()) > 0) ++written;
  EXPECT_EQ(errno, EAGAIN) << "the pipe is full: a writer would wait";
  EXPECT_TRUE(agent_.emitted().empty());
  agent_.set_full(false);
  await([&] { return is_empty(writer_); });
  pipe_->stop();
  EXPECT_EQ(rows().size(), static_cast<std::size_t>(written)) << "no line is lost";
}

TEST_F(PipeTest, HandsOverWhatItHoldsWhenItStops) {
  start();
  agent_.set_full(true);
  write("a 1\n");
  await([&] { return is_empty(writer_); });
  pipe_->stop();
  EXPECT_THAT(rows(), ElementsAre("name=a value=1"));
}

TEST_F(PipeTest, SaysWhatIsWrongWithThePath) {
  const auto problem_of = [&](const std::string& path) -> std::string {
    try {
      Pipe(weir::Source(agent_.host()), {path, 2}).start();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "nothing";
  };
  EXPECT_THAT(problem_of(folder_ / "none"),
              HasSubstr("none': No such file or directory; make it with mkfifo"));
  std::ofstream(folder_ / "file") << "a 1\n";
  EXPECT_THAT(problem_of(folder_ / "file"), HasSubstr("file': not a named pipe; make it"));
}

}  // namespace
