// Every bit of a small buffer turned, every length cut: it always opens, never crashes, gives back
// nothing that was not put in, keeps the order and counts; repair makes it good again.
#include <algorithm>
#include <cstring>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/inspect.hpp"
#include "tests/buffer/buffer_fixture.hpp"

namespace weir::buffer {
namespace {

class Damage : public BufferFixture {
 protected:
  void SetUp() override {
    options_.sync = SyncPolicy::kNever;
    open();
    for (int i = 0; i < 6; ++i) ASSERT_EQ(append(3), Appended::kOk);
    ASSERT_EQ(read_all(), digests_);
    ASSERT_TRUE(buffer_->acknowledge(1, now_));
    buffer_.reset();
    disk_->kill();
    sound_ = disk_;
  }
  void restore() {
    disk_ = sound_->copy();
    rows_read_ = 0;
  }
  // Opens and reads; what is missing must be told.
  std::vector<std::uint64_t> survivors() {
    open();
    const std::vector<std::uint64_t> found = read_all();
    auto at = digests_.begin();
    for (const std::uint64_t digest : found) {
      at = std::find(at, digests_.end(), digest);
      EXPECT_NE(at, digests_.end()) << "changed, or out of order";
      if (at == digests_.end()) break;
    }
    EXPECT_EQ(total(report_.rows_held), rows_read_ + total(buffer_->take_damaged()));
    EXPECT_TRUE(buffer_->acknowledge(found.size(), now_));
    return found;
  }
  BufferReport check() {
    sim::SimDirectory directory(disk_);
    return inspect(directory, false);
  }
  std::string mend() {
    sim::SimDirectory directory(disk_);
    return repair(directory, inspect(directory, false));
  }

  std::shared_ptr<sim::Disk> sound_;
};

TEST_F(Damage, OfEveryBitOfASegmentCostsOneFrameAndItsDependants) {
  const std::size_t size = only_segment().size();
  std::uint64_t unseen = 0;
  for (std::size_t i = 0; i < size * 8; i += 3) {  // 3 and 8 share no divisor: all bits of a byte
    restore();
    std::string& bytes = only_segment();
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ 1 << i % 8);
    const BufferReport report = check();
    const std::vector<std::uint64_t> found = survivors();
    ASSERT_FALSE(HasFailure()) << "bit " << i;
    ASSERT_FALSE(report.good()) << "bit " << i;
    unseen += found.size() == 5 ? 1 : 0;
    if (found.size() < 5) {
      ASSERT_GT(files(".damaged"), 0u) << "bit " << i;
    }
  }
  // The acknowledged first frame and the segment's own header cost nothing by themselves.
  EXPECT_GT(unseen, 0u);
}

TEST_F(Damage, OfTheAcknowledgedPositionMeansASecondDeliveryAtMost) {
  const std::size_t size = sound_->now["acknowledged"]->now.size();
  for (std::size_t i = 0; i < size; ++i) {
    restore();
    disk_->now["acknowledged"]->now[i] ^= 0x10;
    const std::size_t found = survivors().size();
    ASSERT_TRUE(found == 5 || found == 6) << "byte " << i;
  }
}

TEST_F(Damage, ACutAtEveryLengthCostsWhatIsCutOff) {
  const std::size_t size = only_segment().size();
  std::size_t last = 0;
  for (std::size_t length = 0; length <= size; ++length) {
    restore();
    only_segment().resize(length);
    const std::size_t found = survivors().size();
    ASSERT_FALSE(HasFailure()) << "length " << length;
    ASSERT_GE(found, last) << "length " << length;
    last = found;
    ASSERT_EQ(files(".damaged"), 0u) << "an unfinished write is no damage, length " << length;
  }
  EXPECT_EQ(last, 5u);
}

// Rows of a damaged header are known by the next one, whatever became of what that one stands for.
TEST_F(Damage, OfAHeaderIsCountedByTheNextThatIsGood) {
  std::vector<FrameHeader> headers;
  std::vector<std::size_t> begins;
  const std::string& whole = only_segment();
  for (std::size_t at = sizeof(SegmentHeader); at < whole.size(); at += headers.back().bytes()) {
    begins.push_back(at);
    std::memcpy(&headers.emplace_back(), &whole[at], sizeof(FrameHeader));
  }
  ASSERT_EQ(headers.size(), 6u);
  enum Next { kGood, kPayloadDamaged, kCutOff };
  for (const Next next : {kGood, kPayloadDamaged, kCutOff}) {
    restore();
    std::string& bytes = only_segment();
    bytes[begins[4] + 20] ^= 0x10;
    if (next == kPayloadDamaged) bytes[begins[5] + sizeof(FrameHeader)] ^= 0x10;
    if (next == kCutOff) bytes.resize(begins[5] + sizeof(FrameHeader) + 1);
    survivors();
    const std::uint64_t rows_known =
        headers[4].rows + (next == kPayloadDamaged ? headers[5].rows : 0);
    EXPECT_EQ(report_.rows_damaged, rows_known) << "next " << next;
  }
}

// So are rows of headers at the end of a segment and at the begin of the next one; what was given
// up between two segments is no damage.
TEST_F(Damage, OfAHeaderIsCountedByTheNextSegmentThatIsGood) {
  open();
  for (int i = 0; i < 4; ++i) ASSERT_EQ(append(3), Appended::kOk);
  buffer_.reset();
  sound_ = disk_;
  ASSERT_EQ(files(".segment"), 2u);
  struct Place {
    std::string segment;
    std::size_t at;
    std::uint64_t rows;
  };
  std::vector<Place> frames;
  for (const auto& [name, node] : disk_->now) {
    if (!name.ends_with(".segment")) continue;
    FrameHeader header;
    for (std::size_t at = sizeof(SegmentHeader); at < node->now.size(); at += header.bytes()) {
      std::memcpy(&header, &node->now[at], sizeof header);
      frames.push_back({name, at, header.rows});
    }
  }
  ASSERT_EQ(frames.size(), 10u);  // 0 to 5 in the first segment, 0 acknowledged
  const std::vector<std::size_t> cases[] = {{5}, {6}, {5, 6}, {4, 5}, {6, 7}, {3, 5, 6, 8}};
  for (const std::vector<std::size_t>& turned : cases) {
    restore();
    std::uint64_t rows = 0;
    for (const std::size_t i : turned) {
      disk_->now[frames[i].segment]->now[frames[i].at + 20] ^= 0x10;
      rows += frames[i].rows;
    }
    const std::size_t found = survivors().size();
    EXPECT_EQ(report_.rows_damaged, rows) << "the first of them " << turned[0];
    EXPECT_LE(found, 9 - turned.size());
  }
  // Without the last frames of the first segment, as if it had been closed before them.
  restore();
  disk_->now[frames[0].segment]->now.resize(frames[4].at);
  survivors();
  EXPECT_EQ(report_.rows_damaged, 0u);
}

TEST_F(Damage, IsTakenOutByRepair) {
  const std::size_t size = only_segment().size();
  for (std::size_t i = 0; i < size; i += 7) {
    restore();
    only_segment()[i] ^= 0x04;
    const std::vector<std::uint64_t> before = survivors();
    restore();
    only_segment()[i] ^= 0x04;
    ASSERT_EQ(mend(), "");
    ASSERT_TRUE(check().good()) << "byte " << i;
    ASSERT_EQ(survivors(), before) << "byte " << i;
    ASSERT_EQ(report_.ranges_damaged, 0u) << "byte " << i;
  }
}

TEST_F(Damage, ZerosAndNoiseAnywhereNeverStopIt) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    restore();
    std::string& bytes = only_segment();
    const std::size_t begin = random() % bytes.size();
    const std::size_t end = std::min<std::size_t>(begin + random() % 600, bytes.size());
    const bool zeros = random() % 2 == 0;
    for (std::size_t k = begin; k < end; ++k) bytes[k] = zeros ? '\0' : static_cast<char>(random());
    survivors();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", run " << i;
  }
}

