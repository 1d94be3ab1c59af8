// Nested documents: rows of several measurements in one, apart and again.
#include <algorithm>
#include <functional>
#include <memory>
#include <random>

#include "done.hpp"
#include "fixture.hpp"
#include "groups.hpp"
#include "merge.hpp"

namespace weir::mongodb_sink {
namespace {

class Nested : public Documents {
 protected:
  Nested() {
    options_.layout = Layout::nested;
    options_.group_by = {"lpar"};
    options_.collection = "metrics";
  }

  // A row of a measurement with the labels lpar and `label`, and the field `field`.
  void add(const std::string& m, const std::string& label, const std::string& value,
           const std::string& field, double number, const std::string& lpar = "A") {
    plans_.push_back(
        std::make_unique<Plan>(plan(Schema(m).label("lpar").label(label).gauge(field, "", ""))));
    const Plan& p = *plans_.back();
    ASSERT_EQ(p.problem, "");
    Batch batch = source_.batch(p.measurement, 1);
    batch.set(0, batch.add(source_.series(p.measurement, {lpar, value}), 5), number);
    groups_.add(p, *batch.get(), done_, heads_);
    batches_.push_back(std::move(batch));
  }
  std::string metrics(std::size_t group = 0) {
    Bson out;
    Node root(Node::Shape::document);
    write_metrics(groups_.all().at(group), root, {}, refuse_, *out.get());
    return json(*out.get());
  }
  // What `existing` becomes by the rows that there are; "" where it is left as it is.
  std::string merged(const bson_t& existing) {
    Bson filter, change;
    const bool is_different = make_update(existing, groups_.all().at(0), groups_.labels(), {},
                                          refuse_, *filter.get(), *change.get());
    return is_different ? json(*change.get()) : "";
  }

  std::vector<std::unique_ptr<Plan>> plans_;
  std::vector<Batch> batches_;
  Heads heads_;
  Done done_{Sink(agent_.host())};
  Groups groups_;
  std::vector<std::string> refused_;
  std::function<void(const Origin&, const std::string&)> refuse_ =
      [this](const Origin&, const std::string& why) { refused_.push_back(why); };
};

std::string number(const char* text) {
  return std::string("{ \"$numberDouble\" : \"") + text + "\" }";
}

TEST_F(Nested, AListByDefaultAKeyOrAValueWhereAsked) {
  options_.collections["cpu"].key = "type";
  options_.collections["cpu"].value = "percent";
  options_.collections["queue"].key = "type";
  add("cpu", "type", "zip.a", "percent", 1);
  add("queue", "type", "CICS", "depth", 2);
  add("disk", "id", "d0", "busy", 3);
  EXPECT_EQ(metrics(), "{ \"metrics\" : { \"cpu\" : { \"zip%2Ea\" : " + number("1.0") +
                           " }, \"queue\" : { \"CICS\" : { \"depth\" : " + number("2.0") +
                           " } }, \"disk\" : [ { \"id\" : \"d0\", \"busy\" : " + number("3.0") +
                           " } ] } }");
  EXPECT_TRUE(refused_.empty());
}

TEST_F(Nested, RowsOfTwoMeasurementsMeetInOneElement) {
  for (const char* m : {"use", "rate"}) options_.collections[m].path = "disks";
  add("use", "id", "d0", "busy", 1);
  add("rate", "id", "d1", "iops", 2);
  add("rate", "id", "d0", "iops", 3);
  EXPECT_EQ(metrics(), "{ \"metrics\" : { \"disks\" : [ { \"id\" : \"d0\", \"busy\" : " +
                           number("1.0") + ", \"iops\" : " + number("3.0") +
                           " }, { \"id\" : \"d1\", \"iops\" : " + number("2.0") + " } ] } }");
}

TEST_F(Nested, GroupsAndTimesAreDocumentsOfTheirOwn) {
  add("disk", "id", "d0", "busy", 1, "A");
  add("disk", "id", "d0", "busy", 2, "B");
  add("disk", "id", "d1", "busy", 3, "A");
  ASSERT_EQ(groups_.all().size(), 2u);
  EXPECT_EQ(groups_.all()[0].rows.size(), 2u);
  EXPECT_NE(groups_.all()[0].id, groups_.all()[1].id);
}

TEST_F(Nested, WhatComesAgainChangesNothingWhateverItsOrder) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const char* m : {"use", "rate"}) options_.collections[m].path = "disks";
  options_.collections["cpu"].key = "type";
  for (int i = 0; i < 20; ++i) {
    const std::string id = "d" + std::to_string(i);
    add("use", "id", id, "busy", i);
    add("rate", "id", id, "iops", i);
    add("cpu", "type", id, "percent", i);
  }
  Bson whole;
  Node root(Node::Shape::document);
  write_metrics(groups_.all()[0], root, {}, refuse_, *whole.get());
  for (int turn = 0; turn < 20; ++turn) {
    auto& rows = groups_.all()[0].rows;
    std::shuffle(rows.begin(), rows.end(), random);
    if (rows.size() > 5) rows.pop_back();
    EXPECT_EQ(merged(*whole.get()), "");
  }
  EXPECT_TRUE(refused_.empty());
}

