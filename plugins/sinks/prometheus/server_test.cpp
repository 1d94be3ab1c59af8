// The endpoint over real sockets: good clients, strange ones, many, and slow ones.
#include "server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "client.hpp"
#include "limits.hpp"
#include "sink.hpp"
#include "store_fixture.hpp"

namespace weir::prometheus_sink {
namespace {

using testing::Client;
using ::testing::EndsWith;
using testing::gunzip;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Response;
using weir::Schema;

class Endpoint : public ::testing::Test {
 protected:
  void start(const std::string& listen = "127.0.0.1:0") {
    Options options;
    options.listen = listen;
    options.max_series = 10'000'000;
    options_changed(options);
    sink_ = std::make_unique<PrometheusSink>(weir::Sink(agent_.host()), options);
    sink_->start();
    port_ = sink_->server()->port();
  }
  void write_rows(int rows, std::size_t padding_bytes = 500) {
    const auto* m =
        source_.measurement(Schema("m").label("i").label("padding").gauge("v", "", "A value."));
    weir::Batch batch = source_.batch(m, static_cast<std::uint32_t>(rows));
    const std::string padding(padding_bytes, 'p');
    for (int i = 0; i < rows; ++i) {
      batch.set(0, batch.add(source_.series(m, {std::to_string(i), padding}), 1), i);
    }
    source_.emit(std::move(batch));
    EXPECT_EQ(sink_->write(agent_.emitted()).code(), WEIR_OK);
    agent_.clear();
  }

