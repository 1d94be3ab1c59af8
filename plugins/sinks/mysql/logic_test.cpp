// What the sink mysql decides without a server: urls, kinds of errors, partitions, options.
#include <gtest/gtest.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#include <random>
#include <set>

#include "mysql.hpp"
#include "weir_testing/problems.hpp"

namespace weir::mysql_sink {
namespace {

TEST(Urls, AreTakenApart) {
  const Place url = parse_place("mysql://weir@db.example:3307/rmf");
  EXPECT_EQ(url.problem, "");
  EXPECT_EQ(url.user, "weir");
  EXPECT_EQ(url.host, "db.example");
  EXPECT_EQ(url.port, 3307);
  EXPECT_EQ(url.database, "rmf");
  EXPECT_EQ(parse_place("mysql://weir@db/rmf").port, 3306);
  EXPECT_EQ(parse_place("mysql://a%40b@db/r%2fm").user, "a@b");
  EXPECT_EQ(parse_place("mysql://a%40b@db/r%2fm").database, "r/m");
  EXPECT_EQ(parse_place("mysql://u@[::1]:3306/d").host, "::1");
  EXPECT_EQ(parse_place("mysql://u@[::1]/d").problem, "");
}

TEST(Urls, ThatAreWrongAreRefusedWithWhatIsExpected) {
  for (const char* bad : {"",
                          "db/rmf",
                          "mysql:/u@h/d",
                          "mysql://h/d",
                          "mysql://@h/d",
                          "mysql://u@/d",
                          "mysql://u@h",
                          "mysql://u@h/",
                          "mysql://u@h/d/e",
                          "mysql://u@h/d?x=1",
                          "mysql://u:secret@h/d",
                          "mysql://u@h:/d",
                          "mysql://u@h:0/d",
                          "mysql://u@h:65536/d",
                          "mysql://u@h:x/d",
                          "mysql://u@::1/d",
                          "mysql://u@[::1/d",
                          "mysql://u@[::1]x/d",
                          "mysql://u%4@h/d",
                          "mysql://u%zz@h/d",
                          "mysql://u%00@h/d",
                          "mysql://u@h/d%"}) {
    const std::string problem = parse_place(bad).problem;
    EXPECT_TRUE(problem.ends_with("; expected mysql://user@host:3306/database")) << bad;
    EXPECT_EQ(problem.find("secret"), std::string::npos);
  }
}

TEST(Errors, OfRowsAreTheRowsOwn) {
  EXPECT_EQ(kind_of(ER_WARN_DATA_OUT_OF_RANGE, "22003"), Kind::data);
  EXPECT_EQ(kind_of(ER_DATA_TOO_LONG, "22001"), Kind::data);
  EXPECT_EQ(kind_of(ER_BAD_NULL_ERROR, "23000"), Kind::data);
  EXPECT_EQ(kind_of(ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, "HY000"), Kind::data);
  EXPECT_EQ(kind_of(4025, "23000"), Kind::data);
  EXPECT_EQ(kind_of(3819, "HY000"), Kind::data);
}

TEST(Errors, ThatMayPassAreTransient) {
  for (const unsigned code : {ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_OPTION_PREVENTS_STATEMENT,
                              ER_DISK_FULL, ER_RECORD_FILE_FULL, ER_QUERY_INTERRUPTED}) {
    EXPECT_EQ(kind_of(code, "HY000"), Kind::transient) << code;
  }
  EXPECT_EQ(kind_of(ER_LOCK_DEADLOCK, "40001"), Kind::transient);
  EXPECT_EQ(kind_of(1836, "HY000"), Kind::transient);
  EXPECT_EQ(kind_of(65535, "HY000"), Kind::transient) << "what nobody knows loses no row";
  EXPECT_EQ(kind_of(CR_SERVER_GONE_ERROR, "HY000"), Kind::connection);
  EXPECT_EQ(kind_of(CR_SERVER_LOST, "HY000"), Kind::connection);
  EXPECT_EQ(kind_of(ER_SERVER_SHUTDOWN, "08S01"), Kind::connection);
  EXPECT_EQ(kind_of(ER_NET_PACKET_TOO_LARGE, "08S01"), Kind::too_large);
  EXPECT_EQ(kind_of(ER_NO_SUCH_TABLE, "42S02"), Kind::schema);
  EXPECT_EQ(kind_of(ER_BAD_FIELD_ERROR, "42S22"), Kind::schema);
}

TEST(Errors, OfDefinitionsAreForEverUnlessSomebodyElseWasQuicker) {
  EXPECT_EQ(kind_of_definition(ER_TOO_MANY_FIELDS, "HY000"), Kind::definition);
  EXPECT_EQ(kind_of_definition(ER_PARSE_ERROR, "42000"), Kind::definition);
  EXPECT_EQ(kind_of_definition(ER_TABLE_EXISTS_ERROR, "42S01"), Kind::schema);
  EXPECT_EQ(kind_of_definition(ER_DUP_FIELDNAME, "42S21"), Kind::schema);
  EXPECT_EQ(kind_of_definition(ER_TABLEACCESS_DENIED_ERROR, "42000"), Kind::transient);
  EXPECT_EQ(kind_of_definition(ER_LOCK_WAIT_TIMEOUT, "HY000"), Kind::transient);
  EXPECT_EQ(kind_of_definition(CR_SERVER_LOST, "HY000"), Kind::connection);
}

TEST(Partitions, HaveTheNameOfTheirDay) {
  const Day day = day_of(1795255200'000000000);
  EXPECT_EQ(partition_name(day), "p20261121");
  EXPECT_EQ(day_start(day), "2026-11-21 00:00:00");
  EXPECT_EQ(partition_day("p20261121"), day);
  EXPECT_EQ(day_of(-1), -1);
  EXPECT_EQ(day_of(0), 0);
  EXPECT_EQ(day_of(kDayNs - 1), 0);
  EXPECT_EQ(day_of(kDayNs), 1);
  for (const char* other :
       {"pmax", "p2026112", "p202611210", "p20261341", "q20261121", "p2026112x", "", "p00000000"}) {
    EXPECT_FALSE(partition_day(other)) << other;
  }
}

TEST(Partitions, AreMadeForADayThatIsNotThere) {
  const Day day = *partition_day("p20261121");
  EXPECT_EQ(partition_clause("time", {day}),
            "\nPARTITION BY RANGE COLUMNS(`time`) (\n  PARTITION p20261121 VALUES LESS THAN "
            "('2026-11-22 00:00:00'),\n  PARTITION pmax VALUES LESS THAN (MAXVALUE))");
  std::vector<Day> days{day};
  EXPECT_EQ(split_sql("t", days, day), "");
  EXPECT_EQ(split_sql("t", days, day + 2),
            "ALTER TABLE `t` REORGANIZE PARTITION pmax INTO (PARTITION p20261123 VALUES LESS THAN "
            "('2026-11-24 00:00:00'), PARTITION pmax VALUES LESS THAN (MAXVALUE))");
  EXPECT_EQ(split_sql("t", days, day - 2),
            "ALTER TABLE `t` REORGANIZE PARTITION p20261121 INTO (PARTITION p20261119 VALUES LESS "
            "THAN ('2026-11-20 00:00:00'), PARTITION p20261120 VALUES LESS THAN ('2026-11-21 "
            "00:00:00'), PARTITION p20261121 VALUES LESS THAN ('2026-11-22 00:00:00'))");
  EXPECT_EQ(days, (std::vector<Day>{day - 2, day - 1, day, day + 2}));
}

TEST(Partitions, StayAscendingWhateverTheOrderOfDays) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<Day> days;
  for (int i = 0; i < 300; ++i) {
    const Day day = static_cast<Day>(20'000 + random() % 400);
    split_sql("t", days, day);
    ASSERT_TRUE(std::binary_search(days.begin(), days.end(), day));
    ASSERT_EQ(std::set<Day>(days.begin(), days.end()).size(), days.size());
    ASSERT_TRUE(std::is_sorted(days.begin(), days.end()));
  }
}

TEST(MysqlOptions, CheckNamesWhatCannotWork) {
  Options options;
  options.url = "mysql://u:p@h/d";
  options.tls.emplace();
  options.tls->cert = "cert.pem";
  options.tls->ca = "ca.pem";
  options.tls->verify = false;
  options.retention = std::chrono::hours(1);
  const std::vector<std::string> found =
      testing::problems_of([&](Problems& p) { Mysql::check(options, p); });
  EXPECT_EQ(found, (std::vector<std::string>{
                       "url holds a password, which belongs into the option password; expected "
                       "mysql://user@host:3306/database",
                       "tls has one of cert and key; expected both or none",
                       "tls.verify is false, so that ca is not looked at; remove one of them",
                       "retention is too short; expected 0 (for ever) or at least 1d"}));
}

}  // namespace
}  // namespace weir::mysql_sink
