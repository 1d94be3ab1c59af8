// Reloads: what stays notices nothing, what changes hands its rows on, what ends is counted; under
// load, thousands of times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

using Answer = SinkLedger::Answer;
using Result = ReloadOutcome::Result;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::uint64_t kEndless = ~0ull / 8;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A folder for disk buffers.
class Folder {
 public:
  Folder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "weir_reload_XXXXXX";
};

RouteTotals totals(const Pipeline& pipeline, const std::string& from, const std::string& to) {
  for (const RouteTotals& t : pipeline.route_totals()) {
    if (t.producer == from && t.consumer == to) return t;
  }
  return {from, to};
}

TEST(Reload, OfTheSameConfigurationTouchesNothing) {
  Harness h;
  h.source("s", kEndless, 10);
  h.sink("k", {"s"});
  h.start();
  poll("rows", [&] { return h.sink("k").rows > 100; });
  const ReloadOutcome outcome = h.reload();
  EXPECT_EQ(outcome.result, Result::kDone);
  EXPECT_THAT(outcome.lines, ::testing::ElementsAre("2 as before"));
  EXPECT_TRUE(outcome.ended.empty());
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
}

// A sink that cannot deliver is replaced by one that can: it gets all that the other one held.
TEST(Reload, AChangedSinkTakesOverWhatWasHeld) {
  for (const bool disk : {false, true}) {
    Harness h;
    const Folder folder;
    h.agent().data_dir = folder.path();
    h.source("s", 5000, 10);
    std::atomic<bool> down{true};
    h.sink("k", {"s"}).answer = [&](std::uint64_t) { return down ? Answer::kRetry : Answer::kOk; };
    auto& buffer = h.component("k").consumer.buffer;
    buffer.max_size = Bytes{8u << 20};
    if (disk) buffer.type = config::BufferType::kDisk;
    h.start();
    h.wait_for_sources();
    poll("a write", [&] { return h.sink("k").calls > 3; });
    down = false;
    h.component("k").sink.batch.max_rows = 7;
    const ReloadOutcome outcome = h.reload();
    EXPECT_EQ(outcome.result, Result::kDone);
    EXPECT_THAT(outcome.lines, Contains("sink 'k' changed"));
    h.wait_for_empty_routes();
    EXPECT_TRUE(h.pipeline().stop());
    h.expect_conservation();
    EXPECT_EQ(h.sink("k").rows, 5000u);
    EXPECT_EQ(h.sink("k").sum, 5000u * 5001 / 2);
  }
}

// A new buffer: the old queue is delivered first, and what the disk has stays there.
TEST(Reload, ABufferThatChangesLosesNothing) {
  Harness h;
  const Folder folder;
  h.agent().data_dir = folder.path();
  h.agent().shutdown_timeout = std::chrono::milliseconds(400);
  h.source("s", 5000, 10);
  std::atomic<bool> down{true};
  h.sink("k", {"s"}).answer = [&](std::uint64_t) { return down ? Answer::kRetry : Answer::kOk; };
  auto& buffer = h.component("k").consumer.buffer;
  buffer.type = config::BufferType::kDisk;
  buffer.max_size = Bytes{8u << 20};
  h.start();
  h.wait_for_sources();
  poll("a write", [&] { return h.sink("k").calls > 3; });
  h.component("k").consumer.buffer.max_size = Bytes{16u << 20};
  EXPECT_EQ(h.reload().result, Result::kDone);
  EXPECT_EQ(totals(h.pipeline(), "s", "k").held(), 5000u) << "they are on the disk of before";
  EXPECT_EQ(totals(h.pipeline(), "s", "k").recovered, 0u) << "and are counted once";
  down = false;
  poll("all rows", [&] { return totals(h.pipeline(), "s", "k").held() == 0; });
  h.component("k").consumer.buffer.type = config::BufferType::kMemory;
  EXPECT_EQ(h.reload().result, Result::kDone);
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").sum, 5000u * 5001 / 2);
}

