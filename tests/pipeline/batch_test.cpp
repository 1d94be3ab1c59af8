// Layout, references and reuse of batches.
#include "core/pipeline/batch.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "tests/pipeline/schema.hpp"

namespace weir::core {
namespace {

TEST(Batch, ColumnsAreAlignedAndApart) {
  Fixture f;
  for (const std::uint32_t rows : {1u, 7u, 8u, 9u, 1000u}) {
    Batch* b = f.pool->acquire(f.all, rows);
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(b->abi.capacity, rows);
    EXPECT_EQ(b->abi.rows, 0u);
    // Writing every column full must disturb no other: fill each with its own byte, then check.
    const auto fill = [](void* p, int byte, std::size_t n) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 8, 0u);
      std::memset(p, byte, n);
    };
    weir_column* c = b->abi.columns;
    fill(c[0].v.f64, 1, rows * 8);
    fill(c[1].v.i64, 2, rows * 8);
    fill(c[2].v.u64, 3, rows * 8);
    fill(c[3].v.bits, 4, (rows + 7) / 8);
    fill(c[5].v.buckets, 6, rows * 4 * 8);
    fill(c[5].counts, 7, rows * 8);
    fill(c[5].sums, 8, rows * 8);
    for (std::uint32_t i = 0; i < 6; ++i) fill(make_validity(b, i), 0xaa, (rows + 7) / 8);
    for (std::uint32_t i = 0; i < rows; ++i) ASSERT_TRUE(append_string(b, 4, i, "text", 4));
    const auto expect = [](const void* p, int byte, std::size_t n) {
      const auto* bytes = static_cast<const unsigned char*>(p);
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(bytes[i], byte) << "at " << i;
    };
    expect(c[0].v.f64, 1, rows * 8);
    expect(c[1].v.i64, 2, rows * 8);
    expect(c[2].v.u64, 3, rows * 8);
    expect(c[3].v.bits, 4, (rows + 7) / 8);
    expect(c[5].v.buckets, 6, rows * 4 * 8);
    expect(c[5].counts, 7, rows * 8);
    expect(c[5].sums, 8, rows * 8);
    for (std::uint32_t i = 0; i < 6; ++i) expect(c[i].validity, 0xaa, (rows + 7) / 8);
    EXPECT_EQ(string_at(c[4], rows - 1), "text");
    release(b);
  }
  EXPECT_EQ(f.epochs.alive(), 0);
}

TEST(Batch, RefusesAbsurdSizes) {
  Fixture f;
  EXPECT_EQ(f.pool->acquire(f.all, 0), nullptr);
  EXPECT_EQ(f.pool->acquire(f.all, BatchPool::kRowsMax + 1), nullptr);
}

TEST(Batch, StringsComeInOrderAndNoneIsLeftOut) {
  Fixture f;
  Batch* b = f.pool->acquire(f.all, 3);
  EXPECT_FALSE(append_string(b, 0, 0, "x", 1)) << "not a string column";
  EXPECT_FALSE(append_string(b, 4, 1, "x", 1)) << "row 0 comes first";
  EXPECT_TRUE(append_string(b, 4, 0, "x", 1));
  EXPECT_FALSE(append_string(b, 4, 0, "x", 1)) << "row 0 is written";
  EXPECT_TRUE(append_string(b, 4, 1, nullptr, 0));
  b->abi.rows = 2;
  b->abi.series[0] = b->abi.series[1] = f.series;
  EXPECT_TRUE(well_formed(b->abi));
  b->abi.rows = 3;
  b->abi.series[2] = f.series;
  EXPECT_FALSE(well_formed(b->abi)) << "the string of row 2 is missing";
  EXPECT_TRUE(
      append_string(b, 4, 2, "long enough to need more memory than the first text had", 55));
  EXPECT_TRUE(well_formed(b->abi));
  b->abi.series[1] = nullptr;
  EXPECT_FALSE(well_formed(b->abi));
  b->abi.rows = 4;
  EXPECT_FALSE(well_formed(b->abi));
  EXPECT_FALSE(append_string(b, 4, 3, "x", 1)) << "beyond the capacity";
  release(b);
}

