// From messages to the agent and back: what is delivered may be acknowledged, what is lost goes
// round again, what is bad is done with, and QoS 0 is bounded.
#include "deliverer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "weir_testing/agent.hpp"

namespace weir::mqtt_source {
namespace {

using namespace std::chrono_literals;

// An agent that loses some of what it is given, and tells so from another thread, later.
struct Outcomes {
  struct Given {
    weir_settled settled;
    void* context;
    std::uint64_t token;
  };
  std::mutex mutex;
  std::vector<Given> given;
  std::atomic<std::uint64_t> rows{0};
  const weir_host* host = nullptr;
  std::atomic<int> failures{0};  // so many batches find no memory
  static Outcomes* current;

  static weir_status emit(const weir_host* host, weir_batch* const* batches, std::uint32_t count,
                          weir_settled settled, void* context, std::uint64_t token) {
    for (std::uint32_t i = 0; i < count; ++i) {
      current->rows += batches[i]->rows;
      host->discard(host, batches[i]);
    }
    const std::lock_guard lock(current->mutex);
    current->given.push_back({settled, context, token});
    return WEIR_OK;
  }
  // How many were told.
  std::size_t tell(weir_outcome outcome) {
    std::vector<Given> now;
    {
      const std::lock_guard lock(mutex);
      now.swap(given);
    }
    std::thread([&] {
      for (const Given& g : now) g.settled(g.context, g.token, outcome);
    }).join();
    return now.size();
  }
};
Outcomes* Outcomes::current = nullptr;

class Delivering : public ::testing::Test {
 protected:
  Delivering() {
    Outcomes::current = &outcomes_;
    agent_.set_extension(WEIR_EXT_ACKNOWLEDGE, &acknowledge_);
    Subscription s;
    s.topic = "t/{d}";
    host_ = *agent_.host();
    host_.batch = [](const weir_host* host, const weir_measurement* m, std::uint32_t rows) {
      Outcomes& o = *Outcomes::current;
      return o.failures > 0 && o.failures-- > 0 ? nullptr : o.host->batch(host, m, rows);
    };
    outcomes_.host = agent_.host();
    Subscription other = s;
    other.topic = "other/{d}";
    deliverer_.emplace(Source(&host_), std::vector{s, other}, [this] { ++wakes_; });
  }
  ~Delivering() override {
    deliverer_->halt();
    deliverer_->join();
    outcomes_.tell(WEIR_LOST);  // every token is settled before its source is destroyed
  }

  static MessagePtr message(std::string payload, std::uint8_t qos = 1, const char* topic = "t/a") {
    auto m = std::make_shared<Message>();
    m->topic = topic;
    m->payload = std::move(payload);
    m->qos = qos;
    return m;
  }
  // Until so many may be acknowledged.
  std::vector<MessagePtr> collect(std::size_t count, weir_outcome outcome = WEIR_DELIVERED) {
    std::vector<MessagePtr> done;
    const Clock::time_point end = Clock::now() + 60s;
    while (done.size() < count && Clock::now() < end) {
      outcomes_.tell(outcome);
      Clock::time_point next = end;
      for (MessagePtr& m : deliverer_->collect(Clock::now(), next)) done.push_back(std::move(m));
      std::this_thread::yield();
    }
    return done;
  }

