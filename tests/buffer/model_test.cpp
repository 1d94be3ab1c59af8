// The disk buffer against a list: random calls, failing disks, kills and losses of power at any
// call, on a simulated disk. After each the buffer must hold exactly what it promised, in order.
//
// WEIR_MODEL_RUNS sets the number of runs, WEIR_MODEL_SEED the seed of the first: a failure prints
// the seed of its run, which WEIR_MODEL_RUNS=1 repeats. The runs of a build are the same each time,
// so that what fails was broken by the change; others are for whoever looks for old defects.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iterator>
#include <set>

#include "core/buffer/disk_buffer.hpp"
#include "tests/buffer/sim_directory.hpp"
#include "tests/buffer/test_rows.hpp"

namespace weir::buffer {
namespace {

using sim::Disk;
using Appended = DiskBuffer::Appended;
using Next = DiskBuffer::Next;

struct Expected {
  std::uint64_t id;  // ascends
  std::uint64_t origin, rows, digest;
  bool durable;  // promised to survive a loss of power
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class ModelRun {
 public:
  ModelRun(TestRows& rows, std::uint64_t seed) : rows_(rows), random_(seed) {
    rows_.reseed(seed);
    disk_->random.seed(seed);
    options_.bytes_max = Options::kBytesMin;
    options_.segment_bytes = 1024 << below(5);
    options_.sync =
        std::array{SyncPolicy::kAlways, SyncPolicy::kInterval, SyncPolicy::kNever}[below(3)];
    rows_max_ = std::array{2u, 10u, 40u}[below(3)];
    if (below(3) == 0) disk_->failing_one_in = 5 + static_cast<unsigned>(below(40));
    faults_ = disk_->failing_one_in != 0;
  }

  void operator()() {
    open();
    const std::uint64_t steps = 20 + below(60);
    for (std::uint64_t i = 0; i < steps && !failed(); ++i) {
      step();
      note_risks();
      if (disk_->dead || gave_up_ || below(25) == 0) crash();
      if (!failed()) check_counts();
    }
    if (!failed()) finish();
  }

 private:
  static bool failed() { return testing::Test::HasFailure(); }
  std::uint64_t below(std::uint64_t end) { return sim::below(random_, end); }
  std::unique_ptr<DiskBuffer> opened(std::shared_ptr<Disk> disk, OpenReport& report) {
    std::string error;
    auto buffer = DiskBuffer::open(std::make_unique<sim::SimDirectory>(std::move(disk)), options_,
                                   report, error);
    EXPECT_NE(buffer, nullptr) << error;
    return buffer;
  }

  void open() {
    OpenReport report;
    buffer_ = opened(disk_, report);
    if (below(4) == 0) disk_->calls_left = static_cast<std::int64_t>(below(40));
  }

  void step() {
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3: return append();
      case 4:
      case 5:
      case 6: return next();
      case 7: return acknowledge();
      case 8: return sync();
      default: return below(4) == 0 ? drop() : next();
    }
  }

  void append() {
    std::vector<TestChain> group;
    for (std::uint64_t n = 1 + below(3); n != 0; --n) {
      group.push_back(rows_.chain(1 + below(3), rows_max_));
    }
    std::vector<Chain> chains;
    for (const TestChain& c : group) chains.push_back(c.chain());
    std::string error;
    const Appended outcome = buffer_->append(chains, now_, error);
    if (!faults_ && !disk_->dead) {
      ASSERT_TRUE(outcome == Appended::kOk || outcome == Appended::kFull) << error;
    }
    for (const TestChain& c : group) {
      const bool durable = outcome == Appended::kOk && options_.sync == SyncPolicy::kAlways;
      const Expected e{next_id_++, c.origin, c.rows, c.digest, durable};
      if (outcome == Appended::kOk) held_.push_back(e);
      // Whoever was told that it failed must be ready to see it after a crash.
      if (outcome == Appended::kFailed) {
        perhaps_.push_back(e);
        at_risk_.insert(e.id);
      }
    }
    if (outcome == Appended::kFailed) {
      ASSERT_FALSE(error.empty());
    }
    rows_.clear();
  }

