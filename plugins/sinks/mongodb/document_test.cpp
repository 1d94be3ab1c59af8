// Flat documents, read back by libbson: ids, values of every type, names, and what is refused.
#include "document.hpp"

#include <cmath>
#include <limits>

#include "fixture.hpp"
#include "merge.hpp"

namespace weir::mongodb_sink {
namespace {

class Flat : public Documents {
 protected:
  std::string document(const Plan& plan, const Batch& batch, std::uint32_t row = 0,
                       const Limits& limits = {}, bool labels_apart = false) {
    Bson out;
    const weir_batch& b = *batch.get();
    refusal_ = append_flat(*out.get(), plan, heads_.find(plan, *b.series[row]), "time",
                           labels_apart, b, row, limits);
    return refusal_ ? text_of(refusal_, *plan.measurement) : json(*out.get());
  }
  Batch one_row(const Plan& plan, std::initializer_list<std::string_view> labels, Time time) {
    Batch batch = source_.batch(plan.measurement, 1);
    batch.add(source_.series(plan.measurement, labels), time);
    return batch;
  }
  Heads heads_;
  Refusal refusal_;
};

TEST_F(Flat, IdsSortByTimeAndTellSeriesApart) {
  const table::SeriesId a{1}, b{2};
  const std::int64_t times[] = {std::numeric_limits<std::int64_t>::min(), -1, 0, 1, 1'000'000'000,
                                std::numeric_limits<std::int64_t>::max()};
  for (std::size_t i = 1; i < std::size(times); ++i) {
    EXPECT_LT(document_id(times[i - 1], b), document_id(times[i], a)) << times[i];
  }
  EXPECT_NE(document_id(0, a), document_id(0, b));
  EXPECT_EQ(document_id(7, a), document_id(7, a));
}

TEST_F(Flat, TheIdIsThatOfTheSeriesInSqlTables) {
  const Plan p = plan(Schema("cpu").label("host").gauge("busy", "", ""));
  const weir_series* series = source_.series(p.measurement, {"a"});
  EXPECT_EQ(heads_.find(p, *series).id, table::series_id(*series));
}

TEST_F(Flat, ValuesOfEveryType) {
  const Plan p = plan(Schema("m")
                          .label("host")
                          .gauge("real", "", "")
                          .field("whole", WEIR_I64, WEIR_GAUGE, "", "")
                          .field("natural", WEIR_U64, WEIR_GAUGE, "", "")
                          .field("flag", WEIR_BOOL, WEIR_GAUGE, "", "")
                          .field("text", WEIR_STRING, WEIR_GAUGE, "", "")
                          .histogram("wait", {0.5, 2}, "", ""));
  Batch batch = one_row(p, {"a"}, 1'500'000'001);
  batch.set(0, 0, 0.1);
  batch.set_i64(1, 0, std::numeric_limits<std::int64_t>::min());
  batch.set_u64(2, 0, std::numeric_limits<std::int64_t>::max());
  batch.set_bool(3, 0, true);
  batch.set_string(4, 0, std::string_view("x\0\"", 3));
  const std::uint64_t counts[] = {1, 0, 2};
  batch.set_histogram(5, 0, counts, 9.5);
  const std::string text = document(p, batch);
  const std::string tail = text.substr(text.find("\"time\""));
  EXPECT_EQ(tail,
            "\"time\" : { \"$date\" : { \"$numberLong\" : \"1500\" } }, \"weir_ns\" : { "
            "\"$numberInt\" : \"1\" }, \"host\" : \"a\", \"real\" : { \"$numberDouble\" : "
            "\"0.10000000000000000555\" }, \"whole\" : { \"$numberLong\" : "
            "\"-9223372036854775808\" }, \"natural\" : { \"$numberLong\" : "
            "\"9223372036854775807\" }, \"flag\" : true, \"text\" : \"x\\u0000\\\"\", \"wait\" : { "
            "\"count\" : { \"$numberLong\" : \"3\" }, \"sum\" : { \"$numberDouble\" : \"9.5\" }, "
            "\"bounds\" : [ { \"$numberDouble\" : \"0.5\" }, { \"$numberDouble\" : \"2.0\" } ], "
            "\"counts\" : [ { \"$numberLong\" : \"1\" }, { \"$numberLong\" : \"0\" }, { "
            "\"$numberLong\" : \"2\" } ] } }");
}

TEST_F(Flat, WhatIsNotThereIsAbsent) {
  const Plan p = plan(Schema("m").label("host").gauge("a", "", "").histogram("wait", {1}, "", ""));
  Batch batch = one_row(p, {""}, 0);
  batch.set_null(0, 0);
  batch.set_null(1, 0);
  const std::string text = document(p, batch);
  for (const char* absent : {"host", "\"a\"", "wait", "weir_ns"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << text;
  }
}

TEST_F(Flat, TimesBeforeTheEpochAreCutDownwards) {
  const Plan p = plan(Schema("m").gauge("a", "", ""));
  Batch batch = one_row(p, {}, -1);
  batch.set(0, 0, 1);
  const std::string text = document(p, batch);
  EXPECT_NE(text.find("{ \"$numberLong\" : \"-1\" } }, \"weir_ns\" : { \"$numberInt\" : "
                      "\"999999\" }"),
            std::string::npos)
      << text;
}

TEST_F(Flat, NaturalsBeyondInt64AreDecimals) {
  const Plan p = plan(Schema("m").field("n", WEIR_U64, WEIR_GAUGE, "", ""));
  for (const std::uint64_t n : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    Batch batch = one_row(p, {}, 0);
    batch.set_u64(0, 0, n);
    const std::string wanted = "{ \"$numberDecimal\" : \"" + std::to_string(n) + "\" }";
    EXPECT_NE(document(p, batch).find(wanted), std::string::npos) << document(p, batch);
    Limits limits;
    limits.has_decimal = false;
    EXPECT_EQ(document(p, batch, 0, limits),
              "m.n is larger than 2^63-1, which this server cannot keep");
  }
}

TEST_F(Flat, NotFiniteIsKeptWhereTheServerCan) {
  const Plan p = plan(Schema("m").gauge("a", "", ""));
  Limits limits;
  limits.has_nonfinite = false;
  for (const auto& [value, text] : {std::pair{std::nan(""), "NaN"}, std::pair{HUGE_VAL, "Infinity"},
                                    std::pair{-HUGE_VAL, "-Infinity"}}) {
    Batch batch = one_row(p, {}, 0);
    batch.set(0, 0, value);
    const std::string wanted = std::string("\"$numberDouble\" : \"") + text + "\"";
    EXPECT_NE(document(p, batch).find(wanted), std::string::npos) << document(p, batch);
    EXPECT_EQ(document(p, batch, 0, limits), "m.a is not finite, which this server cannot keep");
  }
}

TEST_F(Flat, MalformedTextIsKeptByteByByte) {
  const Plan p = plan(Schema("m").label("l").field("t", WEIR_STRING, WEIR_GAUGE, "", ""));
  Batch batch = one_row(p, {"\xff"}, 0);
  batch.set_string(0, 0, "\xC3");
  const std::string text = document(p, batch);
  EXPECT_NE(text.find("\"l\" : { \"$binary\" : { \"base64\" : \"/w==\", \"subType\" : \"00\" } }"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\"base64\" : \"ww==\""), std::string::npos) << text;
}

TEST_F(Flat, TooLargeIsRefusedBeforeItIsSent) {
  const Plan p = plan(Schema("m")
                          .field("a", WEIR_STRING, WEIR_GAUGE, "", "")
                          .field("b", WEIR_STRING, WEIR_GAUGE, "", ""));
  Batch batch = one_row(p, {}, 0);
  const std::string half(9 << 20, 'x');
  batch.set_string(0, 0, half);
  batch.set_string(1, 0, half);
  EXPECT_EQ(document(p, batch), std::string("m.b ") + kTooLarge);
  Batch fits = one_row(p, {}, 0);
  fits.set_string(0, 0, half);
  fits.set_string(1, 0, "");
  EXPECT_FALSE(document(p, fits).empty());
  EXPECT_FALSE(refusal_);
}

TEST_F(Flat, LabelsOfATimeSeriesStandApart) {
  const Plan p = plan(Schema("m").label("host").gauge("a", "", ""));
  Batch batch = one_row(p, {"x"}, 0);
  batch.set(0, 0, 1);
  EXPECT_NE(document(p, batch, 0, {}, true).find("\"labels\" : { \"host\" : \"x\" }, \"a\""),
            std::string::npos);
}

TEST_F(Flat, NamesThatAreTakenGiveWay) {
  const Plan p = plan(Schema("m")
                          .label("busy")
                          .label("_id")
                          .gauge("busy", "", "")
                          .gauge("time", "", "")
                          .gauge("weir_ns", "", ""));
  EXPECT_EQ(p.problem, "");
  EXPECT_EQ(p.head[0].name, "label_busy");
  EXPECT_EQ(p.head[1].name, "label__id");
  EXPECT_EQ(p.fields[0].name, "busy");
  EXPECT_EQ(p.fields[1].name, "field_time");
  EXPECT_EQ(p.fields[2].name, "field_weir_ns");
}

TEST_F(Flat, NamesAsTheOptionsSay) {
  auto& own = options_.collections["m"];
  own.collection = "c";
  own.fields = {{"host", "node"}, {"a", "b"}, {"wait.mean", "mean_s"}};
  const Schema schema = Schema("m").label("host").gauge("a", "", "").histogram("wait", {1}, "", "");
  const Plan p = plan(schema);
  EXPECT_EQ(p.collection, "c");
  EXPECT_EQ(p.head[0].name, "node");
  ASSERT_EQ(p.fields.size(), 2u);
  EXPECT_EQ(p.fields[0].name, "b");
  EXPECT_EQ(p.fields[1].name, "mean_s");
  Batch batch = one_row(p, {""}, 0);
  batch.set(0, 0, 1);
  const std::uint64_t none[] = {0, 0};
  batch.set_histogram(1, 0, none, 0);
  EXPECT_EQ(document(p, batch).find("mean_s"), std::string::npos) << "of no observations";
  own.fields["host"] = "b";
  EXPECT_EQ(plan(schema).problem,
            "m: 'b' names two fields of one document; rename one in collections.m.fields");
}

TEST_F(Flat, OnlyWhatDiffersIsChanged) {
  Bson existing, ours, filter, change, same_filter, same_change;
  BSON_APPEND_INT32(existing.get(), "_id", 7);
  BSON_APPEND_INT32(existing.get(), "a", 1);
  BSON_APPEND_DOUBLE(existing.get(), "b", std::nan(""));
  BSON_APPEND_UTF8(existing.get(), "other", "x");
  BSON_APPEND_INT32(ours.get(), "_id", 7);
  BSON_APPEND_DOUBLE(ours.get(), "b", std::nan(""));
  EXPECT_FALSE(make_update(*existing.get(), *ours.get(), *same_filter.get(), *same_change.get()));
  BSON_APPEND_INT32(ours.get(), "a", 2);
  BSON_APPEND_BOOL(ours.get(), "c", true);
  ASSERT_TRUE(make_update(*existing.get(), *ours.get(), *filter.get(), *change.get()));
  EXPECT_EQ(json(*filter.get()), "{ \"_id\" : { \"$numberInt\" : \"7\" } }");
  EXPECT_EQ(json(*change.get()),
            "{ \"$set\" : { \"a\" : { \"$numberInt\" : \"2\" }, \"c\" : true } }");
}

}  // namespace
}  // namespace weir::mongodb_sink