TEST_F(Nested, PartsThatComeApartMeet) {
  options_.collections["use"].path = options_.collections["rate"].path = "disks";
  add("use", "id", "d0", "busy", 1);
  Bson first;
  Node root(Node::Shape::document);
  write_metrics(groups_.all()[0], root, {}, refuse_, *first.get());
  groups_.clear();
  add("rate", "id", "d0", "iops", 2);
  EXPECT_EQ(merged(*first.get()),
            "{ \"$set\" : { \"metrics\" : { \"disks\" : [ { \"id\" : \"d0\", \"busy\" : " +
                number("1.0") + ", \"iops\" : " + number("2.0") + " } ] } } }");
}

TEST_F(Nested, WhatSomebodyElsePutThereStays) {
  add("disk", "id", "d0", "busy", 1);
  Bson existing;
  bson_t inner;
  BSON_APPEND_DOCUMENT_BEGIN(existing.get(), "metrics", &inner);
  BSON_APPEND_UTF8(&inner, "note", "by hand");
  bson_append_document_end(existing.get(), &inner);
  const std::string text = merged(*existing.get());
  EXPECT_NE(text.find("\"note\" : \"by hand\", \"disk\" : ["), std::string::npos) << text;
}

TEST_F(Nested, TwoForOnePlaceAreSaid) {
  options_.collections["a"].path = options_.collections["b"].path = "x";
  options_.collections["a"].key = options_.collections["b"].key = "id";
  options_.collections["a"].value = "v";
  add("a", "id", "k", "v", 1);
  add("b", "id", "k", "v", 2);
  metrics();
  EXPECT_EQ(refused_, std::vector<std::string>{
                          "b: something else stands in metrics.x.k of this document; give one of "
                          "them another collections.*.path or name"});
}

TEST_F(Nested, PlansThatCannotBe) {
  options_.collections["m"].value = "v";
  const Schema schema = Schema("m").label("lpar").label("id").gauge("v", "", "");
  EXPECT_NE(plan(schema).problem.find("the label id has no place"), std::string::npos);
  options_.collections["m"].key = "other";
  EXPECT_NE(plan(schema).problem.find("m has no label other"), std::string::npos);
  options_.collections["m"] = {};
  options_.collections["m"].value = "w";
  EXPECT_NE(plan(schema).problem.find("m has no field w"), std::string::npos);
}

TEST_F(Nested, TooLargeIsTheRowsOwnFault) {
  plans_.push_back(std::make_unique<Plan>(
      plan(Schema("m").label("id").field("t", WEIR_STRING, WEIR_GAUGE, "", ""))));
  Batch batch = source_.batch(plans_[0]->measurement, 3);
  const std::string half(9 << 20, 'x');
  for (std::uint32_t row = 0; row < 3; ++row) {
    batch.add(source_.series(plans_[0]->measurement, {std::to_string(row)}), 0);
    batch.set_string(0, row, row == 2 ? "small" : half);
  }
  groups_.add(*plans_[0], *batch.get(), done_, heads_);
  const std::string text = metrics();
  EXPECT_EQ(refused_, std::vector<std::string>{std::string("m ") + kTooLarge});
  EXPECT_NE(text.find("\"t\" : \"small\""), std::string::npos);
}

TEST(Keys, AreWithoutWhatMongoDbRefusesAndStayApart) {
  EXPECT_EQ(key_of("plain"), "plain");
  EXPECT_EQ(key_of(""), "%");
  EXPECT_EQ(key_of("a.b"), "a%2Eb");
  EXPECT_EQ(key_of("$a$"), "%24a$");
  EXPECT_EQ(key_of("%2E"), "%252E");
  EXPECT_EQ(key_of(std::string_view("a\0b", 3)), "a%00b");
  EXPECT_EQ(key_of("\xC3\xA4"), "\xC3\xA4");
  EXPECT_EQ(key_of("\xC3\xA4\xFF"), "%C3%A4%FF");
}

}  // namespace
}  // namespace weir::mongodb_sink
