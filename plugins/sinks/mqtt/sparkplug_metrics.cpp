#include "sparkplug_metrics.hpp"

#include <cstdlib>

#include "topic.hpp"
#include "weir/format_plan.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_sink {

namespace {

constexpr std::size_t kSeriesMax = 1'000'000;    // remembered; more are looked up by their names
constexpr std::size_t kKeptTextBytesMax = 1024;  // of a value

}  // namespace

std::string_view well_formed(std::string_view text, std::string& copy) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = s + text.size();
  while (s != end) {
    const int step = *s < 0x80 ? 1 : format::utf8_step(s, end);
    if (step < 0) break;
    s += step;
  }
  if (s == end) return text;
  format::Buffer out;
  char* p = out.reserve(text.size() * format::kEscapeRatioMax);
  p = format::put_text(p, text, [](char* at, char c) {
    *at = c;
    return at + 1;
  });
  out.set_end(p);
  copy = out.view();
  return copy;
}

const SparkplugMetrics::Series* SparkplugMetrics::of(const weir_series& series) {
  if (series_.size() > kSeriesMax) series_.clear();
  Series& known = series_[series.index];
  if (known.generation == series.generation) return &known;
  const weir_measurement& m = *series.measurement;
  format::Buffer prefix;
  append_level(m.name, prefix);
  char separator = '/';
  format::each_label(series, [&](std::string_view name, std::string_view value) {
    if (value.empty() || name == device_label_) return;
    prefix.append({&separator, 1});
    prefix.append(name);
    prefix.append("=");
    append_level(value, prefix);
    separator = ',';
  });
  prefix.append("/");
  const std::size_t bytes = 2 * prefix.size() * m.field_count;
  if (metrics_.size() + m.field_count > kMetricsMax || bytes_ + bytes > kMetricBytesMax) {
    series_.erase(series.index);
    return nullptr;
  }
  known.generation = series.generation;
  known.device = add_device(series);
  known.metrics.clear();
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const std::string name = std::string(prefix.view()) + m.fields[i]->name;
    known.metrics.push_back(add_metric(known.device, name, *m.fields[i]));
  }
  return &known;
}

std::uint32_t SparkplugMetrics::add_device(const weir_series& series) {
  const std::string_view label = payload::label_of(series, device_label_);
  if (label.empty()) return kNode;
  format::Buffer id;
  append_level(label, id);
  const auto next = static_cast<std::uint32_t>(devices_.size());
  const auto [found, is_new] = device_of_.try_emplace(std::string(id.view()), next);
  if (is_new) {
    devices_.emplace_back().id = found->first;
    bytes_ += 2 * id.size();
  }
  return found->second;
}

std::uint32_t SparkplugMetrics::add_metric(std::uint32_t device, const std::string& name,
                                           const weir_field& field) {
  const payload::SparkplugType type = payload::sparkplug_type(field.type);
  if (type == payload::SparkplugType::unknown) return kNone;
  const auto next = static_cast<std::uint32_t>(metrics_.size());
  const auto [found, is_new] = metric_of_.try_emplace(std::to_string(device) + "/" + name, next);
  if (is_new) {
    metrics_.push_back({name, field.unit, "", type, {}, {}});
    devices_[device].metrics.push_back(next);
    bytes_ += 2 * name.size();
  }
  return metrics_[found->second].type == type ? found->second : kNone;
}

void SparkplugMetrics::keep(std::uint32_t alias, const payload::SparkplugMetric& metric) {
  Metric& m = metrics_[alias];
  m.time_ms = metric.time_ms;
  m.value = metric.value;
  if (const auto* text = std::get_if<std::string_view>(&metric.value)) {
    bytes_ -= m.text.size();
    m.text = text->size() <= kKeptTextBytesMax ? std::string(*text) : std::string();
    bytes_ += m.text.size();
    m.value = payload::SparkplugValue{};
  }
}

std::vector<payload::SparkplugMetric> SparkplugMetrics::birth(std::uint32_t device) const {
  std::vector<payload::SparkplugMetric> result;
  result.reserve(devices_[device].metrics.size());
  for (const std::uint32_t alias : devices_[device].metrics) {
    const Metric& m = metrics_[alias];
    payload::SparkplugMetric& out = result.emplace_back();
    out.name = m.name;
    out.alias = alias;
    out.time_ms = m.time_ms;
    out.type = m.type;
    out.unit = m.unit;
    out.value = m.value;
    if (!m.text.empty()) out.value = std::string_view(m.text);
  }
  return result;
}

}  // namespace weir::mqtt_sink
