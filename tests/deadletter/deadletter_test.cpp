// Lines of dead letters: exact there and back, for any bytes; files: bounded, and taken away whole.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "core/deadletter/file.hpp"
#include "core/deadletter/letter.hpp"
#include "tests/buffer/test_rows.hpp"

namespace weir::deadletter {
namespace {

using Kind = LineReader::Kind;

constexpr std::size_t kHeldMax = 500;  // open files

class Folder {
 public:
  Folder() : path_(::testing::TempDir() + "weir-deadletter-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file() const { return file_path(path_, "store"); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(path, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool same(double a, double b) {
  return std::isnan(a) ? std::isnan(b)
                       : std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_same(const Value& value, const weir_field& f, const weir_column& c, std::uint32_t row) {
  if (!has_value(c, row)) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value)) << f.name;
    return;
  }
  switch (f.type) {
    case WEIR_F64: EXPECT_TRUE(same(std::get<double>(value), c.v.f64[row])); return;
    case WEIR_I64: EXPECT_EQ(std::get<std::int64_t>(value), c.v.i64[row]); return;
    case WEIR_U64: EXPECT_EQ(std::get<std::uint64_t>(value), c.v.u64[row]); return;
    case WEIR_BOOL: EXPECT_EQ(std::get<bool>(value), bit(c.v.bits, row)); return;
    case WEIR_STRING: EXPECT_EQ(std::get<std::string>(value), string_at(c, row)); return;
    default: break;
  }
  const auto& h = std::get<Histogram>(value);
  ASSERT_EQ(h.counts.size(), f.bound_count + 1);
  for (std::uint32_t i = 0; i <= f.bound_count; ++i) {
    EXPECT_EQ(h.counts[i], c.v.buckets[row * (f.bound_count + 1) + i]);
  }
  EXPECT_TRUE(same(h.sum, c.sums[row]));
  EXPECT_EQ(h.count, c.counts[row]);
}

TEST(DeadLetter, RowsOfEveryTypeComeBackExactly) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  buffer::TestRows rows(seed);
  LineReader reader;
  for (int n = 0; n < 300; ++n) {
    const weir_batch& b = *rows.batch(20);
    const weir_measurement& m = *b.measurement;
    std::string number, error;
    Letter letter;
    ASSERT_EQ(reader.read(schema_line(m, number), letter, error), Kind::kSchema) << error;
    for (std::uint32_t row = 0; row < b.rows; ++row) {
      const std::string line = row_line(b, row, number, "lpars", "no \"room\"\n", 0);
      ASSERT_EQ(line.find('\n'), std::string::npos);
      ASSERT_EQ(reader.read(line, letter, error), Kind::kRow) << error << "\n" << line;
      EXPECT_EQ(letter.from, "lpars");
      EXPECT_EQ(letter.reason, "no \"room\"\n");
      EXPECT_EQ(letter.at, "1970-01-01T00:00:00.000Z");
      EXPECT_EQ(letter.time, b.times[row]);
      ASSERT_EQ(letter.schema->measurement, m.name);
      for (std::uint32_t i = 0; i < m.label_count; ++i) {
        EXPECT_EQ(letter.schema->labels[i], m.labels[i]);
        EXPECT_EQ(letter.labels[i], view(b.series[row]->label_values[i]));
      }
      for (std::uint32_t i = 0; i < m.field_count; ++i) {
        const FieldSchema& f = letter.schema->fields[i];
        EXPECT_EQ(f.name, m.fields[i]->name);
        EXPECT_EQ(f.metric, m.fields[i]->metric);
        EXPECT_EQ(f.bounds.size(), m.fields[i]->bound_count);
        expect_same(letter.values[i], *m.fields[i], b.columns[i], row);
      }
    }
  }
}

TEST(DeadLetter, LabelsWithAnyBytesComeBackExactly) {
  core::Fixture fixture;
  std::string all_bytes;
  for (int c = 1; c < 256; ++c) all_bytes += static_cast<char>(c);
  using namespace std::string_literals;
  for (const std::string& value : {all_bytes, "nul\0inside"s, "\xff\xfe"s, "Ünïcödé ☃ 😀"s,
                                   "\xed\xa0\x80"s, std::string(65536, '"')}) {
    core::Batch* b = fixture.pool->acquire(fixture.all, 1);
    b->abi.rows = 1;
    b->abi.series[0] = fixture.intern(value);
    b->abi.times[0] = std::numeric_limits<std::int64_t>::min();
    for (std::uint32_t i = 0; i < fixture.all->field_count; ++i) {
      core::make_validity(b, i)[0] = 0;
    }
    std::string number, error;
    Letter letter;
    LineReader reader;
    ASSERT_EQ(reader.read(schema_line(*fixture.all, number), letter, error), Kind::kSchema);
    const std::string line = row_line(b->abi, 0, number, "s", "r", 0);
    ASSERT_EQ(reader.read(line, letter, error), Kind::kRow) << error;
    EXPECT_EQ(letter.labels[0], value);
    EXPECT_EQ(letter.time, b->abi.times[0]);
    core::release(b);
  }
}

