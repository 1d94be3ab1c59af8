// When a sink that fails is tried again.
#include "core/pipeline/circuit.hpp"

#include <gtest/gtest.h>

namespace weir::core {
namespace {

using namespace std::chrono_literals;
using State = Circuit::State;

TEST(Circuit, BacksOffExponentiallyUpToTheMostWithFullJitter) {
  Circuit circuit({100ms, 1s, 0});
  const std::chrono::nanoseconds ceilings[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (const auto ceiling : ceilings) EXPECT_EQ(circuit.failed(0.5), ceiling / 2);
  EXPECT_EQ(circuit.failed(0), 0ns);
  for (int i = 0; i < 5000; ++i) EXPECT_LE(circuit.failed(0.999), 1s);
  EXPECT_EQ(circuit.state(), State::kClosed);
}

TEST(Circuit, OpensAfterFailuresInARowAndProbesFarApart) {
  Circuit circuit({100ms, 1s, 3});
  for (int i = 0; i < 2; ++i) {
    circuit.begin();
    circuit.failed(0);
    EXPECT_EQ(circuit.state(), State::kClosed);
    EXPECT_FALSE(circuit.has_just_opened());
  }
  circuit.begin();
  EXPECT_EQ(circuit.failed(0), 500ms);
  EXPECT_EQ(circuit.state(), State::kOpen);
  EXPECT_TRUE(circuit.has_just_opened());
  for (int i = 0; i < 100; ++i) {
    circuit.begin();
    EXPECT_EQ(circuit.state(), State::kHalfOpen);
    EXPECT_EQ(circuit.failed(0.5), 750ms);
    EXPECT_EQ(circuit.state(), State::kOpen);
    EXPECT_FALSE(circuit.has_just_opened());
  }
}

TEST(Circuit, ASuccessClosesItAndBeginsAnew) {
  Circuit circuit({100ms, 1s, 2});
  circuit.failed(1);
  circuit.failed(1);
  circuit.begin();
  EXPECT_EQ(circuit.succeeded(), 2u);
  EXPECT_EQ(circuit.state(), State::kClosed);
  EXPECT_EQ(circuit.succeeded(), 0u);
  EXPECT_EQ(circuit.failed(0.5), 50ms);
}

}  // namespace
}  // namespace weir::core