// What somebody does whose server is down: what memory holds, also what the sink has in its hands,
// goes on over the disk.
TEST(Reload, WhatIsInMemoryGoesOnOverANewDisk) {
  for (const auto type : {config::BufferType::kDisk, config::BufferType::kOverflow}) {
    for (const std::uint64_t rows_max : {10u, 10'000u}) {
      Harness h;
      const Folder folder;
      h.agent().data_dir = folder.path();
      h.source("s", 5000, 10);
      std::atomic<bool> down{true};
      h.sink("k", {"s"}).answer = [&](std::uint64_t) {
        return down ? Answer::kRetry : Answer::kOk;
      };
      h.component("k").sink.batch.max_rows = rows_max;
      auto& buffer = h.component("k").consumer.buffer;
      buffer.max_size = Bytes{8u << 20};
      h.start();
      h.wait_for_sources();
      poll("a write", [&] { return h.sink("k").calls > 3; });
      buffer.type = type;
      buffer.memory = Bytes{64u << 10};
      const ReloadOutcome outcome = h.reload();
      EXPECT_EQ(outcome.result, Result::kDone);
      EXPECT_THAT(outcome.lines, ::testing::ElementsAre("sink 'k' changed", "1 as before"));
      EXPECT_EQ(totals(h.pipeline(), "s", "k").held(), 5000u);
      down = false;
      h.wait_for_empty_routes();
      EXPECT_TRUE(h.pipeline().stop());
      h.expect_conservation();
      EXPECT_EQ(h.sink("k").rows, 5000u);
      EXPECT_EQ(h.sink("k").sum, 5000u * 5001 / 2);
      EXPECT_EQ(h.sink("k").disorder, 0u);
    }
  }
}

// A collection of two batches, of which the sink has taken one.
TEST(Reload, WhatWasDeliveredInPartComesAgainOverANewDisk) {
  Harness h;
  const Folder folder;
  h.agent().data_dir = folder.path();
  h.source("s", 100, 50).rows_a_collect = 100;
  std::atomic<bool> down{true};
  h.sink("k", {"s"}).answer = [&](std::uint64_t call) {
    return down && call > 1 ? Answer::kRetry : Answer::kOk;
  };
  h.component("k").sink.batch.max_rows = 50;
  h.start();
  h.wait_for_sources();
  poll("a write that fails", [&] { return h.sink("k").calls > 2; });
  EXPECT_EQ(h.sink("k").rows, 50u);
  h.component("k").consumer.buffer.type = config::BufferType::kDisk;
  EXPECT_EQ(h.reload().result, Result::kDone);
  EXPECT_EQ(totals(h.pipeline(), "s", "k").held(), 100u);
  EXPECT_EQ(totals(h.pipeline(), "s", "k").recovered, 50u);
  down = false;
  h.wait_for_empty_routes();
  EXPECT_TRUE(h.pipeline().stop());
  const RouteTotals ended = totals(h.pipeline(), "s", "k");
  EXPECT_EQ(ended.offered, 100u);
  EXPECT_EQ(ended.delivered, 150u);
  EXPECT_EQ(ended.held(), 0u);
  EXPECT_EQ(h.sink("k").rows, 150u);
}

// Whoever can deliver nothing in time drops what it holds, and that is said.
TEST(Reload, TellsOfRowsThatItDropped) {
  Harness h;
  h.agent().shutdown_timeout = std::chrono::milliseconds(200);
  h.source("s", 500, 10);
  h.sink("k", {"s"}).answer = [](std::uint64_t) { return Answer::kRetry; };
  h.start();
  h.wait_for_sources();
  h.remove("k");
  EXPECT_THAT(h.reload().lines,
              Contains("500 rows were dropped: nobody could deliver them in time"));
  EXPECT_TRUE(h.pipeline().stop());
}

// The sink that is down is taken out: who waits for it goes on, its rows are counted.
TEST(Reload, ARemovedSinkHoldsUpNobody) {
  Harness h;
  h.agent().shutdown_timeout = std::chrono::milliseconds(200);
  h.source("s", kEndless, 10);
  h.sink("good", {"s"});
  h.sink("down", {"s"}).answer = [](std::uint64_t) { return Answer::kRetry; };
  h.start();
  poll("a write", [&] { return h.sink("down").calls > 3; });
  h.remove("down");
  const ReloadOutcome outcome = h.reload();
  EXPECT_EQ(outcome.result, Result::kDone);
  ASSERT_EQ(outcome.ended.size(), 1u);
  const RouteTotals& ended = outcome.ended.front();
  EXPECT_EQ(ended.held(), 0u);
  EXPECT_EQ(ended.offered, ended.dropped[static_cast<std::size_t>(DropReason::kShutdown)]);
  EXPECT_GT(ended.offered, 0u);
  const std::uint64_t rows = h.sink("good").rows;
  poll("more rows", [&] { return h.sink("good").rows > rows + 1000; });
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
}

TEST(Reload, IsRefusedAsAWholeWhereSomethingCannotBeMade) {
  Harness h;
  h.source("s", kEndless, 10);
  h.sink("k", {"s"});
  h.start();
  poll("rows", [&] { return h.sink("k").rows > 100; });
  h.sink("another", {"s"});
  h.component("k").descriptor = nullptr;
  h.component("k").refusal = "its file is torn";
  const ReloadOutcome outcome = h.reload();
  EXPECT_EQ(outcome.result, Result::kRefused);
  EXPECT_THAT(outcome.lines, Contains(HasSubstr("sink 'k': its file is torn")));
  EXPECT_EQ(h.sink("another").calls, 0u);
  const std::uint64_t rows = h.sink("k").rows;
  poll("more rows", [&] { return h.sink("k").rows > rows + 100; });
  h.agent().data_dir = "/elsewhere";
  EXPECT_THAT(h.reload().lines, Contains(HasSubstr("agent.data_dir")));
  EXPECT_TRUE(h.pipeline().stop());
}

// A call that does not return: its sink goes on as before, the others change.
TEST(Reload, LeavesAlonWhoDoesNotReturn) {
  Harness h;
  h.agent().shutdown_timeout = std::chrono::seconds(2);
  h.source("s", kEndless, 10);
  std::atomic<bool> hangs{true};
  h.sink("hanging", {"s"}, config::WhenFull::kDropOldest).before = [&](std::uint64_t) {
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  h.sink("good", {"s"});
  h.start();
  poll("a call", [&] { return h.sink("hanging").calls > 0; });
  h.component("hanging").sink.batch.max_rows = 7;
  h.component("good").sink.batch.max_rows = 7;
  const ReloadOutcome outcome = h.reload();
  EXPECT_EQ(outcome.result, Result::kPartly);
  EXPECT_THAT(outcome.lines, Contains(HasSubstr("sink 'hanging': is in a call")));
  EXPECT_THAT(outcome.lines, Contains("sink 'good' changed"));
  hangs = false;
  poll("more calls", [&] { return h.sink("hanging").calls > 10; });
  poll("a reload that changes it", [&] { return h.reload().result == Result::kDone; });
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
}

// A source whose rows are not settled when it is replaced is told before it is destroyed.
TEST(Reload, SettlesEveryTokenOfASourceThatIsReplaced) {
  Harness h;
  std::atomic<std::uint64_t> settled{0};
  auto& source = h.source("s", 3000, 10);
  source.settled = [&](std::uint64_t, weir_outcome) { ++settled; };
  std::atomic<bool> down{true};
  h.sink("k", {"s"}).answer = [&](std::uint64_t) { return down ? Answer::kRetry : Answer::kOk; };
  h.component("k").consumer.buffer.max_size = Bytes{8u << 20};
  h.start();
  h.wait_for_sources();
  h.component("s").source.jitter = std::chrono::milliseconds(3);
  EXPECT_EQ(h.reload().result, Result::kDone);
  h.remove("s");
  h.source("t", 10);
  h.component("k").inputs = {"t"};
  EXPECT_EQ(h.reload().result, Result::kDone);
  EXPECT_EQ(settled, 0u);
  down = false;
  poll("all tokens", [&] { return settled == 300; });
  poll("the rows of the other source", [&] { return h.sink("k").rows == 3010; });
  EXPECT_TRUE(h.pipeline().stop());
}

// Anything is changed, again and again, while rows flow: each row is delivered once, in order, by
// the sinks that are always there, and every route's account is even.
TEST(Reload, KeepsTheAccountsOverThousandsUnderLoad) {
  const auto seed = static_cast<unsigned>(from_environment("WEIR_SEED", std::random_device{}()));
  const std::uint64_t rounds = from_environment("WEIR_RELOADS", 3000);
  std::printf("seed %u, %llu reloads\n", seed, static_cast<unsigned long long>(rounds));
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](unsigned end) { return random() % end; };
  Harness h;
  const Folder folder;
  h.agent().data_dir = folder.path();
  h.source("steady", kEndless, 3);
  h.source("changing", kEndless, 5).threads = 2;
  h.source("collected", kEndless, 50).rows_a_collect = 100;
  const std::vector<std::string> all{"steady", "changing", "collected"};
  h.passer("passer", {"changing"});
  for (const char* sink : {"memory", "disk", "overflow"}) h.sink(sink, all);
  // Not the one whose disk comes and goes: what a sink cannot deliver at once stays on a disk that
  // goes.
  for (const char* sink : {"disk", "overflow"}) {
    h.sink(sink).answer = [](std::uint64_t call) {
      return call % 16 == 0 ? Answer::kRetry : Answer::kOk;
    };
  }
  h.component("disk").consumer.buffer.type = config::BufferType::kDisk;
  auto& overflow = h.component("overflow").consumer.buffer;
  overflow.type = config::BufferType::kOverflow;
  overflow.memory = Bytes{64u << 10};
  for (const char* sink : {"disk", "overflow"}) {
    h.component(sink).consumer.buffer.max_size = Bytes{4u << 20};
    h.component(sink).consumer.buffer.sync = config::Sync::kNever;
  }
  h.sink("behind", {"passer"});
  // Rows that wait for nobody would only be as many as there is memory for.
  for (const char* source : {"steady", "changing"}) {
    h.source(source).before = [](std::uint64_t number) {
      if (number % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
  }
  h.sink("guest", {}).answer = [](std::uint64_t call) {
    return call % 3 == 0 ? Answer::kRetry : Answer::kOk;
  };
  h.remove("guest");  // it comes and goes
  h.start();
  unsigned visitors = 0;
  const auto has = [&](const std::string& id) {
    try {
      h.component(id);
      return true;
    } catch (const std::out_of_range&) {
      return false;
    }
  };
  const char* const sinks[] = {"memory", "disk", "overflow"};
  for (std::uint64_t round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    bool refused = false;
    for (unsigned changes = 1 + below(3); changes != 0; --changes) {
      config::Component& sink = h.component(sinks[below(3)]);
      switch (below(11)) {
        case 0:  // no less than a collection: what is delivered in part may come again, see above
          sink.sink.batch.max_rows = 100 + below(1000);
          break;
        case 1: sink.consumer.buffer.max_size = Bytes{(1 + below(4)) << 20}; break;
        case 2: sink.consumer.required = below(2) == 0; break;
        case 3:
          h.component("changing").source.jitter = std::chrono::nanoseconds(below(1000));
          break;
        case 4:
          h.component("collected").source.interval = std::chrono::milliseconds(1 + below(3));
          break;
        case 5: h.component("passer").type = below(2) == 0 ? "pass" : "passed"; break;
        case 6:
          if (has("guest")) {
            h.remove("guest");
          } else {
            h.sink("guest", {"steady", "passer"}, config::WhenFull::kDropOldest);
          }
          break;
        case 7: {
          const std::string id = "visitor_" + std::to_string(visitors++);
          h.source(id, 100, 10);
          for (const char* s : sinks) h.component(s).inputs.push_back(id);
          break;
        }
        case 8:  // behind it everything is as it was
          if (has("guest")) h.component("guest").sink.retry.breaker = below(5);
          break;
        case 9: {
          auto& buffer = h.component("memory").consumer.buffer;
          using Type = config::BufferType;
          buffer.type = std::array{Type::kMemory, Type::kDisk, Type::kOverflow}[below(3)];
          buffer.memory = Bytes{64u << 10};
          buffer.sync = config::Sync::kNever;
          break;
        }
        default: {
          // Refused as a whole, and not there the next time.
          h.sink("bad", {"steady"});
          h.component("bad").descriptor = nullptr;
          h.component("bad").refusal = "is refused";
          refused = true;
        }
      }
    }
    const ReloadOutcome outcome = h.reload();
    EXPECT_EQ(outcome.result, refused ? Result::kRefused : Result::kDone)
        << ::testing::PrintToString(outcome.lines);
    if (refused) h.remove("bad");
    // Visitors are not expected to come back.
    for (unsigned v = 0; v < visitors; ++v) {
      const std::string id = "visitor_" + std::to_string(v);
      if (!has(id)) continue;
      h.remove(id);
      for (const char* s : sinks) std::erase(h.component(s).inputs, id);
    }
  }
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  std::uint64_t emitted = 0;
  for (const std::string& id : all) emitted += h.source(id).emitted;
  for (unsigned v = 0; v < visitors; ++v) {
    emitted += h.source("visitor_" + std::to_string(v)).emitted;
  }
  EXPECT_GT(emitted, rounds);
  std::map<std::string, std::uint64_t> held;  // on a disk, by a sink that failed at the end
  for (const RouteTotals& t : h.pipeline().route_totals()) held[t.consumer] += t.held();
  for (const char* sink : sinks) {
    EXPECT_EQ(h.sink(sink).disorder, 0u) << sink;
    EXPECT_EQ(h.sink(sink).rows + held[sink], emitted) << sink;
  }
}

}  // namespace
}  // namespace weir::core
