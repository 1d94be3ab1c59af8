// Schemas and series: identity, rules, expiry, limits.
#include "core/pipeline/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/pipeline/schema.hpp"

namespace weir::core {
namespace {

using ::testing::HasSubstr;

struct RegistryTest : ::testing::Test {
  Epochs epochs;
  Registry registry{epochs, 10};
  std::string error;

  const weir_measurement* measurement(const Schema& schema, const StaticLabels& labels = {}) {
    error.clear();
    return schema.with_abi(
        [&](const weir_measurement& m) { return registry.measurement(m, labels, error); });
  }
  const weir_series* series(const weir_measurement* m, const std::vector<std::string>& values,
                            const StaticLabels& labels = {}) {
    std::vector<weir_string> strings;
    for (const auto& v : values) strings.push_back(abi_string(v));
    error.clear();
    return registry.series(m, strings.data(), labels, error);
  }
};

// Who ends gives back what it used, and nothing of what others use.
TEST_F(RegistryTest, AUserThatEndsReleasesWhatIsItsOwn) {
  const auto* m = measurement(Schema("cpu").label("core").gauge("busy", "ratio", "Help."));
  const auto intern = [&](const char* value, Registry::User user) {
    const weir_string text = abi_string(value);
    return registry.series(m, &text, {}, error, user);
  };
  for (const char* core : {"0", "1", "2"}) intern(core, 1);
  const auto* shared = intern("2", 2);
  intern("2", 2);
  const auto* own = intern("3", 2);
  registry.leave(1);
  EXPECT_EQ(registry.series_count(), 2u);
  EXPECT_EQ(intern("2", 3), shared);
  registry.release(own, 2);
  registry.release(shared, 2);
  registry.leave(2);
  EXPECT_EQ(registry.series_count(), 1u);
  registry.release(shared, 3);
  EXPECT_EQ(registry.series_count(), 0u);
}

TEST_F(RegistryTest, TheSameDescriptionIsTheSameMeasurement) {
  const auto* a = measurement(Schema("cpu").label("core").gauge("busy", "ratio", "Help."));
  const auto* b = measurement(Schema("cpu").label("core").gauge("busy", "ratio", "Other help."));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a, b);
  EXPECT_EQ(registry.measurement_count(), 1u);
  const auto* c = measurement(Schema("cpu").label("core").gauge("idle", "ratio", ""));
  EXPECT_NE(a, c);
  EXPECT_NE(a->id, c->id);
}

TEST_F(RegistryTest, StaticLabelsFollowTheMeasurementsOwn) {
  const StaticLabels labels{{"core", "ignored"}, {"site", "fra1"}, {"rack", "7"}};
  const auto* m = measurement(Schema("cpu").label("core").gauge("busy", "", ""), labels);
  ASSERT_NE(m, nullptr);
  ASSERT_EQ(m->label_count, 3u);
  EXPECT_STREQ(m->labels[0], "core");
  EXPECT_STREQ(m->labels[1], "rack");
  EXPECT_STREQ(m->labels[2], "site");
  const auto* s = series(m, {"0"}, labels);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(view(s->label_values[0]), "0");
  EXPECT_EQ(view(s->label_values[1]), "7");
  EXPECT_EQ(view(s->label_values[2]), "fra1");
}

TEST_F(RegistryTest, RefusesWhatBreaksTheRules) {
  const auto refused = [&](const Schema& schema, const char* why) {
    EXPECT_EQ(measurement(schema), nullptr);
    EXPECT_THAT(error, HasSubstr(why));
  };
  refused(Schema("1st").gauge("v", "", ""), "no digit first");
  refused(Schema("").gauge("v", "", ""), "a name must be");
  refused(Schema(std::string(201, 'x')).gauge("v", "", ""), "a name must be");
  refused(Schema("m"), "0 fields");
  refused(Schema("m").gauge("a-b", "", ""), "letters, digits");
  refused(Schema("m").gauge("v", "", "").gauge("v", "", ""), "there twice");
  refused(Schema("m").label("l").label("l").gauge("v", "", ""), "there twice");
  refused(Schema("m").label("l-1").gauge("v", "", ""), "label 'l-1'");
  refused(Schema("m").gauge("v", "", "", "bad name"), "flat name");
  refused(Schema("m").field("v", 99, WEIR_GAUGE, "", ""), "unknown type 99");
  refused(Schema("m").field("v", WEIR_F64, 99, "", ""), "unknown metric 99");
  refused(Schema("m").histogram("h", {1, 1}, "", ""), "do not ascend");
  refused(Schema("m").histogram("h", {1, HUGE_VAL}, "", ""), "do not ascend");
  Schema many("m");
  many.gauge("v", "", "");
  for (int i = 0; i < 65; ++i) many.label("l" + std::to_string(i));
  refused(many, "65 labels");
  EXPECT_EQ(registry.measurement_count(), 0u);
}

TEST_F(RegistryTest, AFieldKeepsItsTypeUnderAName) {
  ASSERT_NE(measurement(Schema("m").gauge("v", "", "")), nullptr);
  EXPECT_EQ(measurement(Schema("m").label("l").counter("v", "", "")), nullptr);
  EXPECT_THAT(error, HasSubstr("already registered with another type"));
  EXPECT_NE(measurement(Schema("m").label("l").gauge("v", "", "")), nullptr);
}

TEST_F(RegistryTest, WhoTakesThePlaceOfAnotherMayGiveAFieldAnotherType) {
  const auto make = [&](const Schema& schema, const Registry::Maker& maker) {
    return schema.with_abi(
        [&](const weir_measurement& m) { return registry.measurement(m, {}, error, maker); });
  };
  const Schema whole = Schema("m").field("v", WEIR_I64, WEIR_GAUGE, "", "");
  const Schema real = Schema("m").field("v", WEIR_F64, WEIR_GAUGE, "", "");
  const auto* before = make(whole, {"a", 1});
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(make(real, {"a", 1}), nullptr) << "an instance is of one mind";
  EXPECT_EQ(make(real, {"b", 2}), nullptr);
  EXPECT_THAT(error, HasSubstr("already registered with another type, by 'a'"));
  const auto* after = make(real, {"a", 3});
  ASSERT_NE(after, nullptr);
  EXPECT_NE(after, before);
  EXPECT_EQ(make(whole, {"b", 2}), nullptr) << "it is the new type that others agree with";
  EXPECT_EQ(make(whole, {"a", 1}), before) << "the one of before goes on";
  EXPECT_EQ(make(whole, {"b", 2}), nullptr);
  EXPECT_EQ(make(whole, {"a", 4}), before) << "and back";
  EXPECT_EQ(make(whole, {"b", 2}), before);
  EXPECT_EQ(make(real, {"a", 5}), nullptr) << "another component has it, too";
}

TEST_F(RegistryTest, NobodyHasToAgreeWithWhoIsNoMore) {
  const auto make = [&](weir_type type, const Registry::Maker& maker) {
    return Schema("m").field("v", type, WEIR_GAUGE, "", "").with_abi([&](const auto& m) {
      return registry.measurement(m, {}, error, maker);
    });
  };
  ASSERT_NE(make(WEIR_I64, {"a", 1}), nullptr);
  EXPECT_EQ(make(WEIR_F64, {"b", 2}), nullptr);
  registry.leave(1);
  EXPECT_NE(make(WEIR_F64, {"b", 2}), nullptr);
}

TEST_F(RegistryTest, WhatAnEarlierProcessWroteMayHaveHadOtherTypes) {
  const auto as_seen = [&](const Schema& schema) {
    return schema.with_abi(
        [&](const weir_measurement& m) { return registry.measurement_as_seen(m, error); });
  };
  const Schema whole = Schema("m").field("v", WEIR_I64, WEIR_GAUGE, "", "");
  const Schema real = Schema("m").field("v", WEIR_F64, WEIR_GAUGE, "", "");
  EXPECT_NE(as_seen(whole), nullptr);
  EXPECT_NE(measurement(real), nullptr);
  EXPECT_NE(as_seen(whole), nullptr);
  EXPECT_NE(as_seen(real), nullptr);
}

TEST_F(RegistryTest, TheSameValuesAreTheSameSeries) {
  const auto* m = measurement(Schema("m").label("a").label("b").gauge("v", "", ""));
  const auto* x = series(m, {"1", "2"});
  EXPECT_EQ(x, series(m, {"1", "2"}));
  EXPECT_NE(x, series(m, {"2", "1"}));
  EXPECT_NE(x, series(m, {"12", ""}));
  EXPECT_NE(series(m, {"", "12"}), series(m, {"12", ""}));
  EXPECT_EQ(registry.series_count(), 4u);
  EXPECT_EQ(x->generation, 1u);
}

TEST_F(RegistryTest, TheHashIsTheSameInEveryRun) {
  const auto* m = measurement(Schema("m").label("a").gauge("v", "", ""));
  // FNV-1a of "m\0a\01\0", computed independently.
  EXPECT_EQ(series(m, {"1"})->hash, 0x9ea2d9195c334d60u);
  // An absent label does not change it.
  const auto* wider = measurement(Schema("m").label("a").label("b").gauge("v", "", ""));
  EXPECT_EQ(series(wider, {"1", ""})->hash, series(m, {"1"})->hash);
}

TEST_F(RegistryTest, AnIndexIsUsedAgainOnlyWhenNoBatchCanHoldIt) {
  const auto* m = measurement(Schema("m").label("a").gauge("v", "", ""));
  BatchPool* pool = BatchPool::make(epochs);
  const auto* s = series(m, {"1"});
  const std::uint32_t index = s->index;
  Batch* holds_it = pool->acquire(m, 1);
  holds_it->abi.series[0] = s;
  registry.release(s);
  for (int i = 0; i < 5; ++i) {
    // Others come and go; the batch keeps the memory of the first.
    const auto* other = series(m, {"other" + std::to_string(i)});
    EXPECT_NE(other->index, index);
    registry.release(other);
  }
  EXPECT_EQ(view(holds_it->abi.series[0]->label_values[0]), "1");
  release(holds_it);
  // Now the epochs can move on, a step with each change.
  bool again = false;
  for (int i = 0; i < 6 && !again; ++i) {
    const auto* other = series(m, {"next" + std::to_string(i)});
    again = other->index == index;
    if (again) {
      EXPECT_GE(other->generation, 2u);
    }
    registry.release(other);
  }
  EXPECT_TRUE(again);
  pool->close();
}

TEST_F(RegistryTest, AReleasedSeriesThatIsStillUsedStays) {
  const auto* m = measurement(Schema("m").label("a").gauge("v", "", ""));
  const auto* s = series(m, {"1"});
  EXPECT_EQ(s, series(m, {"1"}));
  registry.release(s);
  EXPECT_EQ(s, series(m, {"1"}));
  EXPECT_EQ(registry.series_count(), 1u);
}

TEST_F(RegistryTest, HasALimit) {
  const auto* m = measurement(Schema("m").label("a").gauge("v", "", ""));
  std::vector<const weir_series*> all;
  for (int i = 0; i < 10; ++i) all.push_back(series(m, {std::to_string(i)}));
  EXPECT_EQ(series(m, {"one too many"}), nullptr);
  EXPECT_THAT(error, HasSubstr("limit of 10 series"));
  EXPECT_THAT(error, HasSubstr("agent.max_series"));
  EXPECT_NE(series(m, {"3"}), nullptr) << "known ones are still found";
  // Churn within the limit goes on for ever.
  for (const auto* s : all) registry.release(s);
  for (int i = 0; i < 1000; ++i) {
    const auto* s = series(m, {"churn" + std::to_string(i)});
    ASSERT_NE(s, nullptr) << i << ": " << error;
    registry.release(s);
    ASSERT_LT(s->index, 12u);
  }
}

TEST_F(RegistryTest, RefusesAHugeLabel) {
  const auto* m = measurement(Schema("m").label("a").gauge("v", "", ""));
  EXPECT_NE(series(m, {std::string(65536, 'x')}), nullptr);
  EXPECT_EQ(series(m, {std::string(65537, 'x')}), nullptr);
  EXPECT_THAT(error, HasSubstr("65537 bytes"));
}

}  // namespace
}  // namespace weir::core