TEST(DeadLetter, WhatPeopleBrokeIsRefusedAndSaysWhere) {
  buffer::TestRows rows(1);
  std::string number, error;
  const weir_batch& b = *rows.batch(1);
  const std::string schema = schema_line(*b.measurement, number);
  const std::string line = row_line(b, 0, number, "s", "r", 0);
  Letter letter;
  {
    LineReader reader;
    EXPECT_EQ(reader.read(line, letter, error), Kind::kBad);
    EXPECT_EQ(error, "its schema '" + number + "' is not before it");
  }
  for (const std::string& whole : {schema, line}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      LineReader reader;
      reader.read(schema, letter, error);
      EXPECT_EQ(reader.read(whole.substr(0, size), letter, error), Kind::kBad) << size;
      EXPECT_FALSE(error.empty());
    }
  }
}

TEST(DeadLetter, AFileTellsASchemaBeforeItsRowsAlsoAfterItWasTakenAway) {
  Folder folder;
  buffer::TestRows rows(1);
  Writer writer(folder.file(), 1 << 20);
  const weir_batch& b = *rows.batch(10);
  for (int round = 0; round < 3; ++round) {
    writer.add(b, 2, 3, "s", "because", 0);
    writer.add(b, 9, 100, "s", "of range", 0);
    EXPECT_EQ(writer.commit(), "");
    writer.add(b, 0, 1, "s", "again", 0);
    EXPECT_EQ(writer.commit(), "");
    const auto lines = lines_of(folder.file());
    ASSERT_EQ(lines.size(), 6u);
    LineReader reader;
    Letter letter;
    std::string error;
    EXPECT_EQ(reader.read(lines[0], letter, error), Kind::kSchema);
    for (int i = 1; i < 6; ++i) EXPECT_EQ(reader.read(lines[i], letter, error), Kind::kRow);
    Fd held;
    EXPECT_EQ(take(folder.file(), folder.path() + "/taken" + std::to_string(round), held), 0);
    EXPECT_FALSE(std::filesystem::exists(folder.file()));
  }
  EXPECT_EQ(writer.rows_kept, 15u);
  EXPECT_EQ(writer.rows_not_kept, 0u);
  Fd held;
  EXPECT_EQ(take(folder.file(), folder.path() + "/taken9", held), ENOENT);
}

