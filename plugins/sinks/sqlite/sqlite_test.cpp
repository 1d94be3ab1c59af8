// The sink sqlite in ordinary life: tables and types, redelivery, growth, what it refuses.
#include "sqlite.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "sqlite_fixture.hpp"
#include "weir_testing/problems.hpp"

namespace weir::sqlite_sink {
namespace {

class SqliteSink : public SqliteFixture {
 protected:
  std::string start_error() {
    try {
      started();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "";
  }
  static std::vector<std::string> check(const Options& options) {
    return testing::problems_of([&](Problems& p) { Sqlite::check(options, p); });
  }
};

TEST_F(SqliteSink, WritesRowsAndAppendsAfterARestart) {
  EXPECT_EQ(write(*started(), {batch(0, 2)}).code(), WEIR_OK);
  EXPECT_EQ(write(*started(), {batch(2, 1), batch(0, 1, "other")}).code(), WEIR_OK);
  EXPECT_EQ(
      rows("SELECT time, host, n FROM m ORDER BY time"),
      (std::vector<std::string>{"1970-01-01 00:00:00.000000|a|0", "1970-01-01 00:00:01.000000|a|1",
                                "1970-01-01 00:00:02.000000|a|2"}));
  EXPECT_EQ(row("SELECT count(*) FROM other"), "1");
  EXPECT_EQ(row("PRAGMA journal_mode"), "wal");
}

TEST_F(SqliteSink, RowsThatComeAgainChangeNothing) {
  const auto sink = started();
  const auto *first = batch(0, 1000), *other = batch(500, 1000, "m", "b");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(write(*sink, {first, other, first}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT count(*), sum(n) FROM m WHERE host = 'a'"), "1000|499500");
  EXPECT_EQ(row("SELECT count(*) FROM m"), "2000");
  EXPECT_TRUE(agent_.rejections().empty());
}

TEST_F(SqliteSink, TimesWithNanosecondsStayApart) {
  const Source source(agent_.host());
  const auto* m = source.measurement(Schema("m").gauge("x", "", ""));
  Batch made = source.batch(m, 3);
  for (std::uint32_t i = 0; i < 3; ++i) made.set(0, made.add(source.series(m), i + 999), i);
  EXPECT_EQ(write(*started(), {emitted(std::move(made))}).code(), WEIR_OK);
  EXPECT_EQ(rows("SELECT time, x FROM m ORDER BY time"),
            (std::vector<std::string>{"1970-01-01 00:00:00.000000999|0.0",
                                      "1970-01-01 00:00:00.000001|1.0",
                                      "1970-01-01 00:00:00.000001001|2.0"}));
}

TEST_F(SqliteSink, KeepsEveryTypeAndItsExtremes) {
  const Source source(agent_.host());
  const auto* m = source.measurement(Schema("m")
                                         .gauge("d", "", "")
                                         .field("i", WEIR_I64, WEIR_GAUGE, "", "")
                                         .field("u", WEIR_U64, WEIR_GAUGE, "", "")
                                         .field("b", WEIR_BOOL, WEIR_GAUGE, "", "")
                                         .field("s", WEIR_STRING, WEIR_GAUGE, "", "")
                                         .histogram("h", {0.5}, "", ""));
  Batch made = source.batch(m, 4);
  const auto* series = source.series(m);
  const double doubles[] = {std::numeric_limits<double>::max(), std::nan(""),
                            std::numeric_limits<double>::infinity(), 0.1};
  const std::int64_t integers[] = {INT64_MIN, INT64_MAX, -1, 0};
  const std::uint64_t naturals[] = {UINT64_MAX, std::uint64_t{INT64_MAX} + 1, INT64_MAX, 0};
  const std::string texts[] = {"", "it's \"\\%_$.", "\xFF", "\xF0\x9F\x98\x80"};
  const std::uint64_t counts[] = {1, 2};
  for (std::uint32_t i = 0; i < 4; ++i) {
    made.add(series, i);
    made.set(0, i, doubles[i]);
    made.set_i64(1, i, integers[i]);
    made.set_u64(2, i, naturals[i]);
    made.set_bool(3, i, i % 2 == 1);
    made.set_string(4, i, texts[i]);
    made.set_histogram(5, i, counts, 2.5);
  }
  made.set_null(0, 3);
  made.set_null(5, 3);
  EXPECT_EQ(write(*started(), {emitted(std::move(made))}).code(), WEIR_OK);
  EXPECT_EQ(rows("SELECT d, i, u, b, s, h_count, h_sum, h_buckets FROM m ORDER BY time"),
            (std::vector<std::string>{
                "1.79769313486232e+308|-9223372036854775808|18446744073709551615|0||3|2.5|"
                "{\"0.5\":1,\"+Inf\":3}",
                "NULL|9223372036854775807|9223372036854775808|1|it's \"\\%_$.|3|2.5|"
                "{\"0.5\":1,\"+Inf\":3}",
                "Inf|-1|9223372036854775807|0|\xEF\xBF\xBD|3|2.5|{\"0.5\":1,\"+Inf\":3}",
                "NULL|0|0|1|\xF0\x9F\x98\x80|NULL|NULL|NULL"}));
  EXPECT_EQ(row("SELECT count(*) FROM m WHERE d = 1.7976931348623157e308"), "1");
}

TEST_F(SqliteSink, LabelsMayHoldAnything) {
  const auto sink = started();
  std::vector<std::string> labels{
      "'; DROP TABLE m; --",   "a\"b`c", "%_*?", "\\", "$.{}", std::string("a\0b", 3), "a\nb",
      std::string(65536, 'x'), "\xFF",   "\xFE"};
  std::vector<const weir_batch*> all;
  for (const auto& label : labels) all.push_back(batch(0, 1, "m", label));
  EXPECT_EQ(write(*sink, all).code(), WEIR_OK);
  EXPECT_EQ(write(*sink, all).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT count(*) FROM m"), std::to_string(labels.size()));
  EXPECT_EQ(row("SELECT count(*) FROM m WHERE host = '''; DROP TABLE m; --'"), "1");
  EXPECT_EQ(row("SELECT count(*) FROM m WHERE hex(host) = '610062'"), "1");
  EXPECT_EQ(row("SELECT max(length(host)) FROM m"), "65536");
  EXPECT_EQ(row("SELECT count(*) FROM m WHERE hex(host) = 'EFBFBD'"), "2");
}

TEST_F(SqliteSink, ALabelThatIsAbsentIsNull) {
  EXPECT_EQ(write(*started(), {batch(0, 1, "m", "")}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT host, n FROM m"), "NULL|0");
}

// Two shapes of one measurement, with one time and one series: one row with the fields of both.
TEST_F(SqliteSink, ATableGrowsAndShapesShareRows) {
  const Source source(agent_.host());
  const auto sink = started();
  const auto make = [&](const char* field) {
    const auto* m = source.measurement(Schema("m").label("host").gauge(field, "", ""));
    Batch made = source.batch(m, 1);
    made.set(0, made.add(source.series(m, {"a"}), 0), 1);
    return emitted(std::move(made));
  };
  EXPECT_EQ(write(*sink, {make("x")}).code(), WEIR_OK);
  EXPECT_EQ(write(*sink, {make("y"), make("x")}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT host, x, y FROM m"), "a|1.0|1.0");
}

TEST_F(SqliteSink, AColumnThatCannotKeepTheValuesRejectsThatMeasurementAlone) {
  const Source source(agent_.host());
  const auto* m =
      source.measurement(Schema("m").label("n").field("host", WEIR_I64, WEIR_GAUGE, "", ""));
  Batch made = source.batch(m, 2);
  for (std::uint32_t i = 0; i < 2; ++i) made.set_i64(0, made.add(source.series(m, {"a"}), i), 1);
  const auto* other = emitted(std::move(made));
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1), other, batch(1, 1)}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT count(*) FROM m"), "2");
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].batch, other);
  EXPECT_EQ(agent_.rejections()[0].rows, 2u);
  EXPECT_EQ(agent_.rejections()[0].reason,
            "table m has a column n BIGINT, where n TEXT is wanted; rename one, such as in "
            "tables.m.columns");
}

TEST_F(SqliteSink, ATableOfSomebodyElseIsLeftAlone) {
  const auto sink = started();
  rows("CREATE TABLE m (a INT)");
  EXPECT_EQ(write(*sink, {batch(0, 1), batch(0, 1, "other")}).code(), WEIR_OK);
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].reason,
            "table m was not made by Weir; name another one in tables.m.table");
  EXPECT_EQ(row("SELECT count(*) FROM other"), "1");
}

TEST_F(SqliteSink, ARowThatAConstraintRefusesIsRejectedAlone) {
  options_.tables["m"].columns["n"].type = "BIGINT CHECK(n)";
  const auto* some = batch(-1, 3);  // n = -1, 0, 1: what is 0 is false
  EXPECT_EQ(write(*started(), {some}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT group_concat(n) FROM m"), "-1,1");
  ASSERT_EQ(agent_.rejections().size(), 1u);
  EXPECT_EQ(agent_.rejections()[0].first_row, 1u);
  EXPECT_NE(agent_.rejections()[0].reason.find("CHECK constraint failed"), std::string::npos);
}

TEST_F(SqliteSink, TablesAreMadeAsTheOptionsSay) {
  table::TableOptions& t = options_.tables["m"];
  t.table_name = "metrics of m";
  t.time = "timestamp";
  t.time_digits = 3;
  t.id = "id";
  t.columns["host"].type = "VARCHAR(50) NOT NULL";
  t.columns["n"] = {"number", "INT"};
  t.indexes["by_host"] = "host, timestamp";
  const auto sink = started();
  for (int i = 0; i < 2; ++i) ASSERT_EQ(write(*sink, {batch(5, 2)}).code(), WEIR_OK);
  EXPECT_EQ(
      rows("SELECT id, timestamp, host, number FROM \"metrics of m\""),
      (std::vector<std::string>{"1|1970-01-01 00:00:05.000|a|5", "2|1970-01-01 00:00:06.000|a|6"}));
  EXPECT_EQ(row("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"),
            "CREATE INDEX \"metrics of m_by_host\" ON \"metrics of m\" (\"host\", \"timestamp\")");
}

TEST_F(SqliteSink, ATableThatIsDroppedIsMadeAgain) {
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1)}).code(), WEIR_OK);
  rows("DROP TABLE m");
  EXPECT_EQ(write(*sink, {batch(1, 1)}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT n FROM m"), "1");
}

TEST_F(SqliteSink, AFileThatIsRemovedIsBegunAgain) {
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1)}).code(), WEIR_OK);
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options_.path + end);
  EXPECT_EQ(write(*sink, {batch(1, 1)}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT n FROM m"), "1");
  EXPECT_NE(log().find("was moved away or removed: a new one is begun"), std::string::npos);
}

TEST_F(SqliteSink, ALockOfSomebodyElseIsWaitedForAndThenNamed) {
  const auto sink = started();
  sqlite3* other = nullptr;
  sqlite3_open(options_.path.c_str(), &other);
  sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  const Status status = write(*sink, {batch(0, 1)});
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_EQ(status.why(), "cannot write to " + options_.path +
                              ": database is locked; another process holds its lock: end that "
                              "transaction, or raise busy_timeout");
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_EQ(write(*sink, {batch(0, 1)}).code(), WEIR_OK);
}

TEST_F(SqliteSink, CanBeReadWhileItIsWritten) {
  const auto sink = started();
  EXPECT_EQ(write(*sink, {batch(0, 1)}).code(), WEIR_OK);
  sqlite3* reader = nullptr;
  sqlite3_open(options_.path.c_str(), &reader);
  sqlite3_exec(reader, "BEGIN; SELECT * FROM m", nullptr, nullptr, nullptr);
  EXPECT_EQ(write(*sink, {batch(1, 1)}).code(), WEIR_OK);
  sqlite3_close(reader);
  EXPECT_EQ(row("SELECT count(*) FROM m"), "2");
}

TEST_F(SqliteSink, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text(8192, 'x');
  std::ofstream(options_.path) << text;
  EXPECT_EQ(start_error(), "cannot write to " + options_.path +
                               ": file is not a database; move that file away, or choose another "
                               "path");
  std::ifstream file(options_.path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteSink, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_ + "/file") << "x";
  options_.path = directory_ + "/file/deep/weir.db";
  EXPECT_EQ(start_error(), "cannot make the directory " + directory_ +
                               "/file/deep: Not a directory; make it, or choose another path");
}

TEST_F(SqliteSink, ADirectoryInPlaceOfTheFileIsNamed) {
  options_.path = directory_;
  EXPECT_NE(start_error().find("cannot write to " + directory_ + ": unable to open database file"),
            std::string::npos);
}

// Overwritten while it is open: the damage is found, the rows stay with the agent, and when the
// file is away they go into a new one.
TEST_F(SqliteSink, ACorruptFileIsNamedAndItsReplacementUsed) {
  const auto sink = started();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(write(*sink, {batch(i * 1000, 1000)}).code(), WEIR_OK);
  }
  sink->stop();
  {
    std::fstream file(options_.path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string garbage(200'000, '\x5A');
    file.seekp(100);
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  const auto* more = batch(20'000, 10'000);
  const Status status = write(*sink, {more});
  EXPECT_EQ(status.code(), WEIR_RETRY);
  EXPECT_NE(status.why().find("sqlite3 FILE .recover"), std::string::npos) << status.why();
  std::filesystem::rename(options_.path, directory_ + "/away");
  for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(options_.path + end);
  EXPECT_EQ(write(*sink, {more}).code(), WEIR_OK);
  EXPECT_EQ(row("SELECT count(*) FROM m"), "10000");
}

TEST_F(SqliteSink, CheckNamesWhatCannotWork) {
  options_.path = ":memory:";
  options_.max_size = {1000};
  options_.retention = std::chrono::seconds(1);
  options_.tables["m"].columns["n"].type = "INT; DROP TABLE m";
  options_.tables["m"].indexes["i"] = " ,";
  EXPECT_EQ(check(options_),
            (std::vector<std::string>{
                "path is a name that only SQLite knows; expected the path of a file",
                "max_size is too small; expected 0 (no limit) or at least 1MiB",
                "retention is too short; expected 0 (for ever) or at least 1m",
                "tables.m.columns.n.type is not a type; expected such as DECIMAL(5,2) NOT NULL",
                "tables.m.indexes.i names no column; expected such as: lpar, cpu_type"}));
}

}  // namespace
}  // namespace weir::sqlite_sink
