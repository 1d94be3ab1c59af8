// What each call of the disk buffer says and does, one thing a test, on a simulated disk.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/replay.hpp"
#include "tests/buffer/buffer_fixture.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {
namespace {

using std::chrono::milliseconds;

class DiskBufferTest : public BufferFixture {};

TEST(Crc32c, HasTheCheckValueAndIsTheSameByTables) {
  EXPECT_EQ(crc32c(0, "123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c_by_tables(0, "123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xE3069283u);
  // RFC 3720, B.4: 32 bytes of zeros.
  EXPECT_EQ(crc32c(0, std::string(32, '\0').data(), 32), 0x8A9136AAu);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 10'000; size += 1 + size / 50) {
    std::string bytes(size + 3, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const char* data = bytes.data() + size % 3;
    EXPECT_EQ(crc32c(7, data, size), crc32c_by_tables(7, data, size)) << "seed " << seed;
  }
}

TEST_F(DiskBufferTest, GivesBackWhatItTookInOrderAndOnlyOnce) {
  options_.segment_bytes = 8192;
  open();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(append(200), Appended::kOk);
  EXPECT_GT(buffer_->counts().segments, 10u);
  EXPECT_EQ(buffer_->counts().rows_held, rows_appended_);
  EXPECT_EQ(read_all(), digests_);
  EXPECT_TRUE(read_all().empty());
  EXPECT_TRUE(buffer_->acknowledge(50, now_));
  EXPECT_EQ(buffer_->counts().rows_held, 0u);
  EXPECT_EQ(buffer_->counts().segments, 1u);
  open();
  EXPECT_TRUE(read_all().empty());
  EXPECT_EQ(total(report_.rows_held), 0u);
}

TEST_F(DiskBufferTest, AnotherProcessGoesOnBehindTheAcknowledgedFrame) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(append(10, 1 + i % 3), Appended::kOk);
  EXPECT_EQ(read_all(), digests_);
  EXPECT_TRUE(buffer_->acknowledge(4, now_));
  const RowsByOrigin held = buffer_->rows_held();
  open();
  EXPECT_EQ(report_.rows_held, held);
  EXPECT_EQ(buffer_->rows_held(), held);
  ASSERT_EQ(append(), Appended::kOk);
  digests_.erase(digests_.begin(), digests_.begin() + 4);
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(DiskBufferTest, AGroupIsTakenWholeOrNotAtAll) {
  options_.bytes_max = Options::kBytesMin;
  open();
  std::vector<TestChain> group;
  std::vector<Chain> chains;
  for (int i = 0; i < 2000; ++i) group.push_back(rows_.chain(1, 5));
  for (const TestChain& c : group) chains.push_back(c.chain());
  EXPECT_EQ(buffer_->append(chains, now_, error_), Appended::kTooLarge);
  EXPECT_NE(error_.find("raise buffer.max_size"), std::string::npos) << error_;
  EXPECT_TRUE(buffer_->rows_held().empty());
  EXPECT_EQ(buffer_->append(std::span(chains).first(20), now_, error_), Appended::kOk) << error_;
  const std::vector<std::uint64_t> found = read_all();
  ASSERT_EQ(found.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(found[i], group[i].digest);
}

TEST_F(DiskBufferTest, AChainWithoutRowsIsNothing) {
  open();
  weir_batch no_rows = *rows_.batch(1);
  no_rows.rows = 0;
  const weir_batch* const batches[] = {&no_rows};
  const Chain empty[] = {{1, {}}, {1, batches}};
  EXPECT_EQ(buffer_->append(empty, now_, error_), Appended::kOk);
  EXPECT_EQ(buffer_->append({}, now_, error_), Appended::kOk);
  EXPECT_TRUE(read_all().empty());
  EXPECT_EQ(buffer_->counts().segments, 0u);
}

TEST_F(DiskBufferTest, IsFullUntilSomethingIsAcknowledged) {
  options_.bytes_max = Options::kBytesMin;
  open();
  while (append(100) == Appended::kOk) {
  }
  EXPECT_EQ(append(100), Appended::kFull);
  EXPECT_LE(buffer_->counts().bytes_on_disk, options_.bytes_max);
  EXPECT_EQ(buffer_->counts().bytes_on_disk, disk_->bytes_of_segments());
  EXPECT_EQ(buffer_->counts().rows_held, rows_appended_);
  const std::size_t frames = digests_.size();
  EXPECT_EQ(read_all(), digests_);
  EXPECT_TRUE(buffer_->acknowledge(frames, now_));
  EXPECT_EQ(append(100), Appended::kOk);
}

// Even when the segment in which everything stands is the one that is written.
TEST_F(DiskBufferTest, AnActiveSegmentThatIsAcknowledgedIsNotInTheWay) {
  options_.bytes_max = Options::kBytesMin;
  options_.segment_bytes = Options::kBytesMin;
  open();
  while (append(100) == Appended::kOk) {
  }
  ASSERT_EQ(buffer_->counts().segments, 1u);
  EXPECT_EQ(read_all(), digests_);
  EXPECT_EQ(append(100), Appended::kFull);
  EXPECT_TRUE(buffer_->acknowledge(digests_.size(), now_));
  EXPECT_EQ(append(100), Appended::kOk);
}

TEST_F(DiskBufferTest, DropsTheOldestSegmentAndSaysWhoseRows) {
  options_.segment_bytes = 8192;
  open();
  for (int i = 0; i < 40; ++i) ASSERT_EQ(append(100, 1 + i % 2), Appended::kOk);
  const std::uint64_t held = buffer_->counts().rows_held;
  const RowsByOrigin dropped = buffer_->drop_oldest();
  EXPECT_GT(total(dropped), 0u);
  EXPECT_EQ(buffer_->counts().rows_held, held - total(dropped));
  const std::vector<std::uint64_t> found = read_all();
  ASSERT_LT(found.size(), digests_.size());
  EXPECT_TRUE(std::equal(found.rbegin(), found.rend(), digests_.rbegin())) << "the newest are kept";
  EXPECT_EQ(rows_read_ + total(dropped), rows_appended_);
}

TEST_F(DiskBufferTest, DoesNotDropWhatTheConsumerHas) {
  options_.segment_bytes = 8192;
  open();
  for (int i = 0; i < 40; ++i) ASSERT_EQ(append(100), Appended::kOk);
  Frame frame;
  ASSERT_EQ(buffer_->next(frame, error_), Next::kFrame);
  std::uint64_t dropped = 0;
  while (const std::uint64_t rows = total(buffer_->drop_oldest())) dropped += rows;
  EXPECT_EQ(buffer_->counts().segments, 1u) << "the one that the consumer reads";
  rows_read_ = frame.rows;
  std::size_t frames = 1 + read_all().size();
  EXPECT_EQ(rows_read_ + dropped, rows_appended_);
  EXPECT_TRUE(buffer_->acknowledge(frames, now_));
  EXPECT_EQ(buffer_->counts().rows_held, 0u);
}

TEST_F(DiskBufferTest, TellsWhenASyncIsDue) {
  options_.sync_interval = milliseconds(50);
  open();
  EXPECT_EQ(buffer_->sync_deadline(), std::nullopt);
  ASSERT_EQ(append(), Appended::kOk);
  EXPECT_EQ(buffer_->sync_deadline(), now_ + milliseconds(50));
  EXPECT_TRUE(buffer_->sync(now_, error_));
  EXPECT_EQ(buffer_->sync_deadline(), std::nullopt);
  EXPECT_EQ(read_all(), digests_);
  EXPECT_TRUE(buffer_->acknowledge(1, now_ + milliseconds(5)));
  EXPECT_EQ(buffer_->sync_deadline(), now_ + milliseconds(55));
  options_.sync = SyncPolicy::kNever;
  open();
  ASSERT_EQ(append(), Appended::kOk);
  EXPECT_EQ(buffer_->sync_deadline(), std::nullopt);
}

TEST_F(DiskBufferTest, AFullDiskTakesNothingAndLosesNothing) {
  open();
  ASSERT_EQ(append(), Appended::kOk);
  for (const int why : {-ENOSPC, -EDQUOT, -EROFS, -EIO}) {
    disk_->full = why;
    EXPECT_EQ(append(), Appended::kFailed);
    EXPECT_NE(error_.find(".segment: " + errno_text(-why)), std::string::npos) << error_;
    disk_->full = 0;
    EXPECT_EQ(append(), Appended::kOk);
  }
  EXPECT_EQ(buffer_->counts().rows_held, rows_appended_);
  EXPECT_EQ(read_all(), digests_);
}

// Its bytes may be on the disk, whole, and frames written over the first of them could give other
// meanings to what the rest refers to: nothing is ever written over them.
TEST_F(DiskBufferTest, AnAppendThatFailedIsNeverSeenNorWrittenOver) {
  options_.sync = SyncPolicy::kAlways;
  open();
  ASSERT_EQ(append(), Appended::kOk);
  disk_->sync_error = disk_->truncate_error = -EIO;
  EXPECT_EQ(append(), Appended::kFailed);
  EXPECT_NE(error_.find("cannot sync"), std::string::npos) << error_;
  disk_->sync_error = disk_->truncate_error = 0;
  EXPECT_EQ(buffer_->counts().bytes_on_disk, disk_->bytes_of_segments());
  ASSERT_EQ(append(), Appended::kOk);
  EXPECT_EQ(buffer_->counts().segments, 2u);
  EXPECT_EQ(read_all(), digests_);
  open();
  EXPECT_GT(report_.bytes_torn, 0u);
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(DiskBufferTest, ASyncThatFailedIsToldWithTheRowsAtRisk) {
  open();
  ASSERT_EQ(append(), Appended::kOk);
  disk_->sync_error = -EIO;
  EXPECT_FALSE(buffer_->sync(now_, error_));
  EXPECT_EQ(buffer_->counts().rows_at_risk, rows_appended_);
  disk_->sync_error = 0;
  ASSERT_EQ(append(), Appended::kOk);
  EXPECT_EQ(buffer_->counts().segments, 2u) << "a later sync does not speak for the first";
  EXPECT_TRUE(buffer_->sync(now_, error_));
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(DiskBufferTest, ADiskThatIsFullAtTheStartIsNoReasonNotToStart) {
  disk_->full = -ENOSPC;
  open();
  EXPECT_EQ(append(), Appended::kFailed);
  EXPECT_NE(error_.find("No space left on device"), std::string::npos) << error_;
  disk_->full = 0;
  EXPECT_EQ(append(), Appended::kOk);
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(DiskBufferTest, IsRefusedWhileAnotherHasIt) {
  open();
  OpenReport report;
  std::string error;
  EXPECT_EQ(DiskBuffer::open(std::make_unique<sim::SimDirectory>(disk_), options_, report, error),
            nullptr);
  EXPECT_NE(error.find("/sim is in use by process 1"), std::string::npos) << error;
}

TEST_F(DiskBufferTest, AFailingReadIsTriedAgainAndGivenUpInTheEnd) {
  options_.segment_bytes = 4096;
  open();
  while (buffer_->counts().segments < 3) ASSERT_EQ(append(50), Appended::kOk);
  disk_->read_error = -EIO;
  Frame frame;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(buffer_->next(frame, error_), Next::kFailed);
  EXPECT_NE(error_.find("cannot read /sim/0000000000000001.segment"), std::string::npos) << error_;
  disk_->read_error = 0;
  const std::vector<std::uint64_t> found = read_all();
  EXPECT_FALSE(found.empty());
  const std::uint64_t damaged = total(buffer_->take_damaged());
  EXPECT_GT(damaged, 0u);
  EXPECT_EQ(rows_read_ + damaged, rows_appended_);
  EXPECT_EQ(buffer_->counts().rows_held, rows_read_);
  EXPECT_EQ(files(".damaged"), 1u) << "what could not be read is kept";
}

TEST_F(DiskBufferTest, ReadsThatFailForTheProcessCostNoRows) {
  open();
  ASSERT_EQ(append(), Appended::kOk);
  disk_->read_error = -EMFILE;
  Frame frame;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(buffer_->next(frame, error_), Next::kFailed);
  disk_->read_error = 0;
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(DiskBufferTest, ReplaysIntoTheRegistryOfAnotherAgent) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(append(30), Appended::kOk);
  TestRows other;
  core::Replay replay(other.registry(), other.pool());
  Frame frame;
  std::vector<std::uint64_t> found;
  while (buffer_->next(frame, error_) == Next::kFrame) {
    core::Batch* chain = replay.chain(frame, error_);
    ASSERT_NE(chain, nullptr) << error_;
    Digest digest;
    std::uint64_t rows = 0;
    for (core::Batch* b = chain; b != nullptr; b = b->next) {
      EXPECT_TRUE(core::well_formed(b->abi));
      digest.batch(b->abi);
      rows += b->abi.rows;
    }
    EXPECT_EQ(chain->chain_rows, rows);
    found.push_back(digest.value());
    core::release(chain);
  }
  EXPECT_EQ(found, digests_);
}

TEST_F(DiskBufferTest, AReplayThatTheRegistryRefusesSaysWhy) {
  open();
  ASSERT_EQ(append(30), Appended::kOk);
  core::Epochs epochs;
  core::Registry registry(epochs, 0);
  core::BatchPool* pool = core::BatchPool::make(epochs);
  {
    core::Replay replay(registry, *pool);
    Frame frame;
    ASSERT_EQ(buffer_->next(frame, error_), Next::kFrame);
    EXPECT_EQ(replay.chain(frame, error_), nullptr);
    EXPECT_NE(error_.find("limit of 0 series"), std::string::npos) << error_;
  }
  EXPECT_EQ(epochs.alive(), 0);
  pool->close();
}

// A producer and a consumer at full speed, with rotation, deletion, sync and drops.
TEST_F(DiskBufferTest, ProducerAndConsumerAtTheSameTime) {
  options_.bytes_max = 256u << 10;
  options_.segment_bytes = 8192;
  open();
  disk_->calls_left = -1;
  std::string error;
  std::unique_ptr<Directory> directory = open_directory(
      testing::TempDir() + "weir_buffer_threads_" + std::to_string(::getpid()), true, error);
  ASSERT_NE(directory, nullptr) << error;
  const std::string path = directory->path();
  buffer_ = DiskBuffer::open(std::move(directory), options_, report_, error);
  ASSERT_NE(buffer_, nullptr) << error;
  std::atomic<bool> done{false};
  std::uint64_t delivered = 0;
  std::vector<std::uint64_t> found;
  std::thread consumer([&] {
    Frame frame;
    std::string why;
    for (;;) {
      const bool last = done.load();
      std::size_t frames = 0;
      while (frames < 20 && buffer_->next(frame, why) == Next::kFrame) {
        found.push_back(digest_of(frame));
        delivered += frame.rows;
        ++frames;
      }
      EXPECT_TRUE(buffer_->acknowledge(frames, Clock::now()));
      if (frames == 0 && last) return;
    }
  });
  std::uint64_t dropped = 0;
  for (int i = 0; i < 1000; ++i) {
    Appended outcome;
    while ((outcome = append(20)) == Appended::kFull) dropped += total(buffer_->drop_oldest());
    EXPECT_EQ(outcome, Appended::kOk) << error_;
    if (i % 100 == 0) {
      EXPECT_TRUE(buffer_->sync(Clock::now(), error_)) << error_;
    }
    if (i % 100 == 0) rows_.clear();
  }
  done = true;
  consumer.join();
  EXPECT_EQ(delivered + dropped, rows_appended_);
  EXPECT_EQ(buffer_->counts().rows_held, 0u);
  // In order: what was found is a subsequence of what was appended.
  auto at = digests_.begin();
  for (const std::uint64_t digest : found) {
    at = std::find(at, digests_.end(), digest);
    ASSERT_NE(at, digests_.end());
  }
  buffer_.reset();
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace weir::buffer
