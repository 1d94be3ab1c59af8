// HTTP without sockets: bytes of a request in, a decision out. Beast parses; what is asked for and
// what is answered is decided here, where a test and a fuzzer can reach it.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "negotiation.hpp"

namespace weir::prometheus_sink {

// What the endpoint serves, and to whom.
struct HttpRules {
  std::string path = "/metrics";
  bool gzip = true;
  // Expected value of Authorization behind "Basic "; empty: anybody may come in.
  std::string credentials;
  std::string agent_version;
};

// The value for HttpRules::credentials.
std::string basic_credentials(std::string_view username, std::string_view password);

struct Reply {
  unsigned status = 200;
  bool metrics = false;     // the body is an exposition; else it is `text`
  bool head_only = false;   // HEAD
  bool keep_alive = false;  // the connection can be used again
  bool chunked = false;     // an exposition is framed in chunks
  bool gzip = false;
  MediaType media{Format::text, ""};
  std::string text;  // everything but an exposition

  // Status line and header fields, with the empty line.
  std::string head() const;
};

class RequestReader {
 public:
  explicit RequestReader(const HttpRules& rules) : rules_(rules) { reset(); }

  // Takes bytes from the front of `in` and removes them. The reply once the request is complete,
  // or cannot become one; then `reset` before the next.
  std::optional<Reply> feed(std::string& in);
  void reset();

 private:
  Reply decide();
  Reply failure(unsigned status, std::string text) const;
  bool authorized() const;

  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  const HttpRules& rules_;
  std::optional<Parser> parser_;
};

}  // namespace weir::prometheus_sink
