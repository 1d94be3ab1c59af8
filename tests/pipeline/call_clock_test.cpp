// Calls that last, wait and end, at told times.
#include "core/plugin/call_clock.hpp"

#include <gtest/gtest.h>

namespace weir::core {
namespace {

using namespace std::chrono_literals;

constexpr CallClock::Time at(std::chrono::seconds since) { return CallClock::Time(since); }

TEST(CallClock, TellsHowLongACallLastsAndIsOverdue) {
  CallClock clock;
  EXPECT_FALSE(clock.lasts(at(5s)));
  EXPECT_FALSE(clock.overdue(at(5s)));
  clock.begins(at(10s), 3s);
  EXPECT_EQ(clock.lasts(at(12s)), 2s);
  EXPECT_EQ(clock.overdue(at(12s)), -1s);
  EXPECT_EQ(clock.overdue(at(20s)), 7s);
  EXPECT_EQ(clock.lasts(at(9s)), 0s) << "asked by who looked at the time before";
  clock.ended();
  EXPECT_FALSE(clock.lasts(at(21s)));
  EXPECT_FALSE(clock.overdue(at(21s)));
}

TEST(CallClock, StandsWhileTheCallWaits) {
  CallClock clock;
  clock.begins(at(10s), 3s);
  clock.wait_begins(at(11s));
  EXPECT_EQ(clock.lasts(at(100s)), 1s);
  clock.wait_ended(at(100s));
  EXPECT_EQ(clock.lasts(at(101s)), 2s);
  clock.wait_begins(at(101s));
  clock.wait_ended(at(110s));
  EXPECT_EQ(clock.overdue(at(112s)), 1s);
}

// Two threads of the processor wait, the second one longer.
TEST(CallClock, StandsWhileAnyThreadWaits) {
  CallClock clock;
  clock.begins(at(10s), 3s);
  clock.wait_begins(at(11s));
  clock.wait_begins(at(12s));
  clock.wait_ended(at(13s));
  EXPECT_EQ(clock.lasts(at(20s)), 1s);
  clock.wait_ended(at(30s));
  EXPECT_EQ(clock.lasts(at(31s)), 2s);
}

TEST(CallClock, AWaitOfBeforeTheCallCountsFromItsBegin) {
  CallClock clock;
  clock.wait_begins(at(1s));
  clock.begins(at(10s), 3s);
  EXPECT_EQ(clock.lasts(at(20s)), 0s);
  clock.wait_ended(at(20s));
  EXPECT_EQ(clock.lasts(at(25s)), 5s);
}

TEST(CallClock, WhatWaitedBetweenCallsIsForgotten) {
  CallClock clock;
  clock.begins(at(1s), 3s);
  clock.ended();
  clock.wait_begins(at(2s));
  clock.wait_ended(at(9s));
  clock.begins(at(10s), 3s);
  EXPECT_EQ(clock.lasts(at(14s)), 4s);
}

}  // namespace
}  // namespace weir::core
