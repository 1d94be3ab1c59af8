// my_processor against an agent in memory: what it passes on and what it adds.
#include "my_processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "weir_testing/agent.hpp"

namespace {

using testing::ElementsAre;

class MyProcessorTest : public testing::Test {
 protected:
  // A batch of the measurement room with one row for each temperature, of rooms r0, r1...
  weir::Batch rooms(const std::vector<double>& temperatures) {
    const weir::Source source(agent_.host());
    const auto* m = source.measurement(
        weir::Schema("room").label("room").gauge("temperature", "celsius", "Of the air."));
    weir::Batch batch = source.batch(m, static_cast<std::uint32_t>(temperatures.size()));
    for (std::size_t i = 0; i < temperatures.size(); ++i) {
      const auto* series = source.series(m, {"r" + std::to_string(i)});
      batch.set(0, batch.add(series, 5), temperatures[i]);
    }
    return batch;
  }

  weir::testing::Agent agent_;
};

TEST_F(MyProcessorTest, PassesTheBatchOnUntouched) {
  MyProcessor processor(weir::Processor(agent_.host()), {"temperature", 20});
  const weir::Batch batch = rooms({19});
  processor.process(*batch.get());
  EXPECT_EQ(agent_.emitted().at(0), batch.get());
}

TEST_F(MyProcessorTest, TellsForEveryRowWhetherTheLimitIsExceeded) {
  MyProcessor processor(weir::Processor(agent_.host()), {"temperature", 20});
  const weir::Batch batch = rooms({19, 20, 20.5});
  processor.process(*batch.get());
  processor.process(*batch.get());
  const std::vector<std::string> once = {"room=r0 exceeded=0 5", "room=r1 exceeded=0 5",
                                         "room=r2 exceeded=1 5"};
  std::vector<std::string> twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(agent_.lines("room_limit"), twice);
}

TEST_F(MyProcessorTest, LeavesRowsWithoutAValueOut) {
  MyProcessor processor(weir::Processor(agent_.host()), {"temperature", 20});
  weir::Batch batch = rooms({30, 30});
  batch.set_null(0, 0);
  processor.process(*batch.get());
  EXPECT_THAT(agent_.lines("room_limit"), ElementsAre("room=r1 exceeded=1 5"));
}

TEST_F(MyProcessorTest, OnlyPassesMeasurementsWithoutTheField) {
  MyProcessor processor(weir::Processor(agent_.host()), {"humidity", 20});
  const weir::Batch batch = rooms({30});
  processor.process(*batch.get());
  EXPECT_EQ(agent_.emitted().size(), 1u);
}

TEST_F(MyProcessorTest, InternsEachSeriesOnce) {
  MyProcessor processor(weir::Processor(agent_.host()), {"temperature", 20});
  const weir::Batch batch = rooms({1, 2});
  const std::size_t before = agent_.live_series();
  processor.process(*batch.get());
  processor.process(*batch.get());
  EXPECT_EQ(agent_.live_series(), before + 2);
}

}  // namespace