  void next() {
    Frame frame;
    std::string error;
    const Next outcome = buffer_->next(frame, error);
    ASSERT_NE(outcome, Next::kFailed) << error;
    take_damaged();
    if (outcome == Next::kEmpty) {
      ASSERT_EQ(read_, held_.size()) << "not all that is held was given out";
      return;
    }
    ASSERT_LT(read_, held_.size()) << "more was given out than is held";
    ASSERT_EQ(digest_of(frame), held_[read_].digest);
    ASSERT_EQ(frame.origin, held_[read_].origin);
    ASSERT_EQ(frame.rows, held_[read_].rows);
    ++read_;
  }

  void take_damaged() {
    for (const auto& [origin, rows] : buffer_->take_damaged()) {
      ASSERT_LE(rows, damaged_[origin]);
      subtract(damaged_, origin, rows);
    }
  }

  void acknowledge() {
    const std::size_t n = below(read_ + 1);
    const bool written = buffer_->acknowledge(n, now_);
    if (n == 0) return;
    const std::uint64_t id = held_[n - 1].id;
    done_.insert(done_.end(), held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(n));
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(n));
    read_ -= n;
    if (written) acknowledged_ = id;
    if (!faults_ && !disk_->dead) {
      ASSERT_TRUE(written);
    }
  }

  // A sync that failed inside of another call is told by the counts.
  void note_risks() {
    const std::uint64_t rows = buffer_->counts().rows_at_risk;
    if (rows != std::exchange(rows_at_risk_, rows)) note_all_at_risk();
  }
  void note_all_at_risk() {
    // Those that are done with, too: where the acknowledgement is lost, they come back.
    for (const auto* list : {&held_, &done_, &dropped_}) {
      for (const Expected& e : *list) at_risk_.insert(e.id);
    }
  }

  void sync() {
    std::string error;
    if (!buffer_->sync(now_, error)) {
      ASSERT_TRUE(faults_ || disk_->dead) << error;
      ASSERT_FALSE(error.empty());
      return;
    }
    if (options_.sync != SyncPolicy::kNever) {
      for (Expected& e : held_) e.durable = e.durable || !at_risk_.contains(e.id);
    }
    acknowledged_durably_ = acknowledged_;
  }

  void drop() {
    const RowsByOrigin rows = buffer_->drop_oldest();
    if (disk_->dead) return void(dropped_while_dying_ = !rows.empty());
    // Which frames these were is seen by who reads a copy of the disk.
    const std::deque<Expected> left = contents(disk_->copy(), nullptr);
    if (gave_up_) return;
    RowsByOrigin gone;
    std::deque<Expected> kept;
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const Expected& e = held_[i];
      const bool there =
          std::any_of(left.begin(), left.end(), [&](const Expected& l) { return l.id == e.id; });
      if (there || i < read_) {
        kept.push_back(e);
        continue;
      }
      gone[e.origin] += e.rows;
      dropped_.push_back(e);
    }
    if (faults_ && gone != rows) {  // its file could not be deleted: not seen on the disk
      gave_up_ = true;
      return;
    }
    // Damaged rows of a segment go with it.
    for (const auto& [origin, count] : rows) {
      ASSERT_GE(count, gone[origin]);
      const std::uint64_t damaged = count - gone[origin];
      ASSERT_LE(damaged, damaged_[origin]);
      subtract(damaged_, origin, damaged);
    }
    held_ = kept;
  }

