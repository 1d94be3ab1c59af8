// Where the server is: mongodb://user@host:port,host/database?options.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <string>

#include "options.hpp"

namespace weir::mongodb_sink {

struct Place {
  std::string database;
  bool needs_user = false;  // for a password to be of use, and names none
  std::string problem;      // not empty: what is wrong with it
};

// What libmongoc reads, less what other options say (passwords, TLS, timeouts, write concern).
Place parse_place(const std::string& url);

using Uri = std::unique_ptr<mongoc_uri_t, decltype(&mongoc_uri_destroy)>;
// Of a url without a problem: with the password, and how long connecting and an answer may take.
Uri make_uri(const Options& options, Duration connect, Duration answer);

}  // namespace weir::mongodb_sink
