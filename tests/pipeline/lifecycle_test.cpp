// Components that cannot be created or started, with and without `required`; telemetry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "tests/pipeline/harness.hpp"

namespace weir::core {
namespace {

struct ThrowsInConstructor {
  explicit ThrowsInConstructor(Sink) { throw std::runtime_error("constructor failed"); }
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};
struct ThrowsInStart {
  explicit ThrowsInStart(Sink) {}
  void start() { throw std::runtime_error("start failed"); }
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};
struct FailsToCollect {
  explicit FailsToCollect(Source) {}
  void collect(Time) { throw std::runtime_error("collect failed"); }
};

// Emits a row from a thread that `start` began, and one from `stop`, as a window would.
struct EmitsOnItsOwn {
  explicit EmitsOnItsOwn(Processor host)
      : host_(host),
        measurement_(host.measurement(
            Schema("ledger", "").label("series").field("n", WEIR_U64, WEIR_COUNTER, "", ""))),
        series_(host.series(measurement_, {"own"})) {}
  void start() {
    thread_ = std::thread([this] { emit(1); });
  }
  void process(const weir_batch&) {}
  void stop() {
    thread_.join();
    emit(2);
  }
  void emit(std::uint64_t number) {
    weir::Batch batch = host_.batch(measurement_, 1);
    batch.set_u64(0, batch.add(series_, 1), number);
    host_.emit(std::move(batch));
  }
  Processor host_;
  const weir_measurement* measurement_;
  const weir_series* series_;
  std::thread thread_;
};

std::unique_ptr<config::Config> config_with(const weir_component_type* type, bool required) {
  auto config = std::make_unique<config::Config>();
  config->agent.interval = std::chrono::milliseconds(1);
  config->agent.hostname = "testhost";
  config->agent.shutdown_timeout = std::chrono::minutes(1);
  config->agent.max_series = 100;
  config::Component c;
  c.kind = type->kind;
  c.id = "it";
  c.descriptor = type;
  static weir_value options{};
  options.size = sizeof options;
  options.type = WEIR_OPTION_GROUP;
  options.file = "";
  c.options = &options;
  c.source.required = c.consumer.required = required;
  c.consumer.buffer.max_size = Bytes{1u << 20};
  c.sink.batch = {100, Bytes{1u << 20}, {}};
  config->components.push_back(std::move(c));
  return config;
}

TEST(Lifecycle, WhatCannotBeCreatedIsLeftOutOrFatal) {
  const auto* type = sink<ThrowsInConstructor>("a", "A.");
  Pipeline optional(config_with(type, false));
  EXPECT_EQ(optional.start(), 0);
  EXPECT_EQ(optional.component_count(), 0u);
  EXPECT_TRUE(optional.stop());
  Pipeline required(config_with(type, true));
  EXPECT_EQ(required.start(), 1);
}

TEST(Lifecycle, WhatCannotStartIsLeftOutOrFatal) {
  const auto* type = sink<ThrowsInStart>("b", "B.");
  Pipeline optional(config_with(type, false));
  EXPECT_EQ(optional.start(), 0);
  EXPECT_EQ(optional.component_count(), 0u);
  Pipeline required(config_with(type, true));
  EXPECT_EQ(required.start(), 1);
}

TEST(Lifecycle, ARefusedPluginIsLeftOutOrFatal) {
  for (const bool required : {false, true}) {
    auto config = config_with(sink<ThrowsInStart>("b", "B."), required);
    config->components[0].descriptor = nullptr;
    config->components[0].refusal = "a reason";
    Pipeline pipeline(std::move(config));
    EXPECT_EQ(pipeline.start(), required ? 1 : 0);
  }
}

TEST(Lifecycle, AFailedCollectionIsCountedAndTriedAgain) {
  Pipeline pipeline(config_with(source<FailsToCollect>("c", "C."), true));
  ASSERT_EQ(pipeline.start(), 0);
  EXPECT_FALSE(pipeline.collect_once());
  pipeline.schedule();
  const auto errors = [&] {
    std::uint64_t n = 0;
    pipeline.visit_telemetry(
        [](void* context, const weir_measurement* m, const weir_string*, const weir_cell* cells) {
          if (std::string(m->name) == "weir_source") {
            *static_cast<std::uint64_t*>(context) = cells[4].u64;
          }
        },
        &n);
    return n;
  };
  while (errors() < 3) std::this_thread::yield();
  EXPECT_TRUE(pipeline.stop());
}

TEST(Lifecycle, WhatAProcessorEmitsInStartAndStopIsDelivered) {
  Harness h;
  h.source("s", 10, 10);
  h.passer("p", {"s"});
  h.component("p").descriptor = processor<EmitsOnItsOwn>("own", "Emits on its own.");
  h.sink("k", {"p"});
  h.start();
  h.wait_for_sources();
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.route("p", "k").rows_offered, 2u);
  EXPECT_EQ(h.sink("k").rows, 2u);
}

// A sink that waits for its next attempt makes it when the agent stops.
TEST(Lifecycle, StoppingEndsTheWaitForTheNextAttempt) {
  Harness h;
  h.source("s", 10, 10);
  std::atomic<bool> up{false};
  h.sink("k", {"s"}).answer = [&](std::uint64_t) {
    return up ? SinkLedger::Answer::kOk : SinkLedger::Answer::kRetry;
  };
  h.component("k").sink.retry = {std::chrono::hours(1), std::chrono::hours(1)};
  h.start();
  while (h.sink("k").calls == 0) std::this_thread::yield();
  up = true;
  EXPECT_TRUE(h.pipeline().stop());
  h.expect_conservation();
  EXPECT_EQ(h.sink("k").rows, 10u);
}

TEST(Telemetry, TellsBothSidesOfEveryRoute) {
  Harness h;
  h.source("s", 1000, 10);
  h.sink("k", {"s"});
  h.start();
  h.wait_for_sources();
  h.wait_for_empty_routes();
  std::vector<std::string> rows;
  h.pipeline().visit_telemetry(
      [](void* context, const weir_measurement* m, const weir_string* labels,
         const weir_cell* cells) {
        std::string text = m->name;
        for (std::uint32_t i = 0; i < m->label_count; ++i) {
          text += " " + std::string(view(labels[i]));
        }
        for (std::uint32_t i = 0; i < m->field_count; ++i) {
          text += std::string(" ") + m->fields[i]->name + "=";
          text += m->fields[i]->type == WEIR_U64 ? std::to_string(cells[i].u64) : "f64";
        }
        static_cast<std::vector<std::string>*>(context)->push_back(text);
      },
      &rows);
  EXPECT_THAT(rows, ::testing::Contains("weir_route s k rows_offered_total=1000 "
                                        "rows_recovered_total=0 rows_delivered_total=1000 "
                                        "rows_held=0"));
  EXPECT_THAT(rows, ::testing::Contains("weir_route s k rejected dropped_rows_total=0"));
  EXPECT_THAT(rows, ::testing::Contains("weir_component s source ledger_source info=1 running=1"));
  EXPECT_THAT(rows, ::testing::Contains(::testing::StartsWith("weir_source s rows_total=1000")));
  EXPECT_THAT(rows, ::testing::Contains(::testing::StartsWith("process cpu_seconds_total=")));
  h.pipeline().stop();
}

}  // namespace
}  // namespace weir::core
