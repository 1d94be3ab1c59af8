// What the agent says about itself, of pipelines that start, work, fail and stop.
#include "core/http/api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/harness.hpp"

namespace weir::http {
namespace {

using core::Harness;
using core::SinkLedger;
using ::testing::HasSubstr;
using ::testing::Not;

Request request(std::string path, std::string authorization = "", bool local = false) {
  return {"GET", std::move(path), std::move(authorization), "127.0.0.1:9465", local};
}

class Asking : public ::testing::Test {
 protected:
  // One source, of so many rows, and one sink.
  SinkLedger& pipeline(std::uint64_t rows, bool required) {
    h_.source("s", rows, 10);
    SinkLedger& sink = h_.sink("k", {"s"});
    h_.component("k").consumer.required = required;
    return sink;
  }
  Response ask(const std::string& path) { return Api(h_.pipeline(), "").handle(request(path)); }
  void wait_for(const std::string& path, unsigned status) {
    core::poll("an answer", [&] { return ask(path).status == status; });
  }
  Harness h_;
};

TEST_F(Asking, AReloadIsAskedForByWhoIsTrusted) {
  pipeline(0, false);
  h_.start();
  int asked = 0;
  Reloads reloads([&] { ++asked; });
  Api api(h_.pipeline(), "", "", &reloads);
  const auto post = [&](std::string authorization, bool local) {
    return api.handle({"POST", "/reload", std::move(authorization), "127.0.0.1", local});
  };
  EXPECT_EQ(post("", false).status, 403u) << "a page in a browser can do that, too";
  EXPECT_EQ(asked, 0);
  EXPECT_THAT(post("", true).body, HasSubstr("\"reload\": 1"));
  api.set_token("0123456789abcdef");
  EXPECT_EQ(post("", false).status, 401u);
  EXPECT_EQ(post("Bearer 0123456789abcdef", false).status, 202u);
  EXPECT_EQ(asked, 2);
  const auto state = [&] { return api.handle({"GET", "/reload", "", "", true}).body; };
  EXPECT_THAT(state(), HasSubstr("\"result\": \"none\""));
  reloads.begin();
  reloads.ask();
  EXPECT_THAT(state(), HasSubstr("\"running\": true"));
  reloads.end(core::ReloadResult::kRefused, {"agent.data_dir changes"}, 1'000'000'000);
  EXPECT_THAT(state(), HasSubstr("\"asked\": 3,\n  \"done\": 2"));
  EXPECT_THAT(state(), HasSubstr("\"ended\": \"1970-01-01T00:00:01.000Z\""));
  EXPECT_THAT(state(), HasSubstr("agent.data_dir changes"));
  EXPECT_EQ(api.handle({"PUT", "/reload", "", "", true}).allow, std::string("GET, HEAD, POST"));
  EXPECT_EQ(Api(h_.pipeline(), "").handle({"POST", "/reload", "", "", true}).status, 404u);
}

TEST_F(Asking, WorksFromStartToEnd) {
  pipeline(1000, true);
  h_.start();
  wait_for("/startup", 200);
  EXPECT_EQ(ask("/health").status, 200u);
  EXPECT_EQ(ask("/ready").status, 200u);
  h_.wait_for_sources();
  h_.wait_for_empty_routes();
  const std::string status = ask("/status").body;
  EXPECT_THAT(status, HasSubstr("\"phase\": \"running\""));
  EXPECT_THAT(status, HasSubstr("\"delivered\": 1000"));
  EXPECT_THAT(ask("/metrics").body,
              HasSubstr("weir_route_rows_delivered_total{source=\"s\",consumer=\"k\"} 1000\n"));
  EXPECT_TRUE(h_.pipeline().stop());
  const Response ready = ask("/ready");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_THAT(ready.body, HasSubstr("\"status\": \"stopping\""));
  EXPECT_EQ(ask("/health").status, 200u) << "an agent that stops is not to be killed";
}

TEST_F(Asking, ARequiredSinkThatFailsIsNotReadyAndSaysWhy) {
  std::atomic<bool> dead{false}, asked{false};
  pipeline(5000, true).answer = [&](std::uint64_t) {
    return dead ? SinkLedger::Answer::kRetry : SinkLedger::Answer::kOk;
  };
  h_.source("s").before = [&](std::uint64_t emitted) {
    if (emitted == 1000) core::poll("the first answers", [&] { return asked.load(); });
  };
  h_.start();
  wait_for("/startup", 200);
  dead = true;
  asked = true;
  wait_for("/ready", 503);
  const std::string body = ask("/ready").body;
  EXPECT_THAT(body, HasSubstr("\"status\": \"a required component does not work\""));
  EXPECT_THAT(body, HasSubstr("\"reason\": \"not now\""));
  EXPECT_EQ(ask("/health").status, 200u) << "no output has a say in it";
  EXPECT_EQ(ask("/startup").status, 200u) << "once started, always";
  dead = false;
  wait_for("/ready", 200);
  h_.wait_for_sources();
  h_.wait_for_empty_routes();
}

TEST_F(Asking, AnotherSinkThatFailsIsToldButReady) {
  pipeline(1000, false).answer = [](std::uint64_t) { return SinkLedger::Answer::kRetry; };
  h_.agent().shutdown_timeout = std::chrono::milliseconds(100);
  h_.start();
  core::poll("the failure", [&] {
    return ask("/status").body.find("\"status\": \"fails\"") != std::string::npos;
  });
  wait_for("/ready", 200);
}

// Its thread is lost to the scheduler, which takes another one.
TEST_F(Asking, ACollectionThatDoesNotEndIsToldAndStopsNothingElse) {
  pipeline(10, false);
  std::atomic<bool> hangs{true};
  h_.source("s").rows_a_collect = 10;
  h_.source("s").before = [&](std::uint64_t) {
    core::poll("the end of the test", [&] { return !hangs; });
  };
  h_.start();
  core::poll("the reason", [&] {
    return ask("/ready").body.find("\"reason\": \"a collection has been under way for ") !=
           std::string::npos;
  });
  EXPECT_EQ(ask("/ready").status, 503u);
  EXPECT_EQ(ask("/health").status, 200u);
  EXPECT_EQ(ask("/startup").status, 200u) << "one source does not keep the agent from starting";
  hangs = false;
  wait_for("/ready", 200);
  wait_for("/startup", 200);
}

TEST_F(Asking, ItHasNotStartedBeforeARequiredSinkHasSomething) {
  std::atomic<bool> dead{true};
  pipeline(1000, true).answer = [&](std::uint64_t) {
    return dead ? SinkLedger::Answer::kRetry : SinkLedger::Answer::kOk;
  };
  h_.start();
  h_.wait_for_sources();
  EXPECT_EQ(ask("/startup").status, 503u);
  dead = false;
  wait_for("/startup", 200);
}

TEST_F(Asking, ATokenIsAskedOfThoseWhoComeOverTcp) {
  pipeline(10, false);
  h_.start();
  wait_for("/ready", 200);
  const Api api(h_.pipeline(), "0123456789abcdef");
  const auto status = [&](const std::string& authorization, bool local = false) {
    return api.handle(request("/status", authorization, local)).status;
  };
  EXPECT_EQ(status("Bearer 0123456789abcdef"), 200u);
  EXPECT_EQ(status("", true), 200u);
  EXPECT_EQ(status("bearer 0123456789abcdef"), 200u) << "a scheme has no case";
  for (const char* wrong : {"", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0",
                            "Bearer 0123456789abcde", "Basic 0123456789abcdef", "Bearer"}) {
    EXPECT_EQ(status(wrong), 401u) << wrong;
  }
  for (const char* page : {"/metrics", "/elsewhere"}) {
    EXPECT_EQ(api.handle(request(page)).status, 401u);
  }
  const Response probe = api.handle(request("/ready"));
  EXPECT_EQ(probe.status, 200u) << "kubelet has no token";
  EXPECT_THAT(probe.body, Not(HasSubstr("components")));
  EXPECT_THAT(api.handle(request("/ready", "Bearer 0123456789abcdef")).body,
              HasSubstr("components"));
}

TEST_F(Asking, RefusesOtherPagesAndMethods) {
  pipeline(10, false);
  h_.start();
  EXPECT_EQ(ask("/").status, 404u);
  EXPECT_EQ(ask("/health/").status, 404u);
  EXPECT_EQ(Api(h_.pipeline(), "").handle({"POST", "/health", "", "", true}).status, 405u);
  EXPECT_EQ(Api(h_.pipeline(), "").handle({"HEAD", "/health", "", "", true}).status, 200u);
}

TEST_F(Asking, WithoutATokenNoNameLeadsHere) {
  pipeline(10, false);
  h_.start();
  const auto status = [&](const char* host, const char* token = "", bool local = false) {
    return Api(h_.pipeline(), token).handle({"GET", "/status", "", host, local}).status;
  };
  for (const char* good : {"", "127.0.0.1", "127.0.0.1:9465", "localhost", "localhost:1", "[::1]:2",
                           "10.1.2.3:9465"}) {
    EXPECT_EQ(status(good), 200u) << good;
  }
  for (const char* bad :
       {"evil.example", "localhost.evil.example:9465", "127.0.0.1.evil:1", "[::1", "[evil]:1"}) {
    EXPECT_EQ(status(bad), 403u) << bad;
    EXPECT_EQ(status(bad, "", true), 200u) << bad;
    EXPECT_EQ(status(bad, "0123456789abcdef"), 401u) << bad;
  }
}

// They are counted, but nobody would see from a call that succeeds that nothing is kept.
TEST_F(Asking, ASinkThatRejectsEverythingFails) {
  pipeline(1000, true).answer = [](std::uint64_t) { return SinkLedger::Answer::kReject; };
  h_.start();
  wait_for("/startup", 200);
  wait_for("/ready", 503);
  EXPECT_THAT(ask("/ready").body, HasSubstr("\"status\": \"fails\""));
}

TEST(Health, SaysWhichComponentIsAbsent) {
  Harness h;
  h.source("s", 10, 10);
  h.sink("k", {"s"});
  h.component("k").consumer.required = false;
  h.component("k").descriptor = nullptr;
  h.component("k").refusal = "its file cannot be read";
  h.start();
  const std::string body = Api(h.pipeline(), "").handle(request("/status")).body;
  EXPECT_THAT(body, HasSubstr("\"status\": \"absent\""));
  EXPECT_THAT(body, HasSubstr("\"reason\": \"its file cannot be read\""));
}

}  // namespace
}  // namespace weir::http
