// How names, label values, help texts and numbers are spelt in the two exposition formats:
// https://prometheus.io/docs/instrumenting/exposition_formats/ (text 0.0.4) and
// https://prometheus.io/docs/specs/om/open_metrics_spec/ (OpenMetrics 1.0.0).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::prometheus_sink {

enum class Format : std::uint8_t { text, openmetrics };

// [a-zA-Z_:][a-zA-Z0-9_:]*
bool valid_metric_name(std::string_view name);

// Appends `value` as it stands between the quotes of a label: \\, \" and \n escaped, bytes that
// are not UTF-8 (Prometheus refuses a whole scrape for one of them) replaced by U+FFFD. Returns
// false when something was replaced, so that two values may have become one.
bool append_label_value(std::string& out, std::string_view value);

// Appends the text of a HELP line; OpenMetrics escapes quotes as well.
void append_help(std::string& out, std::string_view help, Format format);

// Room that any number below may take.
inline constexpr std::size_t kNumberBytesMax = 32;

// These write at `at` and return the end. Doubles round-trip; NaN, +Inf, -Inf.
char* write_number(char* at, double value);
char* write_number(char* at, std::int64_t value);
char* write_number(char* at, std::uint64_t value);
// A bucket's bound: OpenMetrics wants its canonical form, `1.0` where text has `1`.
char* write_bound(char* at, double bound, Format format);
// Nanoseconds since the epoch: text has integer milliseconds, OpenMetrics seconds.
char* write_timestamp(char* at, std::int64_t time_ns, Format format);

}  // namespace weir::prometheus_sink
