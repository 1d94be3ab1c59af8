// Which format, which encoding.
#include "negotiation.hpp"

#include <gtest/gtest.h>

namespace weir::prometheus_sink {
namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

TEST(Negotiation, MediaTypes) {
  const struct {
    const char* accept;
    std::string_view expected;
  } cases[] = {
      {"", kText},
      {"*/*", kText},
      {"text/plain", kText},
      {"text/html,application/xhtml+xml,*/*;q=0.8", kText},
      {"application/json", kText},
      // Prometheus 2.42, 2.50 (with protobuf), 3.0.
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
       "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5",
       kOpenMetrics},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
       kOpenMetrics},
      {"application/openmetrics-text", kOpenMetrics},
      {"APPLICATION/OpenMetrics-Text ; VERSION=\"1.0.0\"", kOpenMetrics},
      {"application/*", kOpenMetrics},
      {"application/openmetrics-text;version=2.0.0", kText},
      {"application/openmetrics-text;q=0.4, text/plain;q=0.5", kText},
      {"text/plain;q=0.4, application/openmetrics-text;q=0.5", kOpenMetrics},
      {"text/plain, application/openmetrics-text", kText},
      {"application/openmetrics-text, text/plain", kOpenMetrics},
      {"application/openmetrics-text;q=0, */*;q=0.1", kText},
      {"application/openmetrics-text;q=0.0004", kText},  // three digits at most
      {"application/openmetrics-text;q=2", kText},
      {"application/openmetrics-text;q=nan", kText},
      {",,;;=,q=;;", kText},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(negotiate_media_type(c.accept).content_type, c.expected) << c.accept;
  }
}

TEST(Negotiation, AnOlderOpenMetricsIsNamedAsSuch) {
  const MediaType type = negotiate_media_type("application/openmetrics-text;version=0.0.1");
  EXPECT_EQ(type.format, Format::openmetrics);
  EXPECT_EQ(std::string_view(type.content_type),
            "application/openmetrics-text; version=0.0.1; charset=utf-8");
}

TEST(Negotiation, Gzip) {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=0.1", "gzip;q=1.0, *;q=0", "*",
                          "br, x-gzip", "identity;q=0.5,gzip"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "gzip;q=0, *", "*;q=0", "gzipped", "br"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace weir::prometheus_sink
