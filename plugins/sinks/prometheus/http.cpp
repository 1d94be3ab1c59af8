// Requests and replies; see http.hpp.
#include "http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/field.hpp>

#include "limits.hpp"
#include "weir/http.hpp"

namespace weir::prometheus_sink {

namespace http = boost::beast::http;

namespace {

constexpr const char* kNoBody = "A request for metrics has no body.";

std::string_view trimmed(std::string_view s) {
  while (s.starts_with(' ')) s.remove_prefix(1);
  while (s.ends_with(' ')) s.remove_suffix(1);
  return s;
}

std::string_view standard(boost::beast::string_view s) { return {s.data(), s.size()}; }

// All fields of that name, as if they had been one.
std::string joined(const http::fields& fields, http::field name) {
  std::string value;
  const auto range = fields.equal_range(name);
  for (auto it = range.first; it != range.second; ++it) {
    if (!value.empty()) value += ',';
    value += standard(it->value());
  }
  return value;
}

const char* reason(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    default: return "Request Header Fields Too Large";
  }
}

std::string index_page(const HttpRules& rules) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Weir</title>"
         "</head>\n<body><h1>Weir " +
         rules.agent_version + "</h1><p><a href=\"" + rules.path +
         "\">Metrics</a></p></body></html>\n";
}

}  // namespace

// RFC 4648, 4.
std::string basic_credentials(std::string_view username, std::string_view password) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string plain = std::string(username) + ":" + std::string(password);
  std::string encoded;
  for (std::size_t i = 0; i < plain.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t b = 0; b < 3; ++b) {
      bits = bits << 8 | (i + b < plain.size() ? static_cast<unsigned char>(plain[i + b]) : 0u);
    }
    for (std::size_t d = 0; d < 4; ++d) {
      encoded += i + d <= plain.size() ? kAlphabet[bits >> (18 - 6 * d) & 63] : '=';
    }
  }
  return encoded;
}

std::string Reply::head() const {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " " + reason(status) + "\r\n";
  const auto field = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  field("Content-Type", media.content_type);
  if (metrics) {
    field("Vary", "Accept, Accept-Encoding");
    if (gzip) field("Content-Encoding", "gzip");
    if (chunked) field("Transfer-Encoding", "chunked");
  } else {
    field("Content-Length", std::to_string(text.size()));
  }
  if (status == 401) field("WWW-Authenticate", "Basic realm=\"weir\", charset=\"UTF-8\"");
  if (status == 405) field("Allow", "GET, HEAD");
  field("X-Content-Type-Options", "nosniff");
  field("Connection", keep_alive ? "keep-alive" : "close");
  return out + "\r\n";
}

void RequestReader::reset() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(std::uint64_t{0});
}

Reply RequestReader::failure(unsigned status, std::string text) const {
  Reply reply;
  reply.status = status;
  reply.media.content_type = "text/plain; charset=utf-8";
  reply.text = std::move(text) + "\n";
  return reply;
}

std::optional<Reply> RequestReader::feed(std::string& in) {
  boost::beast::error_code error;
  const std::size_t used = parser_->put(boost::asio::buffer(in), error);
  in.erase(0, used);
  if (error == http::error::body_limit) return failure(413, kNoBody);
  if (!error && parser_->is_header_done()) return decide();
  if (error == http::error::need_more) {
    if (in.size() <= kHeaderBytesMax) return std::nullopt;
    error = http::error::header_limit;
  }
  if (error == http::error::header_limit) {
    return failure(
        431, "The request's header is larger than " + std::to_string(kHeaderBytesMax) + " bytes.");
  }
  if (!error) return std::nullopt;
  return failure(400, "This is not a request that can be understood: " + error.message() + ".");
}

bool RequestReader::authorized() const {
  if (rules_.credentials.empty()) return true;
  std::string_view value = standard(parser_->get()[http::field::authorization]);
  constexpr std::string_view kScheme = "basic ";
  if (value.size() < kScheme.size() ||
      !boost::beast::iequals(boost::beast::string_view(value.data(), kScheme.size()),
                             boost::beast::string_view(kScheme.data(), kScheme.size()))) {
    return false;
  }
  return weir::http::equal_in_constant_time(rules_.credentials,
                                            trimmed(value.substr(kScheme.size())));
}

Reply RequestReader::decide() {
  const auto& request = parser_->get();
  const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
  const bool is_head = request.method() == http::verb::head;
  const std::string_view path = weir::http::path_of(standard(request.target()));
  Reply reply;
  if (has_body) {
    return failure(413, kNoBody);  // and closes: the body is not read
  } else if (!authorized()) {
    reply = failure(401, "A user name and a password are asked for.");
  } else if (path != rules_.path && path != "/") {
    reply = failure(404, "There is nothing here. Metrics are at " + rules_.path + ".");
  } else if (request.method() != http::verb::get && !is_head) {
    reply = failure(405, "Only GET and HEAD are served.");
  } else if (path == rules_.path) {
    reply.metrics = true;
    reply.media = negotiate_media_type(joined(request, http::field::accept));
    reply.gzip = rules_.gzip && accepts_gzip(joined(request, http::field::accept_encoding));
    reply.chunked = request.version() >= 11;
  } else {
    reply.media.content_type = "text/html; charset=utf-8";
    reply.text = index_page(rules_);
  }
  reply.head_only = is_head;
  // Without chunks the end of the connection is the end of the body.
  reply.keep_alive = request.keep_alive() && (reply.chunked || !reply.metrics);
  return reply;
}

}  // namespace weir::prometheus_sink