  std::function<void(Options&)> options_changed = [](Options&) {};
  weir::testing::Agent agent_;
  weir::Source source_{agent_.host()};
  std::unique_ptr<PrometheusSink> sink_;
  std::uint16_t port_ = 0;
};

TEST_F(Endpoint, ServesWhatWasWritten) {
  start();
  write_rows(2);
  Client client(port_);
  const Response text = client.get("/metrics");
  EXPECT_EQ(text.status, 200);
  EXPECT_THAT(text.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(text.body, HasSubstr("# HELP m_v A value.\n# TYPE m_v gauge\nm_v{i=\"0\""));
  EXPECT_THAT(text.body, HasSubstr("\nweir_prometheus_sink_series 2\n"));
  EXPECT_THAT(text.body, HasSubstr("\nweir_prometheus_sink_scrapes_total 0\n"));
  const Response again = client.get("/metrics", "Accept: application/openmetrics-text\r\n");
  EXPECT_THAT(again.head, HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(again.body, HasSubstr("# TYPE weir_prometheus_sink_scrapes counter\n"));
  EXPECT_THAT(again.body, HasSubstr("\nweir_prometheus_sink_scrapes_total 1\n"));
  EXPECT_THAT(again.body, HasSubstr("\nweir_prometheus_sink_requests_total{code=\"200\"} 2\n"));
  EXPECT_THAT(again.body, HasSubstr("scrape_duration_seconds_bucket{le=\"1.0\"} 1\n"));
  EXPECT_THAT(again.body, EndsWith("\n# EOF\n"));
  EXPECT_THAT(agent_.log().at(0).text,
              "serving http://127.0.0.1:" + std::to_string(port_) + "/metrics");
}

TEST_F(Endpoint, CompressedIsTheSame) {
  start();
  write_rows(1000);
  Client client(port_);
  const auto samples = [](const std::string& body) {
    return body.substr(0, body.find("# HELP weir"));
  };
  const std::string plain = samples(client.get("/metrics").body);
  const Response packed = client.get("/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_THAT(packed.head, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_LT(packed.body.size() * 5, plain.size());
  EXPECT_EQ(samples(gunzip(packed.body)), plain);
  EXPECT_GT(plain.size(), 500'000u);
}

TEST_F(Endpoint, AnOldClientReadsToTheEnd) {
  start();
  write_rows(300);
  for (const bool gzip : {false, true}) {
    Client client(port_);
    client.send(std::string("GET /metrics HTTP/1.0\r\n") +
                (gzip ? "Accept-Encoding: gzip\r\n" : "") + "\r\n");
    std::string all;
    for (std::string bytes = client.some(); !bytes.empty(); bytes = client.some()) all += bytes;
    const std::size_t body = all.find("\r\n\r\n") + 4;
    EXPECT_THAT(all.substr(0, body), Not(HasSubstr("chunked")));
    const std::string text = gzip ? gunzip(all.substr(body)) : all.substr(body);
    EXPECT_THAT(text, HasSubstr("m_v{i=\"299\""));
    EXPECT_THAT(text, HasSubstr("weir_prometheus_sink_series 300\n"));
  }
}

TEST_F(Endpoint, HeadAndOtherPages) {
  start();
  Client client(port_);
  client.send("HEAD /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 200);
  EXPECT_THAT(client.get("/").body, HasSubstr("<a href=\"/metrics\">"));
  EXPECT_EQ(client.get("/nothing").status, 404);
  client.send("DELETE /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive().status, 405);
  EXPECT_EQ(client.get("/metrics").status, 200) << "the connection is as good as ever";
  // Two requests in one packet, and one in many.
  client.send("GET / HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 404);
  for (const char c : std::string("GET /y HTTP/1.1\r\n\r\n")) client.send({&c, 1});
  EXPECT_EQ(client.receive().status, 404);
}

TEST_F(Endpoint, WrongRequestsAreAnsweredAndClosed) {
  start();
  const struct {
    std::string request;
    int status;
  } cases[] = {
      {"\x16\x03\x01\x02 this is no HTTP\r\n\r\n", 400},
      {"GET /metrics HTTP/1.1\r\nX: " + std::string(100'000, 'a'), 431},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(200'000, 'b'),
       413},
  };
  for (const auto& c : cases) {
    Client client(port_);
    client.send(c.request);
    EXPECT_EQ(client.receive().status, c.status);
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(Client(port_).get("/metrics").status, 200);
}

TEST_F(Endpoint, GarbageDoesNoHarm) {
  start();
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    Client client(port_);
    std::string bytes(random() % 3000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (i % 2) bytes = "GET /metrics HTTP/1.1\r\n" + bytes;
    client.send(bytes);
  }
  EXPECT_EQ(Client(port_).get("/metrics").status, 200);
}

TEST_F(Endpoint, StalledClientsMakeRoom) {
  start();
  write_rows(2);
  std::vector<Client> stalled;
  for (std::size_t i = 0; i < kConnectionsMax * 2; ++i) {
    stalled.emplace_back(port_).send("GET /metrics HTTP/1.1\r\nX: ");
    stalled[i / 2].send("a");  // trickling is no progress
  }
  Client good(port_);
  EXPECT_EQ(good.get("/metrics").status, 200);
  EXPECT_TRUE(stalled.front().closed()) << "who stalled for longest went first";
  EXPECT_THAT(good.get("/metrics").body,
              Not(HasSubstr("\nweir_prometheus_sink_evicted_connections_total 0\n")));
}

TEST_F(Endpoint, SlowReadersHoldUpNobody) {
  start();
  write_rows(2000, 10'000);  // 20 MB: more than sockets take in
  std::vector<Client> slow;
  for (std::size_t i = 0; i < kScrapesMax + 4; ++i) {
    slow.emplace_back(port_).send("GET /metrics HTTP/1.1\r\n\r\n");  // and does not read
  }
  write_rows(2001, 10'000);
  Client good(port_);
  EXPECT_THAT(good.get("/metrics").body, HasSubstr("m_v{i=\"2000\""));
  // A slow one that was let be gets the instant that it asked for.
  const Response late = slow.back().receive();
  EXPECT_EQ(late.status, 200);
  EXPECT_THAT(late.body, HasSubstr("m_v{i=\"1999\""));
}

TEST_F(Endpoint, ManyAtOnceWhileRowsAreWritten) {
  start();
  write_rows(500);
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 20; ++i) {
        Client client(port_);
        const Response r = client.get("/metrics", c % 2 ? "Accept-Encoding: gzip\r\n" : "");
        const std::string body = c % 2 ? gunzip(r.body) : r.body;
        if (body.find("m_v{i=\"499\"") != std::string::npos) ++good;
      }
    });
  }
  for (int i = 0; i < 20; ++i) write_rows(500);
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 160);
}

TEST_F(Endpoint, AsksForAPassword) {
  options_changed = [](Options& o) { o.basic_auth = BasicAuthOptions{"prometheus", "s3cret"}; };
  start();
  Client client(port_);
  EXPECT_EQ(client.get("/metrics").status, 401);
  const std::string credentials = basic_credentials("prometheus", "s3cret");
  EXPECT_EQ(client.get("/metrics", "Authorization: Basic " + credentials + "\r\n").status, 200);
}

TEST_F(Endpoint, ListensOnIpv6AndOnEverything) {
  start("[::1]:0");
  EXPECT_EQ(Client(port_, "::1").get("/metrics").status, 200);
  EXPECT_EQ(sink_->server()->address(), "[::1]:" + std::to_string(port_));
  sink_->stop();
  start(":0");
  EXPECT_EQ(Client(port_, "::1").get("/metrics").status, 200);
  EXPECT_EQ(Client(port_, "127.0.0.1").get("/metrics").status, 200);
}

TEST_F(Endpoint, AnAddressInUseIsSaid) {
  start();
  Options options;
  options.listen = "127.0.0.1:" + std::to_string(port_);
  PrometheusSink second(weir::Sink(agent_.host()), options);
  try {
    second.start();
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("listen: cannot serve on " + options.listen));
    EXPECT_THAT(e.what(), HasSubstr("already in use"));
  }
}

TEST_F(Endpoint, StopsWithClientsInTheMiddle) {
  start();
  write_rows(2000, 10'000);  // 20 MB: more than sockets take in
  Client idle(port_), half(port_), slow(port_);
  half.send("GET /met");
  slow.send("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(slow.some().empty());
  sink_->stop();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(half.closed());
  sink_->stop();  // twice is once
}

TEST_F(Endpoint, RefusedRowsAreRejectedAndSaidOnce) {
  options_changed = [](Options& o) { o.max_series = 3; };
  start();
  write_rows(5);
  write_rows(5);
  ASSERT_EQ(agent_.rejections().size(), 2u);
  EXPECT_EQ(agent_.rejections()[0].first_row, 3u);
  EXPECT_EQ(agent_.rejections()[0].rows, 2u);
  int warnings = 0;
  for (const auto& line : agent_.log()) warnings += line.level == WEIR_LOG_WARN;
  EXPECT_EQ(warnings, 1);
  EXPECT_THAT(Client(port_).get("/metrics").body,
              HasSubstr("\nweir_prometheus_sink_over_limit_rows_total 4\n"));
}

std::string problem_with(const std::function<void(Options&)>& change) {
  Options options;
  change(options);
  std::string text;
  weir::Problems problems(
      [](void* context, const char* path, const char* message) {
        *static_cast<std::string*>(context) += std::string(path) + ": " + message + "\n";
      },
      &text);
  PrometheusSink::check(options, problems);
  weir::testing::Agent agent;
  try {
    PrometheusSink sink(weir::Sink(agent.host()), options);
    EXPECT_EQ(text, "");
  } catch (const weir::OptionError& e) {
    EXPECT_THAT(text, HasSubstr(e.path() + ": " + e.what()));
  }
  return text;
}

TEST(Options, AreChecked) {
  EXPECT_EQ(problem_with([](Options&) {}), "");
  for (const char* good : {"[::1]:9464", ":0", "localhost:65535", "0.0.0.0:1"}) {
    EXPECT_EQ(problem_with([&](Options& o) { o.listen = good; }), "") << good;
  }
  for (const char* bad : {"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9464",
                          "127.0.0.1:http", "[::1]", "[::1:9464", "1.2.3.4:-1", "x:1 "}) {
    EXPECT_THAT(problem_with([&](Options& o) { o.listen = bad; }), HasSubstr("listen: ")) << bad;
  }
  for (const char* bad : {"", "metrics", "/a b", "/a?b", "/\"><script>"}) {
    EXPECT_THAT(problem_with([&](Options& o) { o.path = bad; }), HasSubstr("path: ")) << bad;
  }
  EXPECT_THAT(problem_with([](Options& o) {
                o.tls = TlsOptions{"", "", ""};
              }),
              HasSubstr("tls.key: "));
  EXPECT_THAT(problem_with([](Options& o) {
                o.basic_auth = BasicAuthOptions{"a:b", ""};
              }),
              HasSubstr("basic_auth.password: "));
}

}  // namespace
}  // namespace weir::prometheus_sink
