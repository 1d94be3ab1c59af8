// The text that /metrics is.
#include "core/telemetry/exposition.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "weir/weir.hpp"

namespace weir::core {
namespace {

constexpr weir_field kTotal{
    sizeof(weir_field), WEIR_U64, WEIR_COUNTER, 0, "rows_total", "", "Rows.", nullptr, nullptr};
constexpr weir_field kBusy{sizeof(weir_field), WEIR_F64, WEIR_GAUGE,     0,      "busy",
                           "seconds",          "Time.",  "process_busy", nullptr};
const weir_field* const kFields[] = {&kTotal, &kBusy};
const char* const kLabels[] = {"component", "peer"};
const weir_measurement kSchema{sizeof(weir_measurement), 0, 2, 2, "weir_x", "", kFields, kLabels};

void add(Exposition& to, std::string_view component, std::string_view peer, std::uint64_t rows,
         double busy) {
  const weir_string labels[] = {abi_string(component), abi_string(peer)};
  weir_cell cells[2];
  cells[0].u64 = rows;
  cells[1].f64 = busy;
  Exposition::add(&to, &kSchema, labels, cells);
}

TEST(Exposition, GathersFamilies) {
  Exposition e;
  EXPECT_EQ(e.text(), "");
  add(e, "a", "", std::numeric_limits<std::uint64_t>::max(), 0.25);
  add(e, "b", "db:1", 0, 2);
  EXPECT_EQ(e.text(),
            "# HELP weir_x_rows_total Rows.\n"
            "# TYPE weir_x_rows_total counter\n"
            "weir_x_rows_total{component=\"a\"} 18446744073709551615\n"
            "weir_x_rows_total{component=\"b\",peer=\"db:1\"} 0\n"
            "# HELP process_busy Time.\n"
            "# TYPE process_busy gauge\n"
            "process_busy{component=\"a\"} 0.25\n"
            "process_busy{component=\"b\",peer=\"db:1\"} 2\n");
}

TEST(Exposition, EscapesWhatServersSay) {
  Exposition e;
  add(e, "", "a\"b\\c\nd\xff", 1, 1);
  EXPECT_NE(e.text().find("weir_x_rows_total{peer=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n"),
            std::string::npos)
      << e.text();
}

}  // namespace
}  // namespace weir::core
