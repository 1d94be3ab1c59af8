// my_sink against an agent in memory: what it writes, and what it answers when it cannot.
#include "my_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "weir_testing/agent.hpp"

namespace {

class MySinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/my_sink_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string written() {
    std::ifstream file(folder_ / "out");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  MySink sink(const std::string& name = "out") {
    return MySink(weir::Sink(agent_.host()), {(folder_ / name).string()});
  }
  // One row: a room, its temperature (or none), its state.
  weir::Batch row(double temperature, bool known = true) {
    const weir::Source source(agent_.host());
    const auto* m =
        source.measurement(weir::Schema("room")
                               .label("room")
                               .gauge("temperature", "celsius", "Of the air.")
                               .field("state", WEIR_STRING, WEIR_GAUGE, "", "As the sensor says."));
    weir::Batch batch = source.batch(m, 1);
    const std::uint32_t row = batch.add(source.series(m, {"attic"}), 5);
    batch.set(0, row, temperature);
    if (!known) batch.set_null(0, row);
    batch.set_string(1, row, "fine");
    return batch;
  }

  std::filesystem::path folder_;
  weir::testing::Agent agent_;
};

TEST_F(MySinkTest, WritesOneLineARow) {
  MySink to_file = sink();
  const weir::Batch first = row(20.5), second = row(0, false);
  const weir_batch* batches[] = {first.get(), second.get()};
  EXPECT_EQ(to_file.write(batches).code(), WEIR_OK);
  EXPECT_EQ(written(),
            "room room=attic temperature=20.5 state=fine 5\n"
            "room room=attic temperature=null state=fine 5\n");
}

TEST_F(MySinkTest, AppendsToWhatIsThere) {
  std::ofstream(folder_ / "out") << "before\n";
  MySink to_file = sink();
  const weir::Batch batch = row(1);
  const weir_batch* batches[] = {batch.get()};
  EXPECT_EQ(to_file.write(batches).code(), WEIR_OK);
  EXPECT_EQ(written(), "before\nroom room=attic temperature=1 state=fine 5\n");
}

TEST_F(MySinkTest, AsksForAnotherAttemptWhenTheFileCannotBeOpened) {
  MySink to_file = sink("no/such/folder/out");
  const weir::Batch batch = row(1);
  const weir_batch* batches[] = {batch.get()};
  const weir::Status status = to_file.write(batches);
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_THAT(status.why(), testing::HasSubstr("out': No such file or directory"));
}

TEST_F(MySinkTest, AsksForAnotherAttemptWhenTheDiskIsFull) {
  MySink full(weir::Sink(agent_.host()), {"/dev/full"});
  const weir::Batch batch = row(1);
  const weir_batch* batches[] = {batch.get()};
  EXPECT_EQ(full.write(batches).code(), WEIR_RETRY);
}

TEST_F(MySinkTest, WantsAnAbsolutePath) {
  std::string problem;
  weir::Problems problems(
      [](void* context, const char* path, const char* message) {
        *static_cast<std::string*>(context) = std::string(path) + ": " + message;
      },
      &problem);
  MySink::check({"/tmp/out"}, problems);
  EXPECT_EQ(problem, "");
  MySink::check({"out"}, problems);
  EXPECT_EQ(problem, "path: must be absolute: begin it with '/'");
}

}  // namespace
