// weir/url.hpp - urls of servers, taken apart: scheme://user@host:port,host:port/path.
//
// As in RFC 3986, with three differences that suit a configuration: several hosts may stand there,
// separated by commas; a password may not, since it would be shown wherever the url is; and there
// is no query, since what it would hold are options.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Url {
  struct Host {
    std::string name;        // an IPv6 address without its brackets
    std::uint16_t port = 0;  // 0: none is written
  };
  std::string scheme, user;  // user: empty where there is none; %XX decoded
  std::vector<Host> hosts;   // one at least
  std::string path;          // without the '/' before it; %XX decoded
  std::string problem;       // not empty: what is wrong with it, to be read behind "url"
};

namespace detail {

inline std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return {};
    const char* const end = text.data() + i + 3;
    const auto [at, error] = std::from_chars(text.data() + i + 1, end, byte, 16);
    if (error != std::errc{} || at != end || byte == 0) return {};
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

// "" or what is wrong with `place`, host or host:port.
inline std::string parse_url_host(std::string_view place, Url::Host& host) {
  std::size_t colon = place.rfind(':');
  if (place.starts_with('[')) {
    const std::size_t close = place.find(']');
    if (close == std::string_view::npos) return "has a [ without ]";
    host.name = place.substr(1, close - 1);
    colon = close + 1 < place.size() ? close + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && place[colon] != ':') {
      return "has something else than a port behind ]";
    }
  } else {
    host.name = place.substr(0, colon);
    if (host.name.find(':') != std::string::npos) return "has an IPv6 address without brackets";
  }
  if (host.name.empty()) return "names no host";
  if (colon == std::string_view::npos) return "";
  const char *begin = place.data() + colon + 1, *end = place.data() + place.size();
  const auto [stop, error] = std::from_chars(begin, end, host.port);
  if (error != std::errc{} || stop != end || host.port == 0) {
    return "has a port that is not a number from 1 to 65535";
  }
  return "";
}

}  // namespace detail

// Which schemes, users, hosts and paths make sense is for the caller to say. Any thread.
inline Url parse_url(std::string_view text) {
  Url url;
  const auto refused = [&url](std::string why) {
    url.problem = std::move(why);
    return url;
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return refused("has no scheme before ://");
  url.scheme = text.substr(0, colon);
  text.remove_prefix(colon + 3);
  if (text.find_first_of("?#") != std::string_view::npos) {
    return refused("has a ? or #; write it as %3F or %23");
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto path = detail::percent_decoded(text.substr(slash + 1));
    if (!path) return refused("has a path with a malformed %XX");
    url.path = *path;
  }
  std::string_view place = text.substr(0, slash);
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = place.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      return refused("holds a password, which belongs into the option password");
    }
    const auto name = detail::percent_decoded(user);
    if (!name) return refused("has a user with a malformed %XX");
    url.user = *name;
    place.remove_prefix(at + 1);
  }
  for (;;) {
    const std::size_t comma = place.find(',');
    Url::Host host;
    if (std::string why = detail::parse_url_host(place.substr(0, comma), host); !why.empty()) {
      return refused(std::move(why));
    }
    url.hosts.push_back(std::move(host));
    if (comma == std::string_view::npos) return url;
    place.remove_prefix(comma + 1);
  }
}

}  // namespace weir