TEST_F(Damage, ASegmentOfAnotherVersionIsPutAside) {
  restore();
  SegmentHeader header = make_segment_header(1);
  header.version = kFormatVersion + 1;
  std::string& bytes = only_segment();
  header.crc = crc32c(0, &header, offsetof(SegmentHeader, crc));
  bytes.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
  open();
  EXPECT_EQ(report_.segments_unreadable, 1u);
  ASSERT_EQ(report_.notes.size(), 1u);
  EXPECT_NE(report_.notes[0].find("another version"), std::string::npos) << report_.notes[0];
  EXPECT_EQ(files(".damaged"), 1u);
  EXPECT_TRUE(read_all().empty());
  digests_.clear();
  EXPECT_EQ(append(), Appended::kOk);
  EXPECT_EQ(read_all(), digests_);
}

TEST_F(Damage, KeepsNoMoreInQuarantineThanIsAllowed) {
  options_.quarantine_bytes_max = 10;
  restore();
  only_segment()[sizeof(SegmentHeader) + sizeof(FrameHeader)] ^= 1;
  open();
  EXPECT_EQ(files(".damaged"), 0u);
  ASSERT_FALSE(report_.notes.empty());
  EXPECT_NE(report_.notes[0].find("not all of it could be kept"), std::string::npos);
}

TEST_F(Damage, StrangersInTheDirectoryAreLeftAlone) {
  restore();
  for (const char* name : {"notes.txt", "1.segment", "000000000000000G.segment",
                           "00000000000000FF.segment", "ffffffffffffffff.segment"}) {
    disk_->now[name] = std::make_shared<sim::Node>(sim::Node{"x", "x", {}});
  }
  const std::size_t files_before = disk_->now.size();
  EXPECT_EQ(survivors().size(), 5u);
  EXPECT_EQ(disk_->now.size(), files_before - 1) << "all but the segment, which is acknowledged";
}

}  // namespace
}  // namespace weir::buffer
