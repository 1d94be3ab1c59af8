// What hangs: processors, sinks and collections; who is told, and whether the agent counts as
// alive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

#include "core/cli/service_manager.hpp"
#include "core/http/api.hpp"
#include "tests/pipeline/harness.hpp"
#include "weir/posix.hpp"

namespace weir::core {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::atomic<bool> g_hangs{false};
std::atomic<std::uint64_t> g_entered{0}, g_left{0};

// Passes on, and does not return from that while it is to hang.
class Hanging {
 public:
  explicit Hanging(Processor host) : host_(host) {}
  void process(const weir_batch& batch) {
    ++g_entered;
    host_.pass(batch);
    poll("the end of hanging", [] { return !g_hangs; });
    ++g_left;
  }

 private:
  Processor host_;
};

class Hang : public ::testing::Test {
 protected:
  Hang() {
    g_hangs = false;
    g_entered = g_left = 0;
  }
  ~Hang() override { g_hangs = false; }

  // A source, a processor and a sink.
  void chain(std::uint64_t rows, std::uint32_t rows_a_batch) {
    h_.source("s", rows, rows_a_batch);
    h_.passer("p", {"s"});
    h_.component("p").descriptor = processor<Hanging>("hanging", "Hangs when told to.");
    h_.sink("k", {"p"});
  }
  ComponentHealth health(const std::string& id) {
    for (const ComponentHealth& c : h_.pipeline().health().components) {
      if (c.id == id) return c;
    }
    throw std::out_of_range(id);
  }
  bool fails(const std::string& id) { return health(id).condition == Condition::kFails; }
  // weir_consumer_overdue_seconds
  double overdue(std::string id) {
    std::pair<std::string, double> asked{std::move(id), -1};
    h_.pipeline().visit_telemetry(
        [](void* context, const weir_measurement* m, const weir_string* labels,
           const weir_cell* cells) {
          auto& [wanted, found] = *static_cast<std::pair<std::string, double>*>(context);
          if (std::string_view(m->name) != "weir_consumer" || view(labels[0]) != wanted) return;
          for (std::uint32_t i = 0; i < m->field_count; ++i) {
            if (std::string_view(m->fields[i]->name) == "overdue_seconds") found = cells[i].f64;
          }
        },
        &asked);
    return asked.second;
  }
  http::Response health_page(bool trusted) {
    return http::Api(h_.pipeline(), trusted ? "" : "0123456789abcdef")
        .handle({"GET", "/health", "", "127.0.0.1:9465", false});
  }
  void finish() {
    h_.wait_for_sources();
    h_.wait_for_empty_routes();
    EXPECT_TRUE(h_.pipeline().stop());
    h_.expect_conservation();
  }

