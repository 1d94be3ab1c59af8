// Statements and rows as text: what the sink mysql sends, without a server.
#include "dialect.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "render.hpp"
#include "weir_testing/agent.hpp"

namespace weir::mysql_sink {
namespace {

class Dialect : public ::testing::Test {
 protected:
  table::Plan plan(const Schema& schema, const table::Tables& tables = {}) {
    return table::make_plan(*source_.measurement(schema), tables);
  }
  std::string rendered(Form form, const weir_batch& batch, const table::Plan& plan) {
    Renderer renderer(form);
    format::Buffer text;
    std::vector<std::size_t> ends;
    renderer.append(plan, batch, 0, batch.rows, text, ends);
    EXPECT_EQ(ends.size(), batch.rows);
    EXPECT_EQ(ends.empty() ? 0 : ends.back(), text.size());
    return std::string(text.view());
  }
  testing::Agent agent_;
  Source source_{agent_.host()};
};

TEST_F(Dialect, ATableAsItIsMadeByItself) {
  const auto p = plan(
      Schema("cpu").label("host").gauge("busy", "", "").field("n", WEIR_U64, WEIR_COUNTER, "", ""));
  EXPECT_EQ(create_sql(p, ""),
            "CREATE TABLE `cpu` (\n"
            "  `time` DATETIME(6) NOT NULL,\n"
            "  `host` MEDIUMTEXT,\n"
            "  `busy` DOUBLE,\n"
            "  `n` BIGINT UNSIGNED,\n"
            "  `weir_series` BINARY(16) NOT NULL DEFAULT '' /*!80023 INVISIBLE */ "
            "/*M!100303 INVISIBLE */,\n"
            "  `weir_ns` SMALLINT UNSIGNED NOT NULL DEFAULT 0 /*!80023 INVISIBLE */ "
            "/*M!100303 INVISIBLE */,\n"
            "  PRIMARY KEY (`time`, `weir_series`, `weir_ns`)\n"
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC");
  const Insert insert = insert_sql(p);
  EXPECT_EQ(insert.head,
            "INSERT INTO `cpu` (`weir_series`, `host`, `time`, `weir_ns`, `busy`, `n`) VALUES ");
  EXPECT_EQ(insert.tail, " ON DUPLICATE KEY UPDATE `busy`=VALUES(`busy`), `n`=VALUES(`n`)");
}

TEST_F(Dialect, ATableAsTheOptionsSay) {
  table::Tables tables;
  table::TableOptions& t = tables["cpu"];
  t.table_name = "cpu`metrics";
  t.time = "timestamp";
  t.time_digits = 3;
  t.id = "id";
  t.columns["lpar"].type = "VARCHAR(50) NOT NULL";
  t.indexes["idx"] = "lpar(10), timestamp";
  const std::string sql =
      create_sql(plan(Schema("cpu").label("lpar").gauge("x", "", ""), tables), "\nPARTITION");
  EXPECT_NE(sql.find("CREATE TABLE `cpu``metrics` (\n  `id` BIGINT NOT NULL AUTO_INCREMENT,\n  "
                     "`timestamp` DATETIME(3) NOT NULL,\n  `lpar` VARCHAR(50) NOT NULL,"),
            std::string::npos)
      << sql;
  EXPECT_NE(sql.find("`weir_ns` MEDIUMINT UNSIGNED"), std::string::npos) << sql;
  EXPECT_NE(sql.find("PRIMARY KEY (`id`, `timestamp`),\n  UNIQUE KEY `weir_key` (`timestamp`, "
                     "`weir_series`, `weir_ns`),\n  INDEX `idx` (`lpar`(10), `timestamp`)\n)"),
            std::string::npos)
      << sql;
  EXPECT_TRUE(sql.ends_with("\nPARTITION"));
}

TEST_F(Dialect, RowsAsTuplesAndAsLines) {
  const auto* m = source_.measurement(Schema("m")
                                          .label("host")
                                          .label("rack")
                                          .field("s", WEIR_STRING, WEIR_GAUGE, "", "")
                                          .gauge("x", "", "")
                                          .field("b", WEIR_BOOL, WEIR_GAUGE, "", "")
                                          .histogram("h", {0.5}, "", ""));
  Batch made = source_.batch(m, 2);
  const auto* series = source_.series(m, {"a'\\\n\t", ""});
  const std::uint64_t counts[] = {1, 2};
  for (std::uint32_t i = 0; i < 2; ++i) {
    made.add(series, 1795255200'123456789 + i);
    made.set_string(0, i, std::string("q\"\0\xFF", 4));
    made.set(1, i, i == 0 ? 1.5 : std::numeric_limits<double>::infinity());
    made.set_bool(2, i, i == 0);
    made.set_histogram(3, i, counts, std::nan(""));
  }
  made.set_null(3, 1);
  const auto p = table::make_plan(*m, {});
  const std::string tuples = rendered(Form::tuple, *made.get(), p);
  EXPECT_EQ(tuples.substr(0, 3), "(x'");
  EXPECT_EQ(
      tuples.substr(35),
      "','a\\'\\\\\\n\\t',NULL,'2026-11-21 10:00:00.123456',789,'q\"\\0\xEF\xBF\xBD',1.5,1,3,"
      "NULL,'{\"0.5\":1,\"+Inf\":3}'),(x'" +
          tuples.substr(3, 32) +
          "','a\\'\\\\\\n\\t',NULL,'2026-11-21 10:00:00.123456',790,'q\"\\0\xEF\xBF\xBD',NULL,"
          "0,NULL,NULL,NULL),");
  const std::string lines = rendered(Form::line, *made.get(), p);
  EXPECT_EQ(lines.substr(0, 32), tuples.substr(3, 32));
  EXPECT_EQ(
      lines.substr(32),
      "\ta\\'\\\\\\n\\t\t\\N\t2026-11-21 10:00:00.123456\t789\tq\"\\0\xEF\xBF\xBD\t1.5\t1\t3\t"
      "\\N\t{\"0.5\":1,\"+Inf\":3}\n" +
          lines.substr(0, 32) +
          "\ta\\'\\\\\\n\\t\t\\N\t2026-11-21 10:00:00.123456\t790\tq\"\\0\xEF\xBF\xBD\t\\N\t0\t"
          "\\N\t\\N\t\\N\n");
}

TEST(Literals, CannotBeLeft) {
  EXPECT_EQ(literal("a'b\\c"), "'a\\'b\\\\c'");
  EXPECT_EQ(quoted("a`b"), "`a``b`");
}

}  // namespace
}  // namespace weir::mysql_sink
