#include "place.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "weir/url.hpp"

namespace weir::mongodb_sink {

namespace {

constexpr const char* kExpected =
    "; expected mongodb://user@host:27017,host/database?replicaSet=name";
constexpr std::array<std::string_view, 11> kAllowed{
    "replicaset",   "authsource",  "authmechanism",        "authmechanismproperties",
    "appname",      "compressors", "zlibcompressionlevel", "directconnection",
    "loadbalanced", "retrywrites", "srvmaxhosts"};

// "" or the option of the url that is not for it to say.
std::string foreign_option(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view name = query.substr(0, std::min(query.find('='), end));
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (std::find(kAllowed.begin(), kAllowed.end(), lower) == kAllowed.end()) {
      return std::string(name);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return "";
}

std::string problem_of(const std::string& text) {
  const std::string_view all = text;
  if (!all.starts_with("mongodb://") && !all.starts_with("mongodb+srv://")) {
    return "does not begin with mongodb://";
  }
  const std::size_t question = all.find('?');
  const Url url = parse_url(all.substr(0, question));
  if (!url.problem.empty()) return url.problem;
  if (url.path.empty()) return "names no database";
  if (url.path.find_first_of("/\\. \"$") != std::string::npos || url.path.size() > 63) {
    return "names a database that MongoDB would refuse";
  }
  if (question == std::string_view::npos) return "";
  const std::string foreign = foreign_option(all.substr(question + 1));
  if (foreign.empty()) return "";
  return "has the option " + foreign + ", which is not for the url to say; see the sink's options";
}

// A certificate names who it is of, and clouds and Kerberos know themselves.
bool needs_user(const mongoc_uri_t& uri) {
  constexpr std::array<std::string_view, 3> kUserless{"MONGODB-X509", "MONGODB-AWS", "GSSAPI"};
  const char* mechanism = mongoc_uri_get_auth_mechanism(&uri);
  return mongoc_uri_get_username(&uri) == nullptr &&
         (mechanism == nullptr ||
          std::find(kUserless.begin(), kUserless.end(), mechanism) == kUserless.end());
}

}  // namespace

Place parse_place(const std::string& url) {
  Place place;
  place.problem = problem_of(url);
  if (place.problem.empty()) {
    bson_error_t error{};
    const Uri uri(mongoc_uri_new_with_error(url.c_str(), &error), mongoc_uri_destroy);
    if (uri == nullptr) {
      place.problem = std::string("is refused by libmongoc: ") + error.message;
    } else {
      place.database = mongoc_uri_get_database(uri.get());
      place.needs_user = needs_user(*uri);
    }
  }
  if (!place.problem.empty()) place.problem += kExpected;
  return place;
}

Uri make_uri(const Options& options, Duration connect, Duration answer) {
  Uri uri(mongoc_uri_new(options.url.c_str()), mongoc_uri_destroy);
  const auto set_ms = [&](const char* name, Duration d) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(d).count();
    mongoc_uri_set_option_as_int32(uri.get(), name, static_cast<std::int32_t>(ms));
  };
  if (!options.password.empty()) mongoc_uri_set_password(uri.get(), options.password.c_str());
  set_ms(MONGOC_URI_CONNECTTIMEOUTMS, connect);
  set_ms(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, connect);
  set_ms(MONGOC_URI_SOCKETTIMEOUTMS, answer);
  if (mongoc_uri_get_option_as_utf8(uri.get(), MONGOC_URI_APPNAME, nullptr) == nullptr) {
    mongoc_uri_set_appname(uri.get(), "weir");
  }
  if (options.tls) mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_TLS, options.tls->enabled);
  return uri;
}

}  // namespace weir::mongodb_sink
