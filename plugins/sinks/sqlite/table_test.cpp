// How measurements become tables (weir/table*.hpp): names, types, options, ids, times.
#include "weir/table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "weir/table_series.hpp"
#include "weir/table_value.hpp"
#include "weir_testing/agent.hpp"

namespace weir::table {
namespace {

using namespace std::string_literals;

class Planned : public ::testing::Test {
 protected:
  Plan plan(const Schema& schema, const Tables& tables = {}) {
    return make_plan(*source_.measurement(schema), tables);
  }
  static std::string names(const Plan& plan) {
    std::string all;
    for (const auto& c : plan.columns) all += (all.empty() ? "" : " ") + c.name;
    return all;
  }
  testing::Agent agent_;
  Source source_{agent_.host()};
};

TEST_F(Planned, LabelsThenFieldsThenPartsOfHistograms) {
  const Plan p =
      plan(Schema("cpu").label("host").gauge("busy", "", "").histogram("wait", {1}, "", ""));
  EXPECT_EQ(p.table, "cpu");
  EXPECT_EQ(p.time, "time");
  EXPECT_EQ(names(p), "host busy wait_count wait_sum wait_buckets");
  EXPECT_EQ(p.columns[0].type, Type::text);
  EXPECT_EQ(p.columns[2].type, Type::u64);
  EXPECT_EQ(p.columns[4].type, Type::json);
  EXPECT_EQ(p.problem, "");
}

TEST_F(Planned, NamesThatAreTakenGetAnother) {
  const Plan p = plan(Schema("m")
                          .label("state")
                          .label("Time")
                          .gauge("State", "", "")
                          .gauge("time", "", "")
                          .gauge("weir_series", "", ""));
  EXPECT_EQ(names(p), "label_state label_Time State field_time field_weir_series");
  EXPECT_EQ(p.problem, "");
}

TEST_F(Planned, NamesThatDifferInCaseOnlyAreRefusedWithARemedy) {
  const Schema schema = Schema("m").gauge("rate", "", "").gauge("Rate", "", "");
  EXPECT_EQ(plan(schema).problem,
            "m: 'Rate' and 'rate' are one column to SQL; rename one in tables.m.columns");
  Tables tables;
  tables["m"].columns["Rate"].name = "other";
  EXPECT_EQ(plan(schema, tables).problem, "");
}

TEST_F(Planned, LongNamesAreCutAndStayDifferent) {
  const std::string start(70, 'x');
  const Plan p = plan(Schema(start).gauge(start + "a", "", "").gauge(start + "b", "", ""));
  EXPECT_EQ(p.table.size(), kNameBytesMax);
  EXPECT_EQ(p.columns[0].name.size(), kNameBytesMax);
  EXPECT_NE(p.columns[0].name, p.columns[1].name);
  EXPECT_EQ(p.problem, "");
}

TEST_F(Planned, OptionsGiveNamesTypesAndIndexes) {
  Tables tables;
  TableOptions& t = tables["rmf_cpu"];
  t.table_name = "cpu_metrics";
  t.time = "timestamp";
  t.time_digits = 3;
  t.id = "id";
  t.columns["lpar"].type = "VARCHAR(50) NOT NULL";
  t.columns["percent"] = {"utilization_percent", "DECIMAL(5,2)"};
  t.columns["wait.mean"].name = "wait_seconds";
  t.indexes["both"] = " lpar , timestamp";
  const Plan p = plan(Schema("rmf_cpu")
                          .label("lpar")
                          .label("site")
                          .gauge("percent", "", "")
                          .histogram("wait", {1}, "", ""),
                      tables);
  EXPECT_EQ(p.table, "cpu_metrics");
  EXPECT_EQ(p.time, "timestamp");
  EXPECT_EQ(names(p), "lpar site utilization_percent wait_seconds");
  EXPECT_EQ(p.columns[0].sql_type, "VARCHAR(50) NOT NULL");
  EXPECT_EQ(p.columns[1].sql_type, "");
  EXPECT_EQ(p.columns[3].part, Part::mean);
  ASSERT_EQ(p.indexes.size(), 1u);
  EXPECT_EQ(p.indexes[0].columns, (std::vector<std::string>{"lpar", "timestamp"}));
}

TEST(TableOptions, ATypeCannotEndAStatement) {
  EXPECT_TRUE(is_plain_type("DECIMAL(5,2) NOT NULL DEFAULT '0'"));
  EXPECT_TRUE(is_plain_type(""));
  for (const char* bad : {"INT; DROP TABLE x", "INT -- ", "INT`", "INT\n", "INT /* */", "INT\\"}) {
    EXPECT_FALSE(is_plain_type(bad)) << bad;
  }
}

TEST(TableTypes, ValuesFitColumnsThatKeepThem) {
  EXPECT_TRUE(fits(Type::f64, "double"));
  EXPECT_TRUE(fits(Type::f64, "DECIMAL(5,2)"));
  EXPECT_FALSE(fits(Type::f64, "bigint(20)"));
  EXPECT_FALSE(fits(Type::f64, "text"));
  EXPECT_TRUE(fits(Type::u64, "bigint unsigned"));
  EXPECT_TRUE(fits(Type::u64, ""));
  EXPECT_TRUE(fits(Type::boolean, "tinyint(1)"));
  EXPECT_FALSE(fits(Type::text, "DOUBLE"));
  EXPECT_TRUE(fits(Type::json, "longtext"));
  EXPECT_FALSE(fits(Type::i64, "datetime(6)"));
}

TEST(TableQuotes, AreDoubled) {
  EXPECT_EQ(quote("a\"b", '"'), "\"a\"\"b\"");
  EXPECT_EQ(quote("a`b", '`'), "`a``b`");
}

class SeriesIds : public Planned {
 protected:
  const weir_series* series(const char* name,
                            std::vector<std::pair<std::string, std::string>> labels) {
    Schema schema(name);
    std::vector<weir_string> values;
    for (const auto& [key, value] : labels) {
      schema.label(key);
      values.push_back(abi_string(value));
    }
    return source_.series(source_.measurement(schema.gauge("x", "", "")), values);
  }
  static std::string hex(const SeriesId& id) {
    std::string text;
    for (const auto byte : id) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", byte);
      text += two;
    }
    return text;
  }
};

// The expected value is Python's: uuid.uuid5(UUID("8c552e87-..."), "3:cpu,4:host,1:a,4:site,1:b,").
TEST_F(SeriesIds, AreVersion5UuidsOfNameAndLabels) {
  const auto* s = series("cpu", {{"host", "a"}, {"site", "b"}});
  EXPECT_EQ(series_name(*s), "3:cpu,4:host,1:a,4:site,1:b,");
  EXPECT_EQ(hex(series_id(*s)), "6ed26c4f56bb5dd89564dceac7aeea40");
}

TEST_F(SeriesIds, KnowNeitherTheOrderOfLabelsNorAbsentOnes) {
  const auto id = series_id(*series("cpu", {{"host", "a"}, {"site", "b"}}));
  EXPECT_EQ(series_id(*series("cpu", {{"site", "b"}, {"host", "a"}})), id);
  EXPECT_EQ(series_id(*series("cpu", {{"site", "b"}, {"host", "a"}, {"rack", ""}})), id);
  EXPECT_NE(series_id(*series("mem", {{"host", "a"}, {"site", "b"}})), id);
}

TEST_F(SeriesIds, NoValueImitatesOtherLabels) {
  std::set<SeriesId> ids;
  ids.insert(series_id(*series("cpu", {{"host", "a,4:site,1:b"}})));
  ids.insert(series_id(*series("cpu", {{"host", "a"}, {"site", "b"}})));
  ids.insert(series_id(*series("cpu", {{"host", "a,"}, {"site", "b"}})));
  ids.insert(series_id(*series("cpu", {{"host", std::string("a\0", 2)}, {"site", "b"}})));
  EXPECT_EQ(ids.size(), 4u);
}

TEST(SqlTimes, AreUtcWithTheDecimalsThatAreAskedFor) {
  SqlTime time;
  EXPECT_EQ(time.at(1795255200'123456789, 6), "2026-11-21 10:00:00.123456");
  EXPECT_EQ(time.at(1795255200'123456789, 3), "2026-11-21 10:00:00.123");
  EXPECT_EQ(time.at(1795255200'123456789, 0), "2026-11-21 10:00:00");
  EXPECT_EQ(time.at(1795255200'999999999, 6), "2026-11-21 10:00:00.999999");
  EXPECT_EQ(time.at(-1, 9), "1969-12-31 23:59:59.999999999");
  EXPECT_EQ(time.at(0, 9), "1970-01-01 00:00:00.000000000");
  EXPECT_EQ(beyond(1795255200'123456789, 6), 789u);
  EXPECT_EQ(beyond(1795255200'123456789, 3), 456789u);
  EXPECT_EQ(beyond(1795255200'123456789, 9), 0u);
  EXPECT_EQ(beyond(-1, 6), 999u);
}

TEST_F(Planned, BucketsAreCumulativeJson) {
  const auto* m = source_.measurement(Schema("m").histogram("wait", {0.25, 5}, "", ""));
  Batch batch = source_.batch(m, 1);
  batch.add(source_.series(m), 0);
  const std::uint64_t counts[] = {1, 2, UINT64_MAX - 3};
  batch.set_histogram(0, 0, counts, 12.5);
  format::Buffer out;
  append_buckets(*m->fields[0], batch.get()->columns[0], 0, out);
  EXPECT_EQ(out.view(), "{\"0.25\":1,\"5\":3,\"+Inf\":18446744073709551615}");
  EXPECT_EQ(mean(batch.get()->columns[0], 0), 12.5 / 18446744073709551615.0);
}

TEST(WellFormedText, IsKeptAndTheRestReplaced) {
  const std::string all = "a\0'\"\\%_$.\xC3\xA4\xF0\x9F\x98\x80\n"s;
  EXPECT_TRUE(is_well_formed(all));
  format::Buffer out;
  append_well_formed(all, out);
  EXPECT_EQ(out.view(), all);
  EXPECT_FALSE(is_well_formed("ab\xFF"));
  EXPECT_FALSE(is_well_formed("12345678\xC3"));
  out.clear();
  append_well_formed("ab\xFFz\xC3", out);
  EXPECT_EQ(out.view(), "ab\xEF\xBF\xBDz\xEF\xBF\xBD");
}

// Whatever the bytes are, what is repaired is well-formed, and what is well-formed stays.
TEST(WellFormedText, HoldsForRandomBytes) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() % 128 : random());
    format::Buffer once, twice;
    append_well_formed(text, once);
    ASSERT_TRUE(is_well_formed(once.view()));
    append_well_formed(once.view(), twice);
    ASSERT_EQ(once.view(), twice.view());
    if (is_well_formed(text)) {
      ASSERT_EQ(once.view(), text);
    }
  }
}

}  // namespace
}  // namespace weir::table