TEST(Batch, ChargesWhatItHolds) {
  Fixture f;
  Batch* b = f.pool->acquire(f.all, 1);
  const std::uint64_t before = b->bytes;
  const std::string text(100000, 'x');
  ASSERT_TRUE(append_string(b, 4, 0, text.data(), text.size()));
  EXPECT_GE(b->bytes, before + text.size());
  release(b);
}

TEST(Batch, BlocksAreUsedAgain) {
  Fixture f;
  Batch* first = f.pool->acquire(f.all, 10);
  release(first);
  Batch* second = f.pool->acquire(f.all, 10);
  EXPECT_EQ(first, second);
  release(second);
}

TEST(Batch, AChainGoesWithItsHeadSaveWhatIsHeld) {
  Fixture f;
  Batch* a = f.batch(1);
  Batch* b = f.batch(1);
  Batch* c = f.batch(1);
  a->next = b;
  b->next = c;
  hold(b);  // as a sink does that keeps the second batch
  release(a);
  EXPECT_EQ(f.epochs.alive(), 1);
  EXPECT_EQ(string_at(b->abi.columns[4], 0), "x");
  unhold(b);
  EXPECT_EQ(f.epochs.alive(), 0);
}

TEST(Batch, AnAliasHoldsItsOriginalAndNothingBehindIt) {
  Fixture f;
  Batch* a = f.batch(1);
  a->next = f.batch(1);
  Batch* alias = f.pool->alias(a);
  release(a);
  EXPECT_EQ(f.epochs.alive(), 1);
  release(alias);
  EXPECT_EQ(f.epochs.alive(), 0);
}

TEST(Batch, RefusesAShapeThatNoMemoryHolds) {
  Fixture f;
  Schema huge("huge");
  std::vector<double> bounds(4096);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(i);
  for (int i = 0; i < 64; ++i) huge.histogram("h" + std::to_string(i), bounds, "", "");
  std::string error;
  const weir_measurement* m = huge.with_abi(
      [&](const weir_measurement& wanted) { return f.registry.measurement(wanted, {}, error); });
  ASSERT_NE(m, nullptr) << error;
  EXPECT_EQ(f.pool->acquire(m, BatchPool::kRowsMax), nullptr);
}

TEST(Batch, AnAliasKeepsItsOriginal) {
  Fixture f;
  BatchPool* other = BatchPool::make(f.epochs);
  Batch* original = f.batch(3);
  original->abi.sequence = 7;
  Batch* alias = other->alias(original);
  Batch* of_alias = other->alias(alias);
  release(original);
  release(alias);
  EXPECT_EQ(f.epochs.alive(), 1);
  EXPECT_EQ(of_alias->abi.rows, 3u);
  EXPECT_EQ(of_alias->abi.sequence, 7u);
  EXPECT_EQ(string_at(of_alias->abi.columns[4], 2), "x");
  release(of_alias);
  EXPECT_EQ(f.epochs.alive(), 0);
  other->close();
}

TEST(Batch, OutlivesItsPoolsOwner) {
  Fixture f;
  BatchPool* pool = BatchPool::make(f.epochs);
  Batch* b = pool->acquire(f.all, 5);
  pool->close();
  b->abi.times[4] = 1;
  release(b);
  EXPECT_EQ(f.epochs.alive(), 0);
}

TEST(Batch, ComesBackFromOtherThreads) {
  Fixture f;
  constexpr int kRounds = 20000;
  std::atomic<Batch*> slot{nullptr};
  std::thread consumer([&] {
    for (int i = 0; i < kRounds; ++i) {
      Batch* b;
      while ((b = slot.exchange(nullptr)) == nullptr) std::this_thread::yield();
      release(b);
    }
  });
  std::set<Batch*> blocks;
  for (int i = 0; i < kRounds; ++i) {
    Batch* b = f.batch(static_cast<std::uint32_t>(i % 50 + 1));
    blocks.insert(b);
    while (slot.load() != nullptr) std::this_thread::yield();
    slot.store(b);
  }
  consumer.join();
  EXPECT_LT(blocks.size(), 1000u) << "blocks are not used again";
  EXPECT_EQ(f.epochs.alive(), 0);
}

}  // namespace
}  // namespace weir::core
