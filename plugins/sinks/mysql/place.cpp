#include "place.hpp"

#include "weir/url.hpp"

namespace weir::mysql_sink {

namespace {

std::string problem_of(const Url& url, std::string_view text) {
  if (!text.starts_with("mysql://")) return "does not begin with mysql://";
  if (!url.problem.empty()) return url.problem;
  if (url.user.empty()) return "names no user";
  if (url.hosts.size() > 1) return "names more than one host";
  if (url.path.empty()) return "names no database";
  if (text.find('/', text.find('/', text.find("://") + 3) + 1) != std::string_view::npos) {
    return "has more behind the host than a database";
  }
  return "";
}

}  // namespace

Place parse_place(std::string_view text) {
  Url url = parse_url(text);
  Place place;
  place.problem = problem_of(url, text);
  if (!place.problem.empty()) {
    place.problem += "; expected mysql://user@host:3306/database";
    return place;
  }
  place.user = std::move(url.user);
  place.host = std::move(url.hosts[0].name);
  if (url.hosts[0].port != 0) place.port = url.hosts[0].port;
  place.database = std::move(url.path);
  return place;
}

}  // namespace weir::mysql_sink
