// Rotation, by size and age, kept and compressed: no row lost, none doubled, none out of order.
#include <set>

#include "file_fixture.hpp"

namespace weir::file_sink {
namespace {

class Rotation : public FileFixture {
 protected:
  // The rows of all files, oldest file first.
  std::vector<std::uint64_t> all_numbers() {
    std::vector<std::uint64_t> got;
    for (const auto& rotated : FileNames(options_.path).list_rotated()) {
      numbers(text(rotated), got);
    }
    numbers(text(options_.path), got);
    return got;
  }
  std::size_t count(const std::string& end) const {
    std::size_t n = 0;
    for (const auto& name : names()) n += name.ends_with(end);
    return n;
  }
};

TEST_F(Rotation, LosesAndDoublesNothingUnderLoad) {
  options_.rotate.size = {16 << 10};
  options_.rotate.keep = 0;
  options_.gzip = true;
  options_.fsync = Fsync::interval;
  std::uint64_t next = 0;
  for (int run = 0; run < 3; ++run) {  // restarts leave compressing to the next run
    const auto file = started();
    for (int i = 0; i < 200; ++i) {
      std::vector<const weir_batch*> delivery;
      for (int b = 0; b <= i % 3; ++b) {
        const auto rows = static_cast<std::uint32_t>(1 + (i * 37 + b) % 200);
        delivery.push_back(batch(next, rows));
        next += rows;
      }
      ASSERT_EQ(write(*file, delivery).code(), WEIR_OK);
      agent_.clear();
    }
    file->stop();
  }
  const auto file = started();
  EXPECT_TRUE(wait_for([&] { return count(".influx") == 1; })) << "not all was compressed";
  file->stop();
  const auto got = all_numbers();
  ASSERT_EQ(got.size(), next);
  for (std::uint64_t i = 0; i < next; ++i) ASSERT_EQ(got[i], i);
  EXPECT_GT(count(".gz"), 50u);
  EXPECT_EQ(count(".tmp"), 0u);
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().string().ends_with(".gz")) continue;
    EXPECT_LT(entry.file_size(), (16u << 10) + 600 * 40) << entry.path();
  }
}

