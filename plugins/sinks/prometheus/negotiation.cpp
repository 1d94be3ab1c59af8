// Parsing of Accept and Accept-Encoding; see negotiation.hpp.
#include "negotiation.hpp"

#include <algorithm>
#include <optional>

namespace weir::prometheus_sink {

namespace {

constexpr MediaType kText = {Format::text, "text/plain; version=0.0.4; charset=utf-8"};
constexpr MediaType kOpenMetrics1 = {Format::openmetrics,
                                     "application/openmetrics-text; version=1.0.0; charset=utf-8"};
constexpr MediaType kOpenMetrics001 = {
    Format::openmetrics, "application/openmetrics-text; version=0.0.1; charset=utf-8"};

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// Takes what stands before `separator` off the front.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view item = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(item);
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// "0.75" is 750. Anything that is no q value is 0: not acceptable.
int quality_permille(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int q = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int weight = 100;
  for (std::size_t i = 2; i < text.size(); ++i, weight /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    q += (text[i] - '0') * weight;
  }
  return q <= 1000 ? q : 0;
}

struct Item {
  std::string_view name;
  std::string_view version;  // "" when there is none
  int quality = 1000;
};

Item parse_item(std::string_view text) {
  Item item;
  item.name = take(text, ';');
  while (!text.empty()) {
    std::string_view value = take(text, ';');
    const std::string_view key = take(value, '=');
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (same_word(key, "q")) item.quality = quality_permille(value);
    if (same_word(key, "version")) item.version = value;
  }
  return item;
}

std::optional<MediaType> offered(const Item& item) {
  if (same_word(item.name, "application/openmetrics-text")) {
    if (item.version.empty() || item.version == "1.0.0") return kOpenMetrics1;
    if (item.version == "0.0.1") return kOpenMetrics001;
    return std::nullopt;
  }
  if (same_word(item.name, "text/plain")) {
    if (item.version.empty() || item.version == "0.0.4") return kText;
    return std::nullopt;
  }
  if (item.name == "*/*" || same_word(item.name, "text/*")) return kText;
  if (same_word(item.name, "application/*")) return kOpenMetrics1;
  return std::nullopt;
}

}  // namespace

MediaType negotiate_media_type(std::string_view accept) {
  MediaType best = kText;
  int best_quality = 0;
  while (!accept.empty()) {
    const Item item = parse_item(take(accept, ','));
    const auto type = offered(item);
    if (type && item.quality > best_quality) {
      best = *type;
      best_quality = item.quality;
    }
  }
  return best;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  while (!accept_encoding.empty()) {
    const Item item = parse_item(take(accept_encoding, ','));
    if (same_word(item.name, "gzip") || same_word(item.name, "x-gzip")) gzip = item.quality;
    if (item.name == "*") any = item.quality;
  }
  return gzip.value_or(any.value_or(0)) > 0;
}

}  // namespace weir::prometheus_sink