TEST(DeadLetter, TakesNoMoreThanItsLimitAndCountsTheRest) {
  Folder folder;
  buffer::TestRows rows(1);
  Writer writer(folder.file(), 20'000);
  std::uint64_t given = 0;
  std::string why;
  for (int i = 0; i < 100; ++i) {
    writer.add(*rows.batch(10), 0, 10, "s", "because", 0);
    given += 10;
    why = writer.commit();
  }
  EXPECT_NE(why.find("is full; send its rows again, or remove it"), std::string::npos) << why;
  struct stat status {};
  ASSERT_EQ(stat(folder.file().c_str(), &status), 0);
  EXPECT_LE(status.st_size, 20'000);
  EXPECT_GT(status.st_size, 15'000);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), writer.bytes);
  EXPECT_EQ(writer.rows_kept + writer.rows_not_kept, given);
  std::uint64_t found = 0;
  LineReader reader;
  Letter letter;
  std::string error;
  for (const std::string& line : lines_of(folder.file())) {
    const Kind kind = reader.read(line, letter, error);
    EXPECT_NE(kind, Kind::kBad) << error;
    found += kind == Kind::kRow ? 1 : 0;
  }
  EXPECT_EQ(found, writer.rows_kept);
}

TEST(DeadLetter, AFolderThatCannotBeHadIsTold) {
  Folder folder;
  std::ofstream(folder.path() + "/deadletters") << "a file";
  buffer::TestRows rows(1);
  Writer writer(folder.file(), 1 << 20);
  writer.add(*rows.batch(5), 0, 5, "s", "because", 0);
  EXPECT_EQ(writer.commit(), folder.file() + ": Not a directory");
  EXPECT_EQ(writer.rows_not_kept, 5u);
}

// A file of two rows, and more rows behind it by one who begins anew.
std::vector<std::string> lines_behind(const Folder& folder, std::size_t cut) {
  buffer::TestRows rows(1);
  const weir_batch& b = *rows.batch(2);
  {
    Writer writer(folder.file(), 1 << 20);
    writer.add(b, 0, 2, "s", "because", 0);
    EXPECT_EQ(writer.commit(), "");
  }
  std::filesystem::resize_file(folder.file(), std::filesystem::file_size(folder.file()) - cut);
  Writer writer(folder.file(), 1 << 20);
  writer.add(b, 0, 2, "s", "because", 0);
  EXPECT_EQ(writer.commit(), "");
  EXPECT_EQ(writer.bytes, std::filesystem::file_size(folder.file()));
  return lines_of(folder.file());
}

TEST(DeadLetter, ALineThatWasCutOffIsTheOnlyOneThatCannotBeRead) {
  for (const std::size_t cut : {0, 1, 2, 30}) {
    const Folder folder;
    const std::vector<std::string> lines = lines_behind(folder, cut);
    ASSERT_EQ(lines.size(), 6u);
    LineReader reader;
    Letter letter;
    std::string error;
    std::map<Kind, int> kinds;
    for (const std::string& line : lines) ++kinds[reader.read(line, letter, error)];
    const int torn = cut > 1 ? 1 : 0;
    EXPECT_EQ(kinds[Kind::kSchema], 2);
    EXPECT_EQ(kinds[Kind::kRow], 4 - torn) << cut;
    EXPECT_EQ(kinds[Kind::kBad], torn) << cut;
  }
}

TEST(DeadLetter, ALimitOnTheSizeOfFilesIsToldAndSurvived) {
  Folder folder;
  buffer::TestRows rows(1);
  const weir_batch& b = *rows.batch(100);
  Writer writer(folder.file(), 1 << 30);
  writer.add(b, 0, 1, "s", "because", 0);
  ASSERT_EQ(writer.commit(), "");
  const auto size = std::filesystem::file_size(folder.file());

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{size + 1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  writer.add(b, 0, 100, "s", "because", 0);
  const std::string why = writer.commit();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);

  EXPECT_EQ(why, folder.file() + ": File too large");
  EXPECT_EQ(writer.rows_not_kept, 100u);
  EXPECT_EQ(std::filesystem::file_size(folder.file()), size);
  writer.add(b, 0, 1, "s", "because", 0);
  EXPECT_EQ(writer.commit(), "");
}

TEST(DeadLetter, WhatIsTakenIsOfOneWhoHoldsIt) {
  const Folder folder;
  lines_behind(folder, 0);
  const std::string to = folder.path() + "/taken";
  Fd first, second;
  ASSERT_EQ(take(folder.file(), to, first), 0);
  lines_behind(folder, 0);
  EXPECT_EQ(take(folder.file(), to, second), EWOULDBLOCK);
  first.close();  // as one does who is killed
  EXPECT_EQ(take(folder.file(), to, second), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.file())) << "what is there already comes first";
  EXPECT_EQ(take(folder.file(), to, first), EWOULDBLOCK);
}

// Whoever takes files away while rows come gets each row once, in files that can be read; who
// writes does not wait for files that are gone, however long they are held.
TEST(DeadLetter, TakingAndWritingAtTheSameTimeLosesNothing) {
  Folder folder;
  buffer::TestRows rows(1);
  Writer writer(folder.file(), 1 << 30);
  std::atomic<bool> done{false};
  int taken = 0;
  std::deque<Fd> held(1);
  std::thread taker([&] {
    while (!done) {
      const std::string to = folder.path() + "/" + std::to_string(taken);
      if (take(folder.file(), to, held.back()) != 0) continue;
      ++taken;
      if (held.size() == kHeldMax) held.pop_front();
      held.emplace_back();
    }
  });
  const weir_batch& b = *rows.batch(3);
  for (int i = 0; i < 2000; ++i) {
    writer.add(b, 0, 3, "s", "because", 0);
    ASSERT_EQ(writer.commit(), "");
  }
  done = true;
  taker.join();
  take(folder.file(), folder.path() + "/" + std::to_string(taken), held.back());
  std::uint64_t found = 0;
  for (int i = 0; i <= taken; ++i) {
    LineReader reader;
    Letter letter;
    std::string error;
    for (const std::string& line : lines_of(folder.path() + "/" + std::to_string(i))) {
      const Kind kind = reader.read(line, letter, error);
      EXPECT_NE(kind, Kind::kBad) << error;
      found += kind == Kind::kRow ? 1 : 0;
    }
  }
  EXPECT_EQ(found, 6000u);
  EXPECT_EQ(writer.rows_kept, 6000u);
}

}  // namespace
}  // namespace weir::deadletter
