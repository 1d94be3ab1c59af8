// What a reload takes for the same component: what it says, not where or how.
#include "core/config/compare.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/config/load.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"

namespace weir::config::testing {
namespace {

std::unique_ptr<Config> loaded(const std::string& text) {
  const Folder folder;
  folder.write("weir.yaml", text);
  FakeCatalog catalog;
  Problems problems;
  auto config = load({"weir.yaml", "web1"}, catalog, problems);
  EXPECT_NE(config, nullptr) << problems.text();
  return config;
}

// Whether the n-th component of both is the same.
bool same(const std::string& a, const std::string& b, std::size_t n) {
  const auto x = loaded(a), y = loaded(b);
  return config::same(x->components.at(n), x->agent, y->components.at(n), y->agent);
}

const std::string kSource = "sources: {t: {type: clock}}\n";
const std::string kSink = "sinks: {out: {type: blackhole, inputs: t}}\n";

TEST(Compare, WhereItStandsIsNoDifference) {
  const std::string moved = "# a comment\n" + kSink + "\nsources:\n  t:\n    type: clock\n";
  EXPECT_TRUE(same(kSource + kSink, moved, 0));
  EXPECT_TRUE(same(kSource + kSink, moved, 1));
}

TEST(Compare, InputsAreNone) {
  const std::string more = "sources: {t: {type: clock}, u: {type: clock}}\n";
  EXPECT_TRUE(same(more + "sinks: {out: {type: blackhole, inputs: [t, u]}}\n",
                   more + "sinks: {out: {type: blackhole, inputs: [u]}}\n", 2));
}

TEST(Compare, WhatTheAgentGivesIsOne) {
  const std::string agent = "agent: {interval: 7s}\n";
  EXPECT_FALSE(same(kSource + kSink, agent + kSource + kSink, 0));
  EXPECT_TRUE(
      same(agent + kSource + kSink, "sources: {t: {type: clock, interval: 7s}}\n" + kSink, 0))
      << "the same interval, whoever says so";
  EXPECT_TRUE(same(kSource + kSink, agent + kSource + kSink, 1)) << "sinks have none";
  EXPECT_FALSE(same(kSource + kSink, "agent: {labels: {a: b}}\n" + kSource + kSink, 0));
}

TEST(Compare, EveryOptionOfTheAgentIsOne) {
  for (const char* more : {"jitter: 1s", "labels: {a: b}", "required: true", "interval: 20s"}) {
    EXPECT_FALSE(same(kSource + kSink,
                      "sources: {t: {type: clock, " + std::string(more) + "}}\n" + kSink, 0))
        << more;
  }
  for (const char* more : {"required: true", "buffer: {max_size: 1MiB}", "batch: {max_rows: 7}",
                           "retry: {max: 7s}", "write_deadline: 7s", "dead_letters: 1MiB"}) {
    EXPECT_FALSE(same(kSource + kSink,
                      kSource + "sinks: {out: {type: blackhole, inputs: t, " + more + "}}\n", 1))
        << more;
  }
}

weir_value value(weir_option_type type) {
  weir_value v{};
  v.type = type;
  v.has_value = v.is_set = 1;
  v.file = "";
  return v;
}

TEST(Compare, ValuesAreComparedAllTheWayDown) {
  weir_value a = value(WEIR_OPTION_STRING), b = a;
  a.string = {"left", 4};
  b.string = {"left", 4};
  b.line = 7;
  EXPECT_TRUE(config::same(&a, &b));
  const weir_value* items_a[] = {&a};
  const weir_value* items_b[] = {&b};
  weir_value list_a = value(WEIR_OPTION_LIST), list_b = list_a;
  list_a.items = items_a;
  list_b.items = items_b;
  list_a.item_count = list_b.item_count = 1;
  EXPECT_TRUE(config::same(&list_a, &list_b));
  b.string = {"lost", 4};
  EXPECT_FALSE(config::same(&list_a, &list_b));
  list_b.item_count = 0;
  EXPECT_FALSE(config::same(&list_a, &list_b));
  EXPECT_FALSE(config::same(&a, nullptr));
  a.f64 = b.f64 = std::numeric_limits<double>::quiet_NaN();
  b.string = a.string;
  EXPECT_TRUE(config::same(&a, &b));
  b.key = {"k", 1};
  EXPECT_FALSE(config::same(&a, &b));
}

}  // namespace
}  // namespace weir::config::testing
