// The sink's own metrics; see self_metrics.hpp. prometheus-cpp keeps them; its serialiser knows
// neither OpenMetrics nor std::to_chars, so the text is written here.
#include "self_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "exposition.hpp"
#include "output.hpp"

namespace weir::prometheus_sink {

namespace {

std::string own(const char* name) { return std::string(kOwnPrefix) + name; }

using Labels = std::vector<::prometheus::ClientMetric::Label>;

void sample(Output& out, const std::string& name, const Labels& labels, std::string_view bound,
            double value) {
  std::string line = name;
  char separator = '{';
  const auto label = [&](std::string_view key, std::string_view text) {
    line += separator;
    line.append(key).append("=\"");
    append_label_value(line, text);
    line += '"';
    separator = ',';
  };
  for (const auto& l : labels) label(l.name, l.value);
  if (!bound.empty()) label("le", bound);
  line += separator == '{' ? " " : "} ";
  out.append(line);
  char* at = out.room(kNumberBytesMax + 1);
  at = write_number(at, value);
  *at++ = '\n';
  out.advance(at);
}

void histogram(Output& out, const std::string& name, const ::prometheus::ClientMetric& metric,
               Format format) {
  for (const auto& bucket : metric.histogram.bucket) {
    char text[kNumberBytesMax + 2];
    const char* end = write_bound(text, bucket.upper_bound, format);
    sample(out, name + "_bucket", metric.label, {text, static_cast<std::size_t>(end - text)},
           static_cast<double>(bucket.cumulative_count));
  }
  sample(out, name + "_sum", metric.label, "", metric.histogram.sample_sum);
  sample(out, name + "_count", metric.label, "",
         static_cast<double>(metric.histogram.sample_count));
}

}  // namespace

::prometheus::Counter& SelfMetrics::counter(const char* name, const char* help) {
  return ::prometheus::BuildCounter().Name(own(name)).Help(help).Register(registry_).Add({});
}

SelfMetrics::SelfMetrics()
    : requests_(::prometheus::BuildCounter()
                    .Name(own("requests_total"))
                    .Help("Requests answered, by HTTP status.")
                    .Register(registry_)),
      scrapes_(counter("scrapes_total", "Expositions that were sent to their end.")),
      scrape_seconds_(
          ::prometheus::BuildHistogram()
              .Name(own("scrape_duration_seconds"))
              .Help("From the request to the last byte handed to the system.")
              .Register(registry_)
              .Add({}, ::prometheus::Histogram::BucketBoundaries{0.001, 0.01, 0.1, 1, 10})),
      sent_bytes_(counter("sent_bytes_total", "Bytes of responses, after compression.")),
      evicted_(counter("evicted_connections_total",
                       "Connections closed to make room for another, or because of a time limit.")),
      series_(::prometheus::BuildGauge()
                  .Name(own("series"))
                  .Help("Samples that the series held now can be exposed as.")
                  .Register(registry_)
                  .Add({})),
      rows_(counter("rows_total", "Rows that the agent delivered.")),
      over_limit_rows_(
          counter("over_limit_rows_total", "Rows of new series refused because of max_series.")),
      conflicting_values_(counter(
          "conflicting_values_total",
          "Values not exposed because their metric name is invalid or of another type already.")),
      skipped_strings_(
          counter("skipped_strings_total", "Values not exposed because they are text.")),
      expired_series_(
          counter("expired_series_total", "Samples freed after series_ttl without a new row.")) {}

void SelfMetrics::count_request(unsigned status) {
  ::prometheus::Counter*& found = requests_by_status_[status];
  if (found == nullptr) found = &requests_.Add({{"code", std::to_string(status)}});
  found->Increment();
}

void SelfMetrics::count_scrape(double duration_seconds) {
  scrapes_.Increment();
  scrape_seconds_.Observe(duration_seconds);
}

void SelfMetrics::count_sent(std::size_t bytes) {
  sent_bytes_.Increment(static_cast<double>(bytes));
}

void SelfMetrics::count_evicted() { evicted_.Increment(); }

void SelfMetrics::raise(::prometheus::Counter& counter, std::uint64_t to) {
  counter.Increment(static_cast<double>(to) - counter.Value());
}

std::string SelfMetrics::render(const Store::Stats& stats, Format format) {
  series_.Set(static_cast<double>(stats.series));
  raise(rows_, stats.rows);
  raise(over_limit_rows_, stats.over_limit_rows);
  raise(conflicting_values_, stats.conflicting_values);
  raise(skipped_strings_, stats.skipped_strings);
  raise(expired_series_, stats.expired_series);
  Output out(8192);
  for (const ::prometheus::MetricFamily& family : registry_.Collect()) {
    const Type type = family.type == ::prometheus::MetricType::Counter     ? Type::counter
                      : family.type == ::prometheus::MetricType::Histogram ? Type::histogram
                                                                           : Type::gauge;
    write_family_head(out, family.name, type, family.help, "", false, format);
    for (const ::prometheus::ClientMetric& metric : family.metric) {
      if (type == Type::histogram) {
        histogram(out, family.name, metric, format);
      } else {
        sample(out, family.name, metric.label, "",
               type == Type::counter ? metric.counter.value : metric.gauge.value);
      }
    }
  }
  if (format == Format::openmetrics) out.append("# EOF\n");
  return std::string(out.view());
}

}  // namespace weir::prometheus_sink