  // Everything that a new process finds, in order; compared with all that it may find.
  std::deque<Expected> contents(std::shared_ptr<Disk> disk, RowsByOrigin* damaged) {
    OpenReport report;
    const auto buffer = opened(std::move(disk), report);
    std::deque<Expected> found;
    RowsByOrigin rows;
    std::uint64_t last = 0;
    Frame frame;
    std::string error;
    while (buffer->next(frame, error) == Next::kFrame) {
      const Expected* e = known(digest_of(frame));
      if (e == nullptr) {
        ADD_FAILURE() << "a frame that nobody appended, number " << frame.number;
        return found;
      }
      // After an append failed, its file was deleted, and the directory could not be synced, the
      // power may bring back rows that nobody accepted, behind newer ones.
      const bool failed_before = std::any_of(perhaps_.begin(), perhaps_.end(),
                                             [&](const Expected& p) { return p.id == e->id; });
      if (e->id < last && failed_before &&
          disk_->brought_back.contains(segment_name(frame.segment))) {
        gave_up_ = true;
        return found;
      }
      EXPECT_GT(e->id, last) << "out of order, or twice";
      last = e->id;
      rows[e->origin] += e->rows;
      found.push_back(*e);
    }
    const RowsByOrigin lost = buffer->take_damaged();
    add(rows, lost);
    EXPECT_EQ(rows, report.rows_held) << "counted at the start and found by reading";
    if (damaged != nullptr) *damaged = lost;
    return found;
  }
  const Expected* known(std::uint64_t digest) const {
    for (const auto* list : {&held_, &perhaps_, &dropped_, &done_, &lost_}) {
      for (const Expected& e : *list) {
        if (e.digest == digest) return &e;
      }
    }
    return nullptr;
  }

  bool fall() {
    buffer_.reset();
    if (below(2) == 0) {
      disk_->lose_power();
      return true;
    }
    disk_->kill();
    return false;
  }

  void crash() {
    bool power = fall();
    while (below(4) == 0) {  // and again, while it is opened
      disk_->calls_left = static_cast<std::int64_t>(below(12));
      OpenReport ignored;
      buffer_ = opened(disk_, ignored);
      // Its sync may have failed, and who comes after it does not learn of that.
      if (faults_) note_all_at_risk();
      power = fall() || power;
    }
    if (gave_up_ || dropped_while_dying_) return start_over();
    const unsigned failing = std::exchange(disk_->failing_one_in, 0);
    if (below(4) != 0) disk_->failing_one_in = failing;  // also while it is opened
    const std::deque<Expected> found = contents(disk_->copy(), &damaged_);
    if (gave_up_) return start_over();
    const auto there = [&](const Expected& e) {
      return std::any_of(found.begin(), found.end(),
                         [&](const Expected& f) { return f.id == e.id; });
    };
    for (const Expected& e : held_) {
      if (!power || e.durable) {
        ASSERT_TRUE(there(e)) << "frame " << e.id << " is lost by "
                              << (power ? "a loss of power" : "a kill");
      }
    }
    if (power) acknowledged_ = acknowledged_durably_;
    const std::uint64_t done = acknowledged_;
    for (const Expected& e : found) {
      ASSERT_GT(e.id, done) << "frame " << e.id << " came back after it was acknowledged";
      const bool was_dropped = std::any_of(dropped_.begin(), dropped_.end(),
                                           [&](const Expected& d) { return d.id == e.id; });
      ASSERT_FALSE(was_dropped && !faults_)
          << "frame " << e.id << " came back after it was dropped";
    }
    // Without sync a file that was lost may yet come back with another loss of power.
    std::copy_if(held_.begin(), held_.end(), std::back_inserter(lost_), std::not_fn(there));
    std::erase_if(dropped_, there);  // as far as they came back, they are held again
    held_ = found;
    read_ = 0;
    OpenReport report;
    buffer_ = opened(disk_, report);
    ASSERT_NE(buffer_, nullptr);
    rows_at_risk_ = 0;
    bytes_found_ = buffer_->counts().bytes_on_disk;
    const bool synced = options_.sync != SyncPolicy::kNever && disk_->failing_one_in == 0;
    for (Expected& e : held_) e.durable = e.durable || (synced && !at_risk_.contains(e.id));
    for (const Expected& e : held_) {
      if (!e.durable) at_risk_.insert(e.id);  // no promise of this process
    }
    disk_->failing_one_in = failing;
    if (below(3) == 0) disk_->calls_left = static_cast<std::int64_t>(below(40));
  }