TEST_F(Rotation, KeepsTheNewest) {
  options_.rotate.size = {4 << 10};
  options_.rotate.keep = 3;
  const auto file = started();
  for (std::uint64_t i = 0; i < 20; ++i) {
    ASSERT_EQ(write(*file, {batch(i * 1000, 1000)}).code(), WEIR_OK);
  }
  EXPECT_TRUE(wait_for([&] { return names().size() == 4; })) << names().size();
  file->stop();
  const auto got = all_numbers();
  ASSERT_EQ(got.size(), 4000u);
  EXPECT_EQ(got.front(), 16'000u);
  EXPECT_EQ(got.back(), 19'999u);
}

TEST_F(Rotation, ByAge) {
  options_.rotate.age = std::chrono::seconds(1);
  const auto file = started();
  std::uint64_t next = 0;
  EXPECT_TRUE(wait_for([&] {
    EXPECT_EQ(write(*file, {batch(next++, 1)}).code(), WEIR_OK);
    return names().size() == 3;
  }));
  const auto got = all_numbers();
  ASSERT_EQ(got.size(), next);
  for (std::uint64_t i = 0; i < next; ++i) ASSERT_EQ(got[i], i);
}

TEST_F(Rotation, EveryCsvFileHasItsHeader) {
  options_.format = format::Format::csv;
  options_.path = path("metrics.csv");
  options_.rotate.size = {4 << 10};
  options_.gzip = true;
  const auto file = started();
  for (std::uint64_t i = 0; i < 10; ++i) {
    ASSERT_EQ(write(*file, {batch(i * 200, 200)}).code(), WEIR_OK);
  }
  EXPECT_TRUE(wait_for([&] { return count(".gz") == 9; })) << count(".gz");
  file->stop();
  for (const auto& name : names()) {
    const std::string all = text(path(name));
    EXPECT_EQ(all.find("time,measurement,host,n\n"), 0u) << name;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 201) << name;
  }
}

TEST_F(Rotation, WhatACrashLeftUndoneIsDoneAfterTheNextStart) {
  options_.rotate.size = {1 << 20};
  options_.gzip = true;
  const std::string rotated = FileNames(options_.path).rotated(1'795'255'200'000'000'000);
  put(rotated, "m,host=a n=7 7\n");
  put(rotated + ".gz.tmp", "half of a compre");
  const auto file = started();
  EXPECT_TRUE(wait_for([&] { return std::filesystem::exists(rotated + ".gz"); }));
  file->stop();
  EXPECT_EQ(text(rotated + ".gz"), "m,host=a n=7 7\n");
  EXPECT_EQ(names().size(), 2u);
}

// Deliveries that are written faster than compressed: each is a file of some MiB.
class Backlog : public Rotation {
 protected:
  static constexpr std::uint32_t kRows = 100'000;

  Backlog() {
    options_.rotate.size = {4 << 10};
    options_.gzip = true;
  }
  void deliver(File& file) {
    ASSERT_EQ(write(file, {batch(next_, kRows)}).code(), WEIR_OK);
    next_ += kRows;
    agent_.clear();
  }
  // Rotated files; `plain`: only those that are not compressed.
  std::size_t rotated(bool plain) const {
    std::set<std::string> found;  // a file may be seen beside its compressed twin
    for (const auto& file : FileNames(options_.path).list_rotated()) {
      if (!FileNames::is_compressed(file)) found.insert(file);
      if (!plain) found.insert(std::string(FileNames::plain(file)));
    }
    return found.size();
  }

  std::uint64_t next_ = 0;
};

TEST_F(Backlog, KeepHoldsHoweverSlowlyFilesAreCompressed) {
  options_.rotate.keep = 2;
  {
    const auto file = started();
    for (int i = 0; i < 12; ++i) {
      deliver(*file);
      ASSERT_LE(rotated(false), 2u) << "after delivery " << i;
    }
    file->stop();
  }
  EXPECT_EQ(rotated(false), 2u);
  EXPECT_EQ(count(".tmp"), 0u);
  EXPECT_EQ(names().size(), 3u);
  const auto got = all_numbers();
  ASSERT_EQ(got.size(), 3u * kRows) << "the newest, and whole";
  EXPECT_EQ(got.front(), 9u * kRows);

  const auto file = started();  // goes on with what the stop has left
  EXPECT_TRUE(wait_for([&] { return rotated(true) == 0; }));
  file->stop();
  EXPECT_EQ(all_numbers(), got);
}

TEST_F(Backlog, TheWriterWaitsForTheCompressor) {
  options_.rotate.keep = 0;
  const auto file = started();
  for (int i = 0; i < 12; ++i) {
    deliver(*file);
    ASSERT_LE(rotated(true), Janitor::kWaitingMax + 1) << "after delivery " << i;
  }
  file->stop();
  EXPECT_EQ(all_numbers().size(), next_);
}

// A directory full of files that never were compressed must not hold up the first rotation.
TEST_F(Backlog, WhatAnEarlierRunLeftIsNotWaitedFor) {
  options_.rotate.keep = 0;
  options_.gzip = false;
  {
    const auto file = started();
    for (int i = 0; i < 12; ++i) deliver(*file);
    file->stop();
  }
  ASSERT_EQ(rotated(true), 11u);
  options_.gzip = true;
  const auto file = started();
  deliver(*file);
  EXPECT_GT(rotated(true), Janitor::kWaitingMax);
  EXPECT_TRUE(wait_for([&] { return rotated(true) == 0; }));
  file->stop();
  EXPECT_EQ(all_numbers().size(), next_);
}

// A compression that was interrupted between its rename and the removal of the original.
TEST_F(Rotation, ACompressedTwinIsNotCountedTwice) {
  options_.rotate.size = {1 << 20};
  options_.gzip = true;
  const std::string rotated = FileNames(options_.path).rotated(1'795'255'200'000'000'000);
  put(rotated, "m,host=a n=7 7\n");
  put(rotated + ".gz", "an older one");
  const auto file = started();
  EXPECT_TRUE(wait_for([&] { return !std::filesystem::exists(rotated); }));
  file->stop();
  EXPECT_EQ(text(rotated + ".gz"), "m,host=a n=7 7\n");
}

TEST_F(Rotation, ANameThatIsTakenIsNotOverwritten) {
  options_.rotate.size = {4 << 10};
  options_.rotate.keep = 0;
  const auto file = started();
  for (std::uint64_t i = 0; i < 50; ++i) {  // many within one millisecond
    ASSERT_EQ(write(*file, {batch(i * 300, 300)}).code(), WEIR_OK);
  }
  EXPECT_EQ(names().size(), 50u);
  EXPECT_EQ(all_numbers().size(), 15'000u);
}

}  // namespace
}  // namespace weir::file_sink