  Harness h_;
};

TEST_F(Hang, ThePipelineMovesWhereNothingHangs) {
  chain(1000, 10);
  h_.start();
  h_.wait_for_sources();
  EXPECT_TRUE(h_.pipeline().moves());
  EXPECT_EQ(h_.pipeline().standstill(), nullptr);
  EXPECT_EQ(overdue("p"), 0);
  finish();
  EXPECT_EQ(h_.sink("k").rows, 1000u);
}

// Late is not stuck: that is told, and the agent counts as alive.
TEST_F(Hang, AProcessorThatDoesNotReturnFails) {
  chain(1000, 10);
  h_.limits().call_late = 20ms;
  h_.limits().call_stuck = 1h;
  g_hangs = true;
  h_.start();
  poll("the processor to fail", [&] { return fails("p"); });
  EXPECT_THAT(health("p").reason, StartsWith("a call has been under way for "));
  EXPECT_GT(overdue("p"), 0);
  EXPECT_FALSE(h_.pipeline().health().ready) << "it is required";
  EXPECT_TRUE(h_.pipeline().moves());
  EXPECT_EQ(health_page(true).status, 200u);
  g_hangs = false;
  finish();
  EXPECT_FALSE(fails("p"));
  EXPECT_EQ(overdue("p"), 0);
  EXPECT_EQ(h_.sink("k").rows, 1000u);
}

TEST_F(Hang, APipelineWithAProcessorThatIsStuckDoesNotMove) {
  chain(1000, 10);
  h_.limits().call_late = 20ms;
  h_.limits().call_stuck = 100ms;
  g_hangs = true;
  h_.start();
  poll("a standstill", [&] { return !h_.pipeline().moves(); });
  const http::Response page = health_page(true);
  EXPECT_EQ(page.status, 503u);
  EXPECT_THAT(page.body, HasSubstr("\"status\": \"a processor does not return from its call\""));
  EXPECT_THAT(page.body, HasSubstr("\"reason\": \"a call has been under way for "));
  EXPECT_EQ(health_page(false).body,
            "{\n  \"status\": \"a processor does not return from its call\"\n}\n");
  g_hangs = false;
  h_.wait_for_sources();
  h_.wait_for_empty_routes();
  EXPECT_TRUE(h_.pipeline().moves());
  finish();
  EXPECT_EQ(h_.sink("k").rows, 1000u);
}

// Nobody kills an agent that is about to end.
TEST_F(Hang, AnAgentThatStopsCountsAsAlive) {
  chain(10, 10);
  h_.limits().call_stuck = 100ms;
  g_hangs = true;
  h_.start();
  poll("a standstill", [&] { return !h_.pipeline().moves(); });
  std::thread control([&] { EXPECT_TRUE(h_.pipeline().stop()); });
  poll("the end to begin", [&] { return h_.pipeline().health().phase == Phase::kStopping; });
  EXPECT_TRUE(h_.pipeline().moves());
  g_hangs = false;
  control.join();
  h_.expect_conservation();
  EXPECT_EQ(h_.sink("k").rows, 10u);
}

// A batch here is more than what is kept together during a call: the call itself waits for room.
TEST_F(Hang, AProcessorThatWaitsForRoomIsNotStuck) {
  chain(400'000, 100'000);
  // More than a thread that could run is kept from that by others.
  h_.limits().call_late = h_.limits().call_stuck = 1500ms;
  std::atomic<bool> full{true};
  h_.sink("k").before = [&](std::uint64_t) { poll("the end of the test", [&] { return !full; }); };
  h_.start();
  poll("the second call", [] { return g_entered == 2; });
  const auto end = SteadyClock::now() + 5s;
  while (SteadyClock::now() < end) {
    ASSERT_TRUE(h_.pipeline().moves());
    ASSERT_FALSE(fails("p")) << health("p").reason;
    ASSERT_EQ(overdue("p"), 0);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(g_left, 1u) << "it waited all the time";
  full = false;
  finish();
  EXPECT_EQ(h_.sink("k").rows, 400'000u);
}

TEST_F(Hang, ASinkThatHangsIsToldAndNoStandstill) {
  chain(1000, 10);
  h_.limits().call_late = h_.limits().call_stuck = 1500ms;
  h_.component("k").sink.write_deadline = 20ms;
  std::atomic<bool> hangs{true};
  h_.sink("k").before = [&](std::uint64_t) { poll("the end of the test", [&] { return !hangs; }); };
  h_.start();
  poll("the sink to fail", [&] { return fails("k"); });
  EXPECT_THAT(health("k").reason, StartsWith("a write has been under way for "));
  EXPECT_THAT(health("k").reason, HasSubstr("longer than its write_deadline"));
  poll("more than a processor may take", [&] { return overdue("k") > 3; });
  EXPECT_TRUE(h_.pipeline().moves());
  EXPECT_EQ(health_page(true).status, 200u);
  hangs = false;
  finish();
}

// A collection that hangs has the only thread of the pool until the pool is given another one, a
// second later: that is a scheduler without a thread for what is due, now and then.
TEST_F(Hang, APipelineWhoseSchedulerDoesNotFireDoesNotMove) {
  h_.agent().interval = 1s;
  h_.limits().silent = 100ms;
  h_.source("s", 1'000'000, 10).rows_a_collect = 10;
  std::atomic<bool> slow{true};
  h_.source("s").before = [&](std::uint64_t) {
    if (slow) std::this_thread::sleep_for(1500ms);
  };
  h_.sink("k", {"s"});
  h_.start();
  const char* why = nullptr;
  poll("a standstill", [&] { return (why = h_.pipeline().standstill()) != nullptr; });
  EXPECT_STREQ(why, "the scheduler does not fire");
  slow = false;
  poll("the scheduler", [&] { return h_.pipeline().moves(); });
  EXPECT_TRUE(h_.pipeline().stop());
  h_.expect_conservation();
}

// What systemd hears in ten ticks.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string name = "weir-hang-test-" + std::to_string(getpid());
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    name.copy(at.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
    ::setenv("NOTIFY_SOCKET", ('@' + name).c_str(), 1);
    ::setenv("WATCHDOG_USEC", "1000000", 1);
    told_ = std::make_unique<cli::ServiceManager>();
  }
  std::string hear(const Pipeline& pipeline) {
    std::string heard;
    for (int i = 0; i < 10; ++i) {
      told_->tick(pipeline);
      char text[4096];
      for (ssize_t n = 0; (n = recv(socket_.get(), text, sizeof text, 0)) > 0;) {
        heard.append(text, static_cast<std::size_t>(n));
      }
    }
    return heard;
  }

 private:
  Fd socket_;
  std::unique_ptr<cli::ServiceManager> told_;
};

TEST_F(Hang, TheWatchdogIsNotFedWhileAProcessorIsStuck) {
  Manager manager;
  chain(1000, 10);
  h_.limits().call_late = h_.limits().call_stuck = 100ms;
  g_hangs = true;
  h_.start();
  poll("a standstill", [&] { return !h_.pipeline().moves(); });
  const std::string heard = manager.hear(h_.pipeline());
  EXPECT_THAT(heard, Not(HasSubstr("WATCHDOG=1")));
  EXPECT_THAT(heard, HasSubstr("in trouble: p\n")) << "it is told of all the same";
  g_hangs = false;
  h_.wait_for_sources();
  h_.wait_for_empty_routes();
  EXPECT_THAT(manager.hear(h_.pipeline()), HasSubstr("WATCHDOG=1\n"));
  finish();
}

}  // namespace
}  // namespace weir::core