  void start_over() {
    *disk_ = Disk{};
    disk_->random.seed(below(1u << 30));
    held_.clear();
    damaged_.clear();
    read_ = 0;
    rows_at_risk_ = 0;
    gave_up_ = dropped_while_dying_ = false;
    open();
  }

  void check_counts() {
    if (disk_->dead || gave_up_) return;
    RowsByOrigin expected = damaged_;
    for (const Expected& e : held_) expected[e.origin] += e.rows;
    std::erase_if(expected, [](const auto& item) { return item.second == 0; });
    ASSERT_EQ(buffer_->rows_held(), expected);
    const DiskBuffer::Counts counts = buffer_->counts();
    ASSERT_EQ(counts.rows_held, total(expected));
    ASSERT_EQ(counts.frames_in_flight, read_);
    if (!faults_) {
      ASSERT_EQ(counts.bytes_on_disk, disk_->bytes_of_segments());
      // What the power brought back, of files that were deleted, may be more for a while.
      ASSERT_LE(counts.bytes_on_disk, std::max(options_.bytes_max, bytes_found_));
    }
  }

  // A disk that is well again: everything is delivered, and there is room.
  void finish() {
    if (disk_->dead) crash();
    if (failed() || gave_up_) return;
    disk_->failing_one_in = 0;
    disk_->calls_left = -1;
    while (read_ < held_.size() && !failed()) next();
    next();
    take_damaged();
    if (failed()) return;
    ASSERT_TRUE(buffer_->acknowledge(read_, now_));
    held_.clear();
    read_ = 0;
    append();
    ASSERT_EQ(held_.size(), next_id_ - last_appended()) << "there is no room in an empty buffer";
    next();
    ASSERT_LE(buffer_->counts().segments, 2u);
  }
  std::uint64_t last_appended() const { return held_.empty() ? next_id_ : held_.front().id; }

  TestRows& rows_;
  sim::Random random_;
  std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  Options options_;
  std::uint32_t rows_max_ = 0;
  bool faults_ = false;
  std::unique_ptr<DiskBuffer> buffer_;
  const Clock::time_point now_{};

  std::uint64_t next_id_ = 1;
  std::deque<Expected> held_;     // appended, and not acknowledged
  std::size_t read_ = 0;          // the first of held_ are with the consumer
  std::deque<Expected> perhaps_;  // their append failed
  std::deque<Expected> dropped_;
  std::deque<Expected> done_;  // acknowledged
  std::deque<Expected> lost_;  // by a loss of power that was allowed to
  std::set<std::uint64_t> at_risk_;
  std::uint64_t rows_at_risk_ = 0;
  std::uint64_t bytes_found_ = 0;  // by the last open
  RowsByOrigin damaged_;           // held, and to be told as damaged
  std::uint64_t acknowledged_ = 0, acknowledged_durably_ = 0;
  bool gave_up_ = false, dropped_while_dying_ = false;
};

// A run is a few dozen operations and crashes; some defects show up in one of thousands.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kRuns = 2'000;
#else
constexpr std::uint64_t kRuns = 20'000;
#endif

TEST(DiskBufferModel, HoldsWhatItPromised) {
  const std::uint64_t seed = from_environment("WEIR_MODEL_SEED", 1);
  const std::uint64_t runs = from_environment("WEIR_MODEL_RUNS", kRuns);
  std::printf("seed %llu, %llu runs\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(runs));
  RecordProperty("seed", std::to_string(seed));
  TestRows rows;
  for (std::uint64_t i = 0; i < runs; ++i) {
    ModelRun(rows, seed + i)();
    ASSERT_FALSE(HasFailure()) << "repeat: WEIR_MODEL_RUNS=1 WEIR_MODEL_SEED=" << seed + i;
  }
}

}  // namespace
}  // namespace weir::buffer
