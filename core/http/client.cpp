#include "core/http/client.hpp"

#include <sys/un.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdint>
#include <vector>

#include "weir/listen.hpp"

namespace weir::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol, asio::io_context::executor_type>;

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint64_t kBodyBytesMax = 256u << 20;  // of a thousand components, far less

// Runs one operation of the stream to its end, or until patience is over.
template <class Start>
error_code wait(asio::io_context& io, Stream& stream, Start start) {
  error_code result = asio::error::timed_out;
  stream.expires_after(kPatience);
  start([&result](const error_code& error, auto&&...) { result = error; });
  io.restart();
  io.run();
  return result;
}

std::vector<Protocol::endpoint> endpoints(asio::io_context& io, const std::string& where,
                                          error_code& error) {
  // Asio throws where a path is longer than an address may be.
  constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
  if (where.starts_with('/')) {
    if (where.size() <= kPathBytesMax) return {asio::local::stream_protocol::endpoint(where)};
    error = make_error_code(boost::system::errc::filename_too_long);
    return {};
  }
  std::string host;
  std::uint16_t port = 0;
  if (!parse_listen(where, host, port).empty()) {
    error = make_error_code(boost::system::errc::invalid_argument);
    return {};
  }
  std::vector<Protocol::endpoint> all;
  asio::ip::tcp::resolver resolver(io);
  for (const auto& entry : resolver.resolve(host.empty() ? "localhost" : host, std::to_string(port),
                                            asio::ip::resolver_base::numeric_service, error)) {
    all.emplace_back(entry.endpoint());
  }
  return all;
}

Reply ask(beast::http::verb verb, const std::string& where, const std::string& path,
          const std::string& token) {
  asio::io_context io;
  Stream stream(io);
  error_code error;
  const auto failed = [&](const char* what) {
    return Reply{0, "", what + where + ": " + error.message()};
  };
  for (const Protocol::endpoint& at : endpoints(io, where, error)) {
    error_code ignored;
    stream.socket().close(ignored);
    error = wait(io, stream, [&](auto done) { stream.async_connect(at, done); });
    if (!error) break;
  }
  if (error) return failed("");
  beast::http::request<beast::http::string_body> request(verb, path, 11);
  request.set(beast::http::field::host, "localhost");
  request.set(beast::http::field::user_agent, "weir");
  if (!token.empty()) request.set(beast::http::field::authorization, "Bearer " + token);
  request.keep_alive(false);
  error = wait(io, stream, [&](auto done) { beast::http::async_write(stream, request, done); });
  if (error) return failed("cannot ask ");
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kBodyBytesMax);
  error =
      wait(io, stream, [&](auto done) { beast::http::async_read(stream, buffer, parser, done); });
  if (error) return failed("no answer from ");
  return {parser.get().result_int(), std::move(parser.get().body()), ""};
}

}  // namespace

Reply get(const std::string& where, const std::string& path, const std::string& token) {
  return ask(beast::http::verb::get, where, path, token);
}

Reply post(const std::string& where, const std::string& path, const std::string& token) {
  return ask(beast::http::verb::post, where, path, token);
}

}  // namespace weir::http
