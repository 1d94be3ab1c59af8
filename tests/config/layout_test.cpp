// Tables for people keep to the width of the terminal, whatever they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/columns.hpp"
#include "core/cli/describe.hpp"
#include "core/cli/list.hpp"
#include "core/cli/table.hpp"
#include "core/cli/terminal.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/printed.hpp"
#include "weir_testing/agent.hpp"

namespace weir::cli {
namespace {

using config::testing::FakeCatalog;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// $COLUMNS for the length of a test.
class Layout : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* before = std::getenv("COLUMNS")) before_ = before;
    ::unsetenv("COLUMNS");
  }
  void TearDown() override {
    before_ ? ::setenv("COLUMNS", before_->c_str(), 1) : ::unsetenv("COLUMNS");
  }
  static std::string in_columns(const char* columns, const Columns& table) {
    ::setenv("COLUMNS", columns, 1);
    return printed([&](std::FILE* out, std::FILE*) {
             table.print(out, 2);
             return 0;
           })
        .out;
  }

 private:
  std::optional<std::string> before_;
};

std::vector<std::size_t> line_widths(const std::string& text) {
  std::vector<std::size_t> widths;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    widths.push_back(width(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return widths;
}

TEST_F(Layout, WrapsTheLastColumnAndLeavesEmptyOnesOut) {
  Columns table({"A", "B", "C"});
  table.add({"grün", "", std::string(60, 'x') + " " + std::string(60, 'y')});
  table.add({"1", "", "z"});
  EXPECT_EQ(in_columns("", table), "  A     C\n  grün  " + std::string(60, 'x') + "\n        " +
                                       std::string(60, 'y') + "\n  1     z\n");
}

TEST_F(Layout, WrapsTheWidestColumnWhereThatLeavesRoomToExplain) {
  Columns table({"NAME", "TYPE", "MEANING"});
  table.add({"policy", "one of block, drop_oldest, drop_newest", "What happens when it is full."});
  table.add({"size", "size", "The most that may wait, of all rows together."});
  EXPECT_EQ(in_columns("60", table),
            "  NAME    TYPE           MEANING\n"
            "  policy  one of block,  What happens when it is full.\n"
            "          drop_oldest,\n"
            "          drop_newest\n"
            "  size    size           The most that may wait, of all rows\n"
            "                         together.\n");
}

TEST_F(Layout, PutsTheLastColumnBelowWhereThereIsNoRoomBesideTheOthers) {
  Columns table({"NAME", "DEFAULT", "MEANING"});
  table.add({"a_name_that_is_long", "a_default_that_is_long", "What it means, in several words."});
  table.add({"b", "", ""});
  EXPECT_EQ(in_columns("50", table),
            "  NAME                 DEFAULT\n"
            "  a_name_that_is_long  a_default_that_is_long\n"
            "      What it means, in several words.\n"
            "  b\n");
}

TEST_F(Layout, ColumnsOfNonsenseAreNotBelieved) {
  std::FILE* nothing = std::fopen("/dev/null", "w");
  for (const char* columns : {"", "0", "39", "-1", "80x", "99999999999999999999999"}) {
    ::setenv("COLUMNS", columns, 1);
    EXPECT_EQ(line_width(nothing, 123), 123u) << columns;
  }
  ::setenv("COLUMNS", "40", 1);
  EXPECT_EQ(line_width(nothing, 123), 40u);
  std::fclose(nothing);
}

TEST_F(Layout, DescribeAndListFitATerminal) {
  for (const char* columns : {"60", "80", "120"}) {
    ::setenv("COLUMNS", columns, 1);
    FakeCatalog catalog;
    const Printed described = printed([&](std::FILE* out, std::FILE* err) {
      return describe({"clock", "text"}, catalog, out, err);
    });
    EXPECT_THAT(line_widths(described.out), Each(::testing::Le(std::stoul(columns))))
        << described.out;
    const Printed listed =
        printed([&](std::FILE* out, std::FILE* err) { return list(catalog, out, err); });
    EXPECT_THAT(line_widths(listed.out), Each(::testing::Le(std::stoul(columns)))) << listed.out;
  }
}

TEST_F(Layout, ShortensTextInItsMiddle) {
  EXPECT_EQ(shortened("grünäöü", 8), "grünäöü");
  EXPECT_EQ(shortened("grünäöü und mehr", 10), "grün...ehr");
}

std::string table_of(const testing::Agent& agent, std::size_t columns) {
  Table table;
  for (const weir_batch* batch : agent.emitted()) table.add(*batch);
  return printed([&](std::FILE* out, std::FILE*) {
           table.print(out, columns, false);
           return 0;
         })
      .out;
}

// `rows` rows of `fields` fields each, told apart by one label.
void emit_rows(testing::Agent& agent, int rows, int fields, const std::string& label) {
  Source source(agent.host());
  Schema schema("disk", "What disks do, as the kernel counts it.");
  schema.label("device");
  for (int f = 0; f < fields; ++f) schema.gauge(("field" + std::to_string(f)).c_str(), "", "");
  const weir_measurement* m = source.measurement(schema);
  Batch batch = source.batch(m, static_cast<std::uint32_t>(rows));
  for (int r = 0; r < rows; ++r) {
    const std::uint32_t row = batch.add(source.series(m, {label + std::to_string(r)}), 0);
    for (int f = 0; f < fields; ++f) {
      batch.set(static_cast<std::uint32_t>(f), row, static_cast<double>(r * 100000 + f));
    }
  }
  source.emit(std::move(batch));
}

TEST_F(Layout, AWideTableIsPrintedInPartsThatEachBeginWithTheLabels) {
  testing::Agent agent;
  emit_rows(agent, 5, 4, "sd");
  EXPECT_EQ(table_of(agent, 30),
            "disk  What disks do, as the\n"
            "kernel counts it.\n"
            "  device  field0  field1\n"
            "  sd0          0       1\n"
            "  sd1     100000  100001\n"
            "  sd2     200000  200001\n"
            "  sd3     300000  300001\n"
            "  sd4     400000  400001\n"
            "\n"
            "  device  field2  field3\n"
            "  sd0          2       3\n"
            "  sd1     100002  100003\n"
            "  sd2     200002  200003\n"
            "  sd3     300002  300003\n"
            "  sd4     400002  400003\n"
            "\n");
}

TEST_F(Layout, AWideTableOfFewRowsStandsUpright) {
  testing::Agent agent;
  emit_rows(agent, 2, 4, "sd");
  EXPECT_EQ(table_of(agent, 30),
            "disk  What disks do, as the\n"
            "kernel counts it.\n"
            "  device  sd0     sd1\n"
            "  field0    0  100000\n"
            "  field1    1  100001\n"
            "  field2    2  100002\n"
            "  field3    3  100003\n"
            "\n");
}

TEST_F(Layout, TablesOfEveryShapeFitATerminal) {
  for (const int rows : {1, 3, 4, 5, 20}) {
    for (const int fields : {1, 8, 9, 40}) {
      for (const std::size_t label : {1u, 30u, 200u}) {
        testing::Agent agent;
        emit_rows(agent, rows, fields, std::string(label, 'x'));
        for (const std::size_t columns : {40u, 80u, 120u}) {
          EXPECT_THAT(line_widths(table_of(agent, columns)), Each(::testing::Le(columns)))
              << rows << " rows, " << fields << " fields, a label of " << label;
        }
      }
    }
  }
}

TEST_F(Layout, NothingIsCutWhereThereIsNoTerminal) {
  testing::Agent agent;
  emit_rows(agent, 5, 40, "sd");
  const std::string text = table_of(agent, std::numeric_limits<std::size_t>::max());
  EXPECT_THAT(line_widths(text), ::testing::SizeIs(1 + 6 + 1));
  EXPECT_THAT(text, HasSubstr("   400038   400039\n"));
}

}  // namespace
}  // namespace weir::cli
