#include "connection_options.hpp"

#include "weir/url.hpp"

namespace weir::mqtt {

namespace {

constexpr std::size_t kTextBytesMax = 65535;  // of every text in MQTT

std::string problem_of(const Url& url) {
  if (!url.problem.empty()) return url.problem;
  if (url.scheme != "mqtt" && url.scheme != "mqtts") {
    return "does not begin with mqtt:// or mqtts://";
  }
  if (url.hosts.size() > 1) return "names more than one host";
  if (!url.path.empty()) return "has more behind the host";
  if (url.user.size() > kTextBytesMax) return "has a user of more than 65535 bytes";
  return "";
}

}  // namespace

Place ConnectionOptions::place() const {
  Url parsed = parse_url(url);
  Place place;
  place.problem = problem_of(parsed);
  if (!place.problem.empty()) {
    place.problem += "; expected mqtt://user@host:1883 or mqtts://user@host:8883";
    return place;
  }
  place.tls = parsed.scheme == "mqtts" || (tls && tls->enabled);
  place.user = std::move(parsed.user);
  place.host = std::move(parsed.hosts[0].name);
  place.port = parsed.hosts[0].port;
  if (place.port == 0) place.port = place.tls ? 8883 : 1883;
  return place;
}

void ConnectionOptions::check(Problems& problems) const {
  const Place p = place();
  if (!p.problem.empty()) problems.add("url", p.problem);
  if (tls) tls->check(problems);
  if (url.starts_with("mqtts:") && tls && !tls->enabled) {
    problems.add("tls.enabled", "is false, and url says mqtts://; change one of them");
  }
  if (!password.empty() && p.problem.empty() && p.user.empty()) {
    problems.add("password", "is written, but url names no user; expected mqtt://user@host");
  }
  if (password.size() > kTextBytesMax) problems.add("password", "is longer than 65535 bytes");
  if (client_id.size() > kTextBytesMax) problems.add("client_id", "is longer than 65535 bytes");
}

}  // namespace weir::mqtt
