// From the bytes of a request to the decision, without sockets.
#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "limits.hpp"

namespace weir::prometheus_sink {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

HttpRules rules() {
  HttpRules r;
  r.agent_version = "1.2.3";
  return r;
}

Reply ask(const std::string& request, const HttpRules& r = rules()) {
  RequestReader reader(r);
  std::string in = request;
  const auto reply = reader.feed(in);
  EXPECT_TRUE(reply.has_value()) << request;
  return reply.value_or(Reply{});
}
std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

TEST(Http, Pages) {
  EXPECT_TRUE(ask(get("/metrics")).metrics);
  EXPECT_TRUE(ask(get("/metrics?collect[]=cpu")).metrics);
  EXPECT_TRUE(ask(get("http://example.org:9464/metrics")).metrics);
  EXPECT_FALSE(ask(get("/")).metrics);
  EXPECT_THAT(ask(get("/")).text, HasSubstr("<a href=\"/metrics\">"));
  EXPECT_THAT(ask(get("http://example.org")).text, HasSubstr("Weir 1.2.3"));
  for (const char* elsewhere : {"/metrics/", "/Metrics", "//metrics", "/favicon.ico", "*"}) {
    EXPECT_EQ(ask(get(elsewhere)).status, 404u) << elsewhere;
  }
}

TEST(Http, OnlyGetAndHead) {
  EXPECT_TRUE(ask("HEAD /metrics HTTP/1.1\r\n\r\n").head_only);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    const Reply reply = ask(std::string(method) + " /metrics HTTP/1.1\r\n\r\n");
    EXPECT_EQ(reply.status, 405u) << method;
    EXPECT_THAT(reply.head(), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  }
  EXPECT_EQ(ask("POST /nothing HTTP/1.1\r\n\r\n").status, 404u);
}

TEST(Http, ABodyIsRefusedUnread) {
  for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    const Reply reply = ask(get("/metrics", std::string(field) + "\r\n"));
    EXPECT_EQ(reply.status, 413u) << field;
    EXPECT_FALSE(reply.keep_alive);
  }
  EXPECT_EQ(ask(get("/metrics", "Content-Length: 0\r\n")).status, 200u);
}

TEST(Http, GarbageIsMalformed) {
  for (const std::string& garbage :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET /a b HTTP/1.1\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nA: \x01\x00\r\n\r\n", 26)}) {
    const Reply reply = ask(garbage);
    EXPECT_EQ(reply.status, 400u) << garbage;
    EXPECT_FALSE(reply.keep_alive);
  }
}

TEST(Http, AHeaderHasALimit) {
  EXPECT_EQ(ask(get("/metrics", "X: " + std::string(kHeaderBytesMax, 'a') + "\r\n")).status, 431u);
  EXPECT_EQ(ask(get("/" + std::string(kHeaderBytesMax, 'a'))).status, 431u);
  std::string many;
  while (many.size() < kHeaderBytesMax) many += "X-Field: value\r\n";
  EXPECT_EQ(ask(get("/metrics", many)).status, 431u);
  EXPECT_EQ(ask(get("/metrics", "X: " + std::string(kHeaderBytesMax - 200, 'a') + "\r\n")).status,
            200u);
  // Also when it comes bit by bit and never ends.
  const HttpRules r = rules();
  RequestReader reader(r);
  std::string in = "GET /metrics HTTP/1.1\r\nX: ";
  std::optional<Reply> reply;
  for (std::size_t i = 0; i <= kHeaderBytesMax && !reply; i += 100) {
    in += std::string(100, 'a');
    reply = reader.feed(in);
  }
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 431u);
}

TEST(Http, RequestsComeInPiecesAndInRows) {
  const HttpRules r = rules();
  RequestReader reader(r);
  std::string in;
  const std::string request = get("/metrics", "Accept-Encoding: gzip\r\n");
  for (std::size_t i = 0; i + 1 < request.size(); ++i) {
    in += request[i];
    ASSERT_FALSE(reader.feed(in).has_value()) << i;
  }
  in += request.back();
  in += get("/") + get("/nothing");
  EXPECT_TRUE(reader.feed(in)->gzip);
  reader.reset();
  EXPECT_EQ(reader.feed(in)->status, 200u);
  reader.reset();
  EXPECT_EQ(reader.feed(in)->status, 404u);
  EXPECT_EQ(in, "");
}

TEST(Http, KeepAliveAndFraming) {
  EXPECT_TRUE(ask(get("/metrics")).keep_alive);
  EXPECT_TRUE(ask(get("/metrics")).chunked);
  EXPECT_FALSE(ask(get("/metrics", "Connection: close\r\n")).keep_alive);
  const Reply old = ask("GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(old.chunked) << "HTTP/1.0 knows no chunks";
  EXPECT_FALSE(old.keep_alive) << "so that the end of the connection is the end of the body";
}

TEST(Http, NegotiatesAcrossSeveralFields) {
  const Reply reply = ask(get("/metrics",
                              "Accept: text/plain;q=0.1\r\n"
                              "Accept: application/openmetrics-text; version=1.0.0\r\n"
                              "Accept-Encoding: identity\r\nAccept-Encoding: gzip\r\n"));
  EXPECT_EQ(reply.media.format, Format::openmetrics);
  EXPECT_TRUE(reply.gzip);
  HttpRules plain = rules();
  plain.gzip = false;
  EXPECT_FALSE(ask(get("/metrics", "Accept-Encoding: gzip\r\n"), plain).gzip);
}

TEST(Http, Credentials) {
  // RFC 4648, 10, behind a colon; RFC 7617, 2.
  EXPECT_EQ(basic_credentials("Aladdin", "open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(basic_credentials("f", "o"), "Zjpv");
  EXPECT_EQ(basic_credentials("f", "oo"), "Zjpvbw==");
  EXPECT_EQ(basic_credentials("f", "oob"), "Zjpvb2I=");
}

TEST(Http, AGuardedEndpointShowsNothing) {
  HttpRules r = rules();
  r.credentials = basic_credentials("Aladdin", "open sesame");
  const std::string good = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
  EXPECT_EQ(ask(get("/metrics", good), r).status, 200u);
  EXPECT_EQ(
      ask(get("/metrics", "authorization: bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), r).status,
      200u);
  for (const char* bad : {"", "Authorization: Basic\r\n", "Authorization: Basic \r\n",
                          "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=\r\n",
                          "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==x\r\n",
                          "Authorization: Basic qWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n",
                          "Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"}) {
    for (const char* page : {"/metrics", "/", "/nothing"}) {
      const Reply reply = ask(get(page, bad), r);
      EXPECT_EQ(reply.status, 401u) << bad;
      EXPECT_THAT(reply.head(), HasSubstr("WWW-Authenticate: Basic realm="));
      EXPECT_THAT(reply.text, Not(HasSubstr("/metrics")));
    }
  }
}

}  // namespace
}  // namespace weir::prometheus_sink
