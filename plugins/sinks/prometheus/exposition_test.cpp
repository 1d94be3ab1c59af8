// What a scrape reads, to the byte.
#include "exposition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "store_fixture.hpp"

namespace weir::prometheus_sink {
namespace {

using testing::Fixture;
using weir::Schema;

TEST(Exposition, FamiliesComeByNameWithHelpAndType) {
  Fixture f;
  const auto* m = f.measurement(Schema("host", "About the host.")
                                    .label("cpu")
                                    .gauge("load", "", "How \"busy\".\nVery.")
                                    .counter("cpu_seconds_total", "seconds", "CPU time.")
                                    .counter("errors", "", ""));
  f.add(m, {"0"}, [](weir::Batch& b, std::uint32_t row) {
    b.set(0, row, 0.5);
    b.set(1, row, 1234.56);
    b.set(2, row, 3);
  });
  f.write();
  EXPECT_EQ(f.text(),
            "# HELP host_cpu_seconds_total CPU time.\n"
            "# TYPE host_cpu_seconds_total counter\n"
            "host_cpu_seconds_total{cpu=\"0\"} 1234.56\n"
            "# HELP host_errors About the host.\n"
            "# TYPE host_errors counter\n"
            "host_errors{cpu=\"0\"} 3\n"
            "# HELP host_load How \"busy\".\\nVery.\n"
            "# TYPE host_load gauge\n"
            "host_load{cpu=\"0\"} 0.5\n");
  EXPECT_EQ(f.text(Format::openmetrics),
            "# HELP host_cpu_seconds CPU time.\n"
            "# TYPE host_cpu_seconds counter\n"
            "# UNIT host_cpu_seconds seconds\n"
            "host_cpu_seconds_total{cpu=\"0\"} 1234.56\n"
            "# HELP host_errors About the host.\n"
            "# TYPE host_errors unknown\n"
            "host_errors{cpu=\"0\"} 3\n"
            "# HELP host_load How \\\"busy\\\".\\nVery.\n"
            "# TYPE host_load gauge\n"
            "host_load{cpu=\"0\"} 0.5\n");
}

TEST(Exposition, EveryTypeOfValue) {
  Fixture f;
  const auto* m = f.measurement(Schema("v")
                                    .field("b", WEIR_BOOL, WEIR_GAUGE, "", "h")
                                    .field("f", WEIR_F64, WEIR_GAUGE, "", "h")
                                    .field("i", WEIR_I64, WEIR_GAUGE, "", "h")
                                    .field("s", WEIR_STRING, WEIR_GAUGE, "", "h")
                                    .field("u", WEIR_U64, WEIR_UNTYPED, "", "h"));
  f.add(m, {}, [](weir::Batch& b, std::uint32_t row) {
    b.set_bool(0, row, true);
    b.set(1, row, -std::numeric_limits<double>::infinity());
    b.set_i64(2, row, std::numeric_limits<std::int64_t>::min());
    b.set_string(3, row, "text is not exposed");
    b.set_u64(4, row, std::numeric_limits<std::uint64_t>::max());
  });
  f.write();
  EXPECT_EQ(f.text(),
            "# HELP v_b h\n# TYPE v_b gauge\nv_b 1\n"
            "# HELP v_f h\n# TYPE v_f gauge\nv_f -Inf\n"
            "# HELP v_i h\n# TYPE v_i gauge\nv_i -9223372036854775808\n"
            "# HELP v_u h\n# TYPE v_u untyped\nv_u 18446744073709551615\n");
  EXPECT_NE(f.text(Format::openmetrics).find("# TYPE v_u unknown\n"), std::string::npos);
  EXPECT_EQ(f.store.stats().skipped_strings, 1u);
}

TEST(Exposition, HistogramsAreCumulative) {
  Fixture f;
  const auto* m = f.measurement(Schema("rpc").label("le").label("peer").histogram(
      "latency_seconds", {0.005, 1}, "seconds", "How long."));
  const auto fill = [](weir::Batch& b, std::uint32_t row) {
    const std::uint64_t buckets[] = {2, 3, 1};
    b.set_histogram(0, row, buckets, 4.25);
  };
  f.add(m, {"", "a"}, fill);
  f.add(m, {"mine", ""}, fill);
  f.add(m, {"", ""}, fill);
  f.write();
  const std::string head =
      "# HELP rpc_latency_seconds How long.\n# TYPE rpc_latency_seconds histogram\n";
  EXPECT_EQ(f.text(), head +
                          "rpc_latency_seconds_bucket{peer=\"a\",le=\"0.005\"} 2\n"
                          "rpc_latency_seconds_bucket{peer=\"a\",le=\"1\"} 5\n"
                          "rpc_latency_seconds_bucket{peer=\"a\",le=\"+Inf\"} 6\n"
                          "rpc_latency_seconds_sum{peer=\"a\"} 4.25\n"
                          "rpc_latency_seconds_count{peer=\"a\"} 6\n"
                          "rpc_latency_seconds_bucket{exported_le=\"mine\",le=\"0.005\"} 2\n"
                          "rpc_latency_seconds_bucket{exported_le=\"mine\",le=\"1\"} 5\n"
                          "rpc_latency_seconds_bucket{exported_le=\"mine\",le=\"+Inf\"} 6\n"
                          "rpc_latency_seconds_sum{exported_le=\"mine\"} 4.25\n"
                          "rpc_latency_seconds_count{exported_le=\"mine\"} 6\n"
                          "rpc_latency_seconds_bucket{le=\"0.005\"} 2\n"
                          "rpc_latency_seconds_bucket{le=\"1\"} 5\n"
                          "rpc_latency_seconds_bucket{le=\"+Inf\"} 6\n"
                          "rpc_latency_seconds_sum 4.25\n"
                          "rpc_latency_seconds_count 6\n");
  EXPECT_NE(f.text(Format::openmetrics).find("{peer=\"a\",le=\"1.0\"} 5\n"), std::string::npos);
}

TEST(Exposition, InfosKeepTheirNameInText) {
  Fixture f;
  const auto* m = f.measurement(
      Schema("node_uname").label("release").field("info", WEIR_U64, WEIR_INFO, "", "Kernel."));
  f.add(m, {"6.1"}, [](weir::Batch& b, std::uint32_t row) { b.set_u64(0, row, 1); });
  f.write();
  EXPECT_EQ(f.text(),
            "# HELP node_uname_info Kernel.\n# TYPE node_uname_info gauge\n"
            "node_uname_info{release=\"6.1\"} 1\n");
  EXPECT_EQ(f.text(Format::openmetrics),
            "# HELP node_uname Kernel.\n# TYPE node_uname info\n"
            "node_uname_info{release=\"6.1\"} 1\n");
}

// OpenMetrics knows families by the name without _total and _info, and each once.
TEST(Exposition, ShortNamesOfOpenMetricsDoNotCollide) {
  for (const bool counter_first : {true, false}) {
    Fixture f;
    const auto counter = Schema("n").counter("x_total", "", "c");
    const auto gauge = Schema("m").gauge("x", "", "g", "n_x");
    const auto info = Schema("o").field("x_info", WEIR_U64, WEIR_INFO, "", "i", "n_x_info");
    const std::vector<Schema> in_order = {counter_first ? counter : gauge, info,
                                          counter_first ? gauge : counter};
    for (const Schema& schema : in_order) {
      f.add(f.measurement(schema), {}, [&](weir::Batch& b, std::uint32_t row) {
        schema.name() == "o" ? b.set_u64(0, row, 1) : b.set(0, row, 1);
      });
    }
    f.write();
    EXPECT_EQ(f.text(Format::openmetrics),
              "# HELP n_x g\n# TYPE n_x gauge\nn_x 1\n"
              "# HELP n_x_info i\n# TYPE n_x_info gauge\nn_x_info 1\n"
              "# HELP n_x_total c\n# TYPE n_x_total unknown\nn_x_total 1\n");
  }
  Fixture f;
  const auto* info = f.measurement(Schema("n").field("x_info", WEIR_U64, WEIR_INFO, "", "i"));
  const auto* counter = f.measurement(Schema("n").counter("x_total", "", "c"));
  f.add(info, {}, [](weir::Batch& b, std::uint32_t row) { b.set_u64(0, row, 1); });
  f.add(counter, {}, 1);
  f.write();
  EXPECT_EQ(f.text(Format::openmetrics),
            "# HELP n_x_info i\n# TYPE n_x_info gauge\nn_x_info 1\n"
            "# HELP n_x c\n# TYPE n_x counter\nn_x_total 1\n");
}

TEST(Exposition, AUnitThatTheNameDoesNotEndInIsLeftOut) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").gauge("heat", "celsius", "h").gauge("a_s", "s", "h"));
  f.add(m, {}, [](weir::Batch& b, std::uint32_t row) {
    b.set(0, row, 1);
    b.set(1, row, 1);
  });
  f.write();
  EXPECT_EQ(f.text(Format::openmetrics),
            "# HELP m_a_s h\n# TYPE m_a_s gauge\n# UNIT m_a_s s\nm_a_s 1\n"
            "# HELP m_heat h\n# TYPE m_heat gauge\nm_heat 1\n");
}

TEST(Exposition, LabelsAreSortedEscapedAndEmptyOnesLeftOut) {
  Fixture f;
  const auto* m = f.measurement(
      Schema("m").label("z").label("a").label("__name__").label("empty").gauge("v", "", "h"));
  f.add(m, {"last", "q\"b\\n\n", "reserved", ""}, 1);
  f.write();
  EXPECT_EQ(f.text(),
            "# HELP m_v h\n# TYPE m_v gauge\n"
            "m_v{a=\"q\\\"b\\\\n\\n\",exported___name__=\"reserved\",z=\"last\"} 1\n");
}

TEST(Exposition, TimestampsWhenAskedFor) {
  Fixture f({1000, 300'000'000'000, true});
  const auto* m = f.measurement(Schema("m").gauge("v", "", "h"));
  f.add(m, {}, 1);
  f.write();
  EXPECT_NE(f.text().find("m_v 1 1700000000123\n"), std::string::npos);
  EXPECT_NE(f.text(Format::openmetrics).find("m_v 1 1700000000.123\n"), std::string::npos);
}

TEST(Exposition, AFamilyWithoutSamplesHasNoHead) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").gauge("v", "", "h"));
  f.add(m, {}, [](weir::Batch& b, std::uint32_t row) { b.set_null(0, row); });
  f.write();
  EXPECT_EQ(f.text(), "");
}

// Pieces of any size join to the same text.
TEST(Exposition, PiecesJoin) {
  Fixture f({100'000, 300'000'000'000, false});
  const auto* m = f.measurement(Schema("m")
                                    .label("i")
                                    .gauge("a", "", "h")
                                    .histogram("h", {1, 2}, "", "h")
                                    .gauge("z", "", "h"));
  const auto* other = f.measurement(Schema("m").label("j").gauge("a", "", "h"));
  for (int i = 0; i < 700; ++i) {
    f.add(m, {std::to_string(i)}, [&](weir::Batch& b, std::uint32_t row) {
      const std::uint64_t buckets[] = {1, 2, 3};
      b.set(0, row, i);
      b.set_histogram(1, row, buckets, i);
      b.set(2, row, i);
    });
    f.add(other, {std::to_string(i)}, i);
  }
  f.write();
  const std::string whole = f.text(Format::openmetrics, 1 << 30);
  EXPECT_GT(whole.size(), 100'000u);
  for (const std::size_t piece : {1, 100, 4096, 32768}) {
    EXPECT_EQ(f.text(Format::openmetrics, piece), whole) << piece;
  }
}

TEST(Exposition, ALabelLargerThanAnyBuffer) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  const std::string giant(60'000, '"');
  f.add(m, {giant}, 1);
  f.write();
  EXPECT_GT(f.text(Format::text, 100).size(), 120'000u);
}

}  // namespace
}  // namespace weir::prometheus_sink