  testing::Agent agent_;
  weir_host host_{};
  Outcomes outcomes_;
  const weir_acknowledge acknowledge_{sizeof(weir_acknowledge), 0, Outcomes::emit};
  std::atomic<int> wakes_{0};
  std::optional<Deliverer> deliverer_;
};

TEST_F(Delivering, TellsWhatMayBeAcknowledged) {
  deliverer_->start();
  for (int i = 0; i < 1000; ++i) deliverer_->add(message(R"({"n":)" + std::to_string(i) + "}"));
  EXPECT_EQ(collect(1000).size(), 1000u);
  EXPECT_EQ(outcomes_.rows, 1000u);
  EXPECT_EQ(deliverer_->outstanding(), 0u);
  EXPECT_EQ(deliverer_->counts().messages, 1000u);
  EXPECT_GT(wakes_, 0);
}

TEST_F(Delivering, EmitsAgainWhatWasLostUntilItIsDelivered) {
  deliverer_->start();
  deliverer_->add(message(R"({"n":1})"));
  while (outcomes_.tell(WEIR_LOST) == 0) std::this_thread::yield();
  Clock::time_point next = Clock::now() + 60s;
  EXPECT_TRUE(deliverer_->collect(Clock::now() - 1s, next).empty());
  EXPECT_LT(next, Clock::now() + 1s) << "it says when it wants to be asked again";
  EXPECT_EQ(collect(1).size(), 1u);
  EXPECT_EQ(outcomes_.rows, 2u);
  EXPECT_EQ(deliverer_->counts().repeated, 1u);
}

TEST_F(Delivering, DecodesAgainWhatFoundNoMemoryAndKeepsNothingOfIt) {
  outcomes_.failures = 1;
  deliverer_->add(message(R"([{"n":1},{"n":2}])"));
  deliverer_->start();
  while (outcomes_.failures > 0) std::this_thread::yield();
  EXPECT_EQ(collect(1).size(), 1u);
  EXPECT_EQ(outcomes_.rows, 2u);
}

TEST_F(Delivering, CountsWhatFoundNoMemoryAndDoesNotComeAgain) {
  outcomes_.failures = 1;
  ASSERT_TRUE(deliverer_->try_add(message(R"({"n":1})", 0), 1000));
  deliverer_->start();
  while (deliverer_->counts().dropped < 1) std::this_thread::yield();
  deliverer_->add(message(R"({"n":2})"));
  EXPECT_EQ(collect(1).size(), 1u);
  EXPECT_EQ(outcomes_.rows, 1u);
}

TEST_F(Delivering, CountsSetsOfNamesBySubscription) {
  deliverer_->start();
  for (std::size_t i = 0; i <= Rows::kShapesMax; ++i) {
    deliverer_->add(message("{\"f" + std::to_string(i) + "\":1}"));
  }
  deliverer_->add(message(R"({"n":1})", 1, "other/a"));
  EXPECT_EQ(collect(Rows::kShapesMax + 2).size(), Rows::kShapesMax + 2);
  EXPECT_EQ(deliverer_->counts().bad, 1u);
  EXPECT_EQ(outcomes_.rows, Rows::kShapesMax + 1);
}

TEST_F(Delivering, IsDoneWithWhatIsBad) {
  deliverer_->start();
  deliverer_->add(message("{"));
  deliverer_->add(message("{}", 1, "elsewhere"));
  MessagePtr large = message("");
  large->is_too_large = true;
  deliverer_->add(large);
  EXPECT_EQ(collect(3).size(), 3u);
  EXPECT_EQ(outcomes_.rows, 0u);
  EXPECT_EQ(deliverer_->counts().bad, 3u);
  EXPECT_FALSE(agent_.log().empty());
}

TEST_F(Delivering, DropsQos0WhereThereIsNoRoom) {
  const std::size_t bytes = message(R"({"n":1})", 0)->bytes();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(deliverer_->try_add(message(R"({"n":1})", 0), 4 * bytes), i < 4) << i;
  }
  EXPECT_EQ(deliverer_->counts().dropped, 6u);
  deliverer_->start();
  while (deliverer_->counts().messages < 10) std::this_thread::yield();
  EXPECT_TRUE(deliverer_->try_add(message(R"({"n":2})", 0), 4 * bytes)) << "there is room again";
}

TEST_F(Delivering, EmitsNothingAfterItWasHalted) {
  deliverer_->start();
  deliverer_->halt();
  deliverer_->add(message(R"({"n":1})"));
  EXPECT_FALSE(deliverer_->try_add(message(R"({"n":1})", 0), 1 << 20));
  deliverer_->join();
  EXPECT_EQ(outcomes_.rows, 0u);
}

}  // namespace
}  // namespace weir::mqtt_source
