// The sink stdout on pipes and files: whole lines, a full pipe, a reader that goes away.
#include "stdout.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "weir/posix.hpp"
#include "weir_testing/agent.hpp"

namespace {

using weir::format::Format;
using weir::stdout_sink::Options;
using weir::stdout_sink::Stdout;

class StdoutSink : public ::testing::Test {
 protected:
  StdoutSink() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    read_end_ = weir::Fd(ends[0]);
    write_end_ = weir::Fd(ends[1]);
  }

  const weir_batch* batch(const std::string& name, std::uint32_t rows, double value = 1.5) {
    const weir::Source source(agent_.host());
    const auto* m = source.measurement(weir::Schema(name, "").label("host").gauge("value", "", ""));
    weir::Batch made = source.batch(m, rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      made.set(0, made.add(source.series(m, {"a"}), 1'795'255'200'000'000'000 + i), value);
    }
    source.emit(std::move(made));
    return agent_.emitted().back();
  }

  weir::Status write(Stdout& sink, std::vector<const weir_batch*> batches) {
    return sink.write(batches);
  }

  std::string read_some(std::size_t size) {
    std::string text(size, '\0');
    const ssize_t n = ::read(read_end_.get(), text.data(), size);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

  weir::testing::Agent agent_;
  weir::Fd read_end_, write_end_;
};

TEST_F(StdoutSink, WritesALinePerRow) {
  Stdout sink(weir::Sink(agent_.host()), {Format::influx}, write_end_.get());
  sink.start();
  EXPECT_EQ(write(sink, {batch("m", 2), batch("n", 1)}).code(), WEIR_OK);
  EXPECT_EQ(read_some(4096),
            "m,host=a value=1.5 1795255200000000000\n"
            "m,host=a value=1.5 1795255200000000001\n"
            "n,host=a value=1.5 1795255200000000000\n");
}

TEST_F(StdoutSink, CsvBeginsABlockWithAHeaderWhenTheMeasurementChanges) {
  Stdout sink(weir::Sink(agent_.host()), {Format::csv}, write_end_.get());
  EXPECT_EQ(write(sink, {batch("m", 1), batch("m", 1), batch("n", 1)}).code(), WEIR_OK);
  EXPECT_EQ(read_some(4096),
            "time,measurement,host,value\n"
            "2026-11-21T10:00:00.000Z,m,a,1.5\n"
            "2026-11-21T10:00:00.000Z,m,a,1.5\n"
            "\n"
            "time,measurement,host,value\n"
            "2026-11-21T10:00:00.000Z,n,a,1.5\n");
}

TEST_F(StdoutSink, RowsThatInfluxCannotSayAreRejectedOneByOne) {
  Stdout sink(weir::Sink(agent_.host()), {Format::influx}, write_end_.get());
  EXPECT_EQ(write(sink, {batch("m", 3, std::nan(""))}).code(), WEIR_OK);
  ASSERT_EQ(agent_.rejections().size(), 3u);
  EXPECT_EQ(agent_.rejections()[2].first_row, 2u);
}

TEST_F(StdoutSink, AReaderThatIsSlowGetsEveryByte) {
  Stdout sink(weir::Sink(agent_.host()), {Format::jsonl}, write_end_.get());
  std::string got;
  std::thread reader([&] {
    for (std::string part; !(part = read_some(1000)).empty();) got += part;
  });
  EXPECT_EQ(write(sink, {batch("m", 20'000)}).code(), WEIR_OK);
  write_end_.close();
  reader.join();
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), 20'000);
  EXPECT_EQ(got.substr(got.size() - 2), "}\n");
}

TEST_F(StdoutSink, AReaderThatWentAwayRejectsAndRaisesNoSignal) {
  Stdout sink(weir::Sink(agent_.host()), {Format::jsonl}, write_end_.get());
  read_end_.close();
  const weir::Status status = write(sink, {batch("m", 1)});
  EXPECT_EQ(status.code(), WEIR_REJECT);
  EXPECT_NE(status.why().find("Broken pipe"), std::string::npos) << status.why();
}

// A stopping agent is not held up, and a redelivery goes on at the very byte.
TEST_F(StdoutSink, AFullPipeEndsInRetryWhenStoppingAndGoesOnWhereItStopped) {
  Stdout sink(weir::Sink(agent_.host()), {Format::jsonl}, write_end_.get());
  const weir_batch* big = batch("m", 5'000);
  agent_.set_stopping(true);
  const weir::Status status = write(sink, {big});
  ASSERT_EQ(status.code(), WEIR_RETRY);
  EXPECT_NE(status.why().find("nobody reads"), std::string::npos);
  agent_.set_stopping(false);

  std::string got;
  std::thread reader([&] {
    for (std::string part; !(part = read_some(65536)).empty();) got += part;
  });
  EXPECT_EQ(write(sink, {big}).code(), WEIR_OK);
  EXPECT_EQ(write(sink, {batch("n", 1)}).code(), WEIR_OK);
  write_end_.close();
  reader.join();
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), 5'001);
  for (std::size_t at = 0; at < got.size(); at = got.find('\n', at) + 1) {
    ASSERT_EQ(got.compare(at, 9, "{\"time\":\""), 0) << got.substr(at, 100);
  }
}

TEST_F(StdoutSink, ANonBlockingPipeIsWaitedFor) {
  ASSERT_EQ(fcntl(write_end_.get(), F_SETFL, O_NONBLOCK), 0);
  Stdout sink(weir::Sink(agent_.host()), {Format::csv}, write_end_.get());
  std::string got;
  std::thread reader([&] {
    for (std::string part; !(part = read_some(500)).empty();) got += part;
  });
  EXPECT_EQ(write(sink, {batch("m", 10'000)}).code(), WEIR_OK);
  write_end_.close();
  reader.join();
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), 10'001);
}

TEST_F(StdoutSink, AClosedStdoutIsRefusedAtTheStart) {
  const int fd = write_end_.get();
  write_end_.close();
  Stdout sink(weir::Sink(agent_.host()), {Format::csv}, fd);
  EXPECT_THROW(sink.start(), std::runtime_error);
}

TEST_F(StdoutSink, AFullDeviceEndsInRetryAndKeepsTheRest) {
  const weir::Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full) GTEST_SKIP() << "/dev/full is not there";
  Stdout sink(weir::Sink(agent_.host()), {Format::csv}, full.get());
  const weir::Status status = write(sink, {batch("m", 1)});
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_EQ(status.why(), "stdout: No space left on device");
}

}  // namespace
