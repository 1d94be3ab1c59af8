#include "url.hpp"

#include <charconv>
#include <optional>

namespace weir::mysql_sink {

namespace {

std::optional<std::string> decoded(std::string_view text) {
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

Url refused(const std::string& why) {
  Url url;
  url.problem = why + "; expected mysql://user@host:3306/database";
  return url;
}

}  // namespace

Url parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "mysql://";
  if (!text.starts_with(kScheme)) return refused("does not begin with mysql://");
  text.remove_prefix(kScheme.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) {
    return refused("names no database");
  }
  const auto database = decoded(text.substr(slash + 1));
  if (!database || text.find_first_of("/?#", slash + 1) != std::string_view::npos) {
    return refused("has more behind the host than a database");
  }
  std::string_view place = text.substr(0, slash);
  Url url;
  url.database = *database;
  const std::size_t at = place.rfind('@');
  if (at == std::string_view::npos || at == 0) return refused("names no user");
  const std::string_view user = place.substr(0, at);
  if (user.find(':') != std::string_view::npos) {
    return refused("holds a password, which belongs into the option password");
  }
  const auto name = decoded(user);
  if (!name) return refused("has a user with a malformed %XX");
  url.user = *name;
  place.remove_prefix(at + 1);

  std::size_t colon = place.rfind(':');
  if (place.starts_with('[')) {
    const std::size_t close = place.find(']');
    if (close == std::string_view::npos) return refused("has a [ without ]");
    url.host = place.substr(1, close - 1);
    colon = close + 1 < place.size() ? close + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && place[colon] != ':') {
      return refused("has something else than a port behind ]");
    }
  } else {
    url.host = place.substr(0, colon);
    if (url.host.find(':') != std::string::npos) {
      return refused("has an IPv6 address without brackets");
    }
  }
  if (colon != std::string_view::npos) {
    const char *begin = place.data() + colon + 1, *end = place.data() + place.size();
    const auto [stop, error] = std::from_chars(begin, end, url.port);
    if (error != std::errc{} || stop != end || url.port == 0) {
      return refused("has a port that is not a number from 1 to 65535");
    }
  }
  if (url.host.empty()) return refused("names no host");
  return url;
}

}  // namespace weir::mysql_sink
