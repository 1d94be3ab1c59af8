// What WEIR_PLUGIN lists: one class may stand behind several types.
#include <gtest/gtest.h>

#include <cstring>

#include "weir/weir.hpp"

namespace weir {
namespace {

class Meter {
 public:
  explicit Meter(Source) {}
  void collect(Time) {}
};

class Repeater {
 public:
  explicit Repeater(Processor) {}
  void process(const weir_batch&) {}
};

class Drain {
 public:
  explicit Drain(Sink) {}
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};

template <class Make>
void expect_two_types(Make make) {
  const weir_component_type* water = make("water", "Measures water.");
  const weir_component_type* gas = make("gas", "Measures gas.");
  ASSERT_NE(water, gas);
  EXPECT_STREQ(water->name, "water");
  EXPECT_STREQ(gas->name, "gas");
  EXPECT_STREQ(gas->summary, "Measures gas.");
  EXPECT_EQ(water->create, gas->create);
  EXPECT_EQ(make("water", "Measures water."), water) << "asked again, it is the same";
}

TEST(ComponentType, OneClassMayMakeSeveral) {
  expect_two_types([](auto name, auto summary) { return source<Meter>(name, summary); });
  expect_two_types([](auto name, auto summary) { return processor<Repeater>(name, summary); });
  expect_two_types([](auto name, auto summary) { return sink<Drain>(name, summary); });
}

TEST(ComponentType, ClassesOfOneNameAreTold) {
  const weir_component_type* as_source = source<Meter>("same", "");
  const weir_component_type* as_sink = sink<Drain>("same", "");
  EXPECT_NE(as_source, as_sink);
  EXPECT_EQ(as_source->kind, weir_kind{WEIR_SOURCE});
  EXPECT_EQ(as_sink->kind, weir_kind{WEIR_SINK});
}

}  // namespace
}  // namespace weir
