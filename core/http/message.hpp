// What is asked of the agent over HTTP and what it answers, without sockets.
#pragma once

#include <string>

namespace weir::http {

struct Request {
  std::string method;         // as sent
  std::string path;           // without the query
  std::string authorization;  // the header's value, or ""
  std::string host;           // likewise
  bool local = false;         // over the Unix socket: the file's permissions let it in
};

struct Response {
  unsigned status = 200;
  const char* content_type = "application/json";
  std::string body;
  const char* allow = "GET, HEAD";  // told with 405
};

// {"error": what}
Response error_response(unsigned status, const char* what);

}  // namespace weir::http
