#include "place.hpp"

#include <algorithm>
#include <charconv>

#include "weir/url.hpp"

namespace weir::redis_sink {

namespace {

constexpr std::uint16_t kServerPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && at == end && !text.empty();
}

std::string problem_of(const Url& url, const Options& options, Place& place) {
  if (!url.problem.empty()) return url.problem;
  if (url.scheme != "redis" && url.scheme != "rediss") {
    return "does not begin with redis:// or rediss://";
  }
  if (url.hosts.size() > 1 && !options.cluster && !options.sentinel) {
    return "names more than one host, without cluster or sentinel";
  }
  if (!url.path.empty() && (!parse_number(url.path, place.database) ||
                            place.database > static_cast<std::uint32_t>(INT32_MAX))) {
    return "has something else than the number of a database behind the host";
  }
  if (options.cluster && place.database != 0) return "names a database, and a cluster has only 0";
  return "";
}

}  // namespace

std::string Address::text() const {
  if (!socket.empty()) return socket;
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool parse_address(std::string_view text, const std::string& asked_host, Address& out) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::uint16_t port = 0;
  if (!parse_number(text.substr(colon + 1), port) || port == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const bool is_printable =
      std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (host.size() > 253 || !is_printable) return false;
  out = {host.empty() ? asked_host : std::string(host), port, ""};
  return true;
}

Place parse_place(const Options& options) {
  const Url url = parse_url(options.url);
  Place place;
  place.problem = problem_of(url, options, place);
  if (!place.problem.empty()) {
    place.problem += "; expected redis://user@host:6379/0";
    return place;
  }
  place.user = url.user;
  place.is_tls = url.scheme == "rediss" || (options.tls && options.tls->enabled);
  for (const Url::Host& host : url.hosts) {
    const std::uint16_t usual = options.sentinel ? kSentinelPort : kServerPort;
    place.addresses.push_back({host.name, host.port == 0 ? usual : host.port, options.socket});
  }
  return place;
}

}  // namespace weir::redis_sink
