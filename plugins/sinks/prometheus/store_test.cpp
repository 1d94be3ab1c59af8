// Latest values, merging, twins, the cap, expiry, and what a scrape sees while rows are written.
#include "store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "store_fixture.hpp"

namespace weir::prometheus_sink {
namespace {

using ::testing::ElementsAre;
using testing::Fixture;
using ::testing::HasSubstr;
using weir::Schema;

std::multiset<std::string> samples(const std::string& text) {
  std::multiset<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    if (text[at] != '#') lines.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(Store, TheLatestRowWins) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  f.add(m, {"a"}, 1);
  f.add(m, {"b"}, 2);
  f.add(m, {"a"}, 3);
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"a\"} 3", "m_v{l=\"b\"} 2"));
  f.add(m, {"b"}, 4);
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"a\"} 3", "m_v{l=\"b\"} 4"));
}

TEST(Store, ANullValueIsNoSample) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").gauge("a", "", "h").gauge("b", "", "h"));
  const auto both = [&](bool a, bool b) {
    f.add(m, {}, [&](weir::Batch& batch, std::uint32_t row) {
      batch.set(0, row, 1);
      batch.set(1, row, 2);
      if (!a) batch.set_null(0, row);
      if (!b) batch.set_null(1, row);
    });
    f.write();
    return samples(f.text());
  };
  EXPECT_THAT(both(true, false), ElementsAre("m_a 1"));
  EXPECT_THAT(both(false, true), ElementsAre("m_b 2"));
  EXPECT_THAT(both(true, true), ElementsAre("m_a 1", "m_b 2"));
}

TEST(Store, MeasurementsOfOneNameAreOneFamily) {
  Fixture f;
  const auto* a = f.measurement(Schema("m").label("x").gauge("v", "", "h"));
  const auto* b = f.measurement(Schema("m").label("y").gauge("v", "", "h"));
  const auto* c = f.measurement(Schema("other").gauge("w", "", "another help", "m_v"));
  f.add(a, {"1"}, 1);
  f.add(b, {"1"}, 2);
  f.add(a, {"2"}, 3);
  f.add(c, {}, 4);
  f.write();
  EXPECT_EQ(f.text(),
            "# HELP m_v h\n# TYPE m_v gauge\n"
            "m_v{x=\"1\"} 1\nm_v{x=\"2\"} 3\nm_v{y=\"1\"} 2\nm_v 4\n");
}

TEST(Store, TwinsAppearOnceAndTheLastWriteWins) {
  Fixture f;
  const auto* a = f.measurement(Schema("m").label("x").gauge("v", "", "h").gauge("w", "", "h"));
  const auto* b = f.measurement(Schema("m").label("y").label("x").gauge("v", "", "h"));
  const auto fill = [](double v) {
    return [v](weir::Batch& batch, std::uint32_t row) {
      batch.set(0, row, v);
      batch.set(1, row, v);
    };
  };
  f.add(a, {"1"}, fill(1));
  f.add(b, {"", "1"}, 2);
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{x=\"1\"} 2", "m_w{x=\"1\"} 1"));
  f.add(a, {"1"}, fill(3));
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{x=\"1\"} 3", "m_w{x=\"1\"} 3"));
  f.add(b, {"", "1"}, [](weir::Batch& batch, std::uint32_t row) { batch.set_null(0, row); });
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{x=\"1\"} 3", "m_w{x=\"1\"} 3"))
      << "a null says nothing about the other's value";
  // The winner expires, the other comes back with its next row.
  f.now_ns += 400'000'000'000;
  f.add(b, {"", "1"}, 5);
  f.write();
  f.store.expire(f.now_ns);
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{x=\"1\"} 5"));
  f.add(a, {"1"}, fill(6));
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{x=\"1\"} 6", "m_w{x=\"1\"} 6"));
}

// Labels of the agent may have the key of a label of the measurement; values may only differ in
// bytes that cannot be shown.
TEST(Store, TwinsWithinOneMeasurement) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").label("host").label("host").gauge("v", "", "h"));
  f.add(m, {"own", "agent"}, 1);
  f.add(m, {"", "own"}, 2);
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{host=\"own\"} 2"));
  const auto* bytes = f.measurement(Schema("bytes").label("l").gauge("v", "", "h"));
  f.add(bytes, {"\xfe"}, 1);
  f.add(bytes, {"\xff"}, 2);
  f.add(bytes, {"clean"}, 3);
  f.write();
  EXPECT_THAT(samples(f.text()),
              ElementsAre("bytes_v{l=\"clean\"} 3", "bytes_v{l=\"\xef\xbf\xbd\"} 2",
                          "m_v{host=\"own\"} 2"));
  // In one batch, too, the last row is the one that stays.
  weir::Batch batch = f.source.batch(bytes, 2);
  batch.set(0, batch.add(f.source.series(bytes, {"\xff"}), 1), 7);
  batch.set(0, batch.add(f.source.series(bytes, {"\xfe"}), 1), 8);
  f.source.emit(std::move(batch));
  f.write();
  EXPECT_THAT(samples(f.text()),
              ElementsAre("bytes_v{l=\"clean\"} 3", "bytes_v{l=\"\xef\xbf\xbd\"} 8",
                          "m_v{host=\"own\"} 2"));
}

TEST(Store, AConflictIsRefusedToldOnceAndCounted) {
  Fixture f;
  const auto* gauge = f.measurement(Schema("m").label("a").gauge("v", "", "h"));
  const auto* counter =
      f.measurement(Schema("n").counter("v", "", "h", "m_v").gauge("good", "", "h"));
  const auto* only = f.measurement(Schema("k").counter("v", "", "h", "m_v"));
  f.add(gauge, {"x"}, 1);
  f.add(counter, {}, [](weir::Batch& b, std::uint32_t row) {
    b.set(0, row, 2);
    b.set(1, row, 3);
  });
  f.write();
  EXPECT_THAT(f.outcome.problems, ElementsAre(HasSubstr("m_v is a gauge already")));
  EXPECT_THAT(f.outcome.refused, ElementsAre()) << "the row's other field is exposed";
  f.add(only, {}, 1);
  f.add(only, {}, 1);
  f.write();
  EXPECT_EQ(f.outcome.problems.size(), 1u);
  ASSERT_EQ(f.outcome.refused.size(), 2u);
  EXPECT_THAT(f.outcome.refused[0].reason, HasSubstr("conflicts"));
  f.add(only, {}, 1);
  f.write();
  EXPECT_EQ(f.outcome.problems.size(), 0u);
  EXPECT_EQ(f.store.stats().conflicting_values, 4u);
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{a=\"x\"} 1", "n_good 3"));
}

TEST(Store, NamesThatCannotBe) {
  Fixture f;
  const struct {
    Schema schema;
    const char* why;
  } cases[] = {
      {Schema("a").gauge("v", "", "h", "9lives"), "not a valid metric name"},
      {Schema("b").gauge("v", "", "h", "weir_prometheus_sink_series"), "keeps for itself"},
      {Schema("c").gauge("v", "", "h").gauge("w", "", "h", "c_v"), "another field"},
      {Schema("d").histogram("h", {1}, "", "h").gauge("h_sum", "", "h"), "part of the histogram"},
      {Schema("e").gauge("h_count", "", "h").histogram("h", {1}, "", "h"), "is a metric already"},
  };
  for (const auto& c : cases) {
    f.add(f.measurement(c.schema), {}, [](weir::Batch& b, std::uint32_t row) {
      for (std::uint32_t i = 0; i < b.get()->measurement->field_count; ++i) b.set_null(i, row);
    });
    f.write();
    EXPECT_THAT(f.outcome.problems, ElementsAre(HasSubstr(c.why)));
  }
}

TEST(Store, RowsOfOnlyTextAreNoFault) {
  Fixture f;
  const auto* m = f.measurement(Schema("log").field("line", WEIR_STRING, WEIR_GAUGE, "", "h"));
  f.add(m, {}, [](weir::Batch& b, std::uint32_t row) { b.set_string(0, row, "x"); });
  f.write();
  EXPECT_TRUE(f.outcome.refused.empty());
  EXPECT_TRUE(f.outcome.problems.empty());
  EXPECT_EQ(f.store.stats().skipped_strings, 1u);
  EXPECT_EQ(f.text(), "");
}

TEST(Store, TheCapRefusesNewSeriesOnly) {
  Fixture f({5, 300'000'000'000, false});
  const auto* m = f.measurement(Schema("m").label("l").gauge("a", "", "h").gauge("b", "", "h"));
  const auto batch_of = [&](std::initializer_list<const char*> labels, double value) {
    weir::Batch batch = f.source.batch(m, 8);
    for (const char* l : labels) {
      const std::uint32_t row = batch.add(f.source.series(m, {l}), 1);
      batch.set(0, row, value);
      batch.set(1, row, value);
    }
    f.source.emit(std::move(batch));
  };
  batch_of({"1", "2", "3", "4", "1", "5"}, 1);
  f.store.write(f.agent.emitted(), f.now_ns, f.outcome);
  ASSERT_EQ(f.outcome.refused.size(), 2u);
  EXPECT_EQ(f.outcome.refused[0].first_row, 2u);
  EXPECT_EQ(f.outcome.refused[0].rows, 2u);
  EXPECT_EQ(f.outcome.refused[1].first_row, 5u);
  EXPECT_EQ(f.outcome.refused[1].rows, 1u);
  EXPECT_THAT(f.outcome.refused[0].reason, HasSubstr("max_series"));
  EXPECT_EQ(f.store.stats().series, 4u);
  EXPECT_EQ(f.store.stats().over_limit_rows, 3u);
  EXPECT_EQ(samples(f.text()).size(), 4u);
  f.agent.clear();
  // Room comes back when series expire.
  f.now_ns += 400'000'000'000;
  f.store.expire(f.now_ns);
  EXPECT_EQ(f.store.stats().series, 0u);
  batch_of({"3"}, 2);
  f.write();
  EXPECT_TRUE(f.outcome.refused.empty());
  EXPECT_THAT(samples(f.text()), ElementsAre("m_a{l=\"3\"} 2", "m_b{l=\"3\"} 2"));
}

TEST(Store, AnExpiredSeriesIsGoneBeforeTheSweepAndFreedByIt) {
  Fixture f({1000, 10'000'000'000, false});
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  f.add(m, {"old"}, 1);
  f.write();
  f.now_ns += 6'000'000'000;
  f.add(m, {"new"}, 2);
  f.write();
  f.now_ns += 6'000'000'000;
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"new\"} 2"));
  EXPECT_EQ(f.store.stats().series, 2u);
  f.store.expire(f.now_ns);
  EXPECT_EQ(f.store.stats().series, 1u);
  EXPECT_EQ(f.store.stats().expired_series, 1u);
  f.add(m, {"old"}, 3);
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"new\"} 2", "m_v{l=\"old\"} 3"));
}

TEST(Store, ASeriesIndexUsedAgainIsAnotherSeries) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  const auto* n = f.measurement(Schema("n").gauge("v", "", "h"));
  const weir_series* first = f.source.series(m, {"first"});
  f.add(m, {"first"}, 1);
  f.write();
  weir_series again = *f.source.series(n);
  again.index = first->index;
  again.generation = first->generation + 1;
  weir::Batch batch = f.source.batch(n, 1);
  batch.set(0, batch.add(&again, 1), 2);
  f.source.emit(std::move(batch));
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"first\"} 1", "n_v 2"));
  // The first series' end does not touch what has its index now.
  f.now_ns += 200'000'000'000;
  weir::Batch later = f.source.batch(n, 1);
  later.set(0, later.add(&again, 1), 3);
  f.source.emit(std::move(later));
  f.write();
  f.now_ns += 200'000'000'000;
  f.store.expire(f.now_ns);
  EXPECT_THAT(samples(f.text()), ElementsAre("n_v 3"));
  weir::Batch last = f.source.batch(n, 1);
  last.set(0, last.add(&again, 1), 4);
  f.source.emit(std::move(last));
  f.write();
  EXPECT_THAT(samples(f.text()), ElementsAre("n_v 4"));
}

TEST(Store, ASeriesInTheWrongBatchIsRefused) {
  Fixture f;
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  const auto* n = f.measurement(Schema("n").gauge("v", "", "h"));
  f.add(m, {"x"}, 1);
  weir::Batch batch = f.source.batch(n, 1);
  batch.set(0, batch.add(f.source.series(m, {"x"}), 1), 2);
  f.source.emit(std::move(batch));
  f.write();
  ASSERT_EQ(f.outcome.refused.size(), 1u);
  EXPECT_THAT(samples(f.text()), ElementsAre("m_v{l=\"x\"} 1"));
}

// Against a plain map, through churn, expiry and growth of many sizes.
TEST(Store, BehavesAsAMap) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Fixture f({1'000'000, 1'000, false});
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h").gauge("w", "", "h"));
  const auto* n = f.measurement(Schema("n").label("l").label("k").gauge("v", "", "h", "m_v"));
  struct Value {
    double value;
    std::int64_t written_ns;
  };
  std::map<std::string, Value> model;
  std::vector<const weir_series*> series;
  std::vector<std::string> names;
  for (int i = 0; i < 900; ++i) {
    names.push_back(std::string(i % 40, 'x') + std::to_string(i));
    series.push_back(f.source.series(m, {names.back()}));
    series.push_back(f.source.series(n, {names.back(), ""}));
  }
  for (int round = 0; round < 300; ++round) {
    f.now_ns += random() % 300;
    const auto count = random() % 200;
    for (unsigned i = 0; i < count; ++i) {
      const auto pick = random() % series.size();
      const weir_series* s = series[pick];
      const double value = random() % 100000;
      weir::Batch batch = f.source.batch(s->measurement, 1);
      const std::uint32_t row = batch.add(s, 1);
      batch.set(0, row, value);
      const std::string labels = "{l=\"" + names[pick / 2] + "\"}";
      model["m_v" + labels] = {value, f.now_ns};
      if (s->measurement == m) {
        batch.set(1, row, value + 1);
        model["m_w" + labels] = {value + 1, f.now_ns};
      }
      f.source.emit(std::move(batch));
    }
    // A scrape that is still on its way: it makes the writer copy, and sees none of this.
    const Snapshot before = f.store.snapshot(f.now_ns);
    const std::string text_before = f.text_of(before);
    f.write();
    if (random() % 3 == 0) f.store.expire(f.now_ns);
    ASSERT_EQ(f.text_of(before), text_before) << "round " << round;
    std::multiset<std::string> expected;
    for (const auto& [name, v] : model) {
      if (v.written_ns < f.now_ns - 1000) continue;
      expected.insert(name + " " + std::to_string(static_cast<int>(v.value)));
    }
    ASSERT_EQ(samples(f.text()), expected) << "round " << round;
  }
}

// Every value of a collection is the collection's number: a scrape that mixes two has seen half.
TEST(Store, AScrapeSeesCollectionsWhole) {
  Fixture f({1'000'000, 300'000'000'000, false});
  const auto* m = f.measurement(Schema("m").label("l").gauge("v", "", "h"));
  const auto* n = f.measurement(Schema("n").label("l").gauge("v", "", "h"));
  std::vector<const weir_series*> series;
  for (int i = 0; i < 600; ++i) {
    series.push_back(f.source.series(i % 2 ? m : n, {std::to_string(i)}));
  }
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int collection = 0; !done; ++collection) {
      for (const auto* measurement : {m, n}) {
        weir::Batch batch = f.source.batch(measurement, 300);
        for (const weir_series* s : series) {
          if (s->measurement == measurement) batch.set(0, batch.add(s, 1), collection);
        }
        f.source.emit(std::move(batch));
      }
      f.write();
    }
  });
  std::set<std::string> collections;
  for (int scrape = 0; scrape < 200 || collections.size() < 20; ++scrape) {
    const Snapshot snapshot = f.store.snapshot(f.now_ns);
    const auto lines = samples(Fixture::text_of(snapshot, Format::text, 512));
    std::set<std::string> values;
    for (const auto& line : lines) values.insert(line.substr(line.find(' ')));
    EXPECT_LE(values.size(), 1u) << "scrape " << scrape;
    EXPECT_TRUE(lines.empty() || lines.size() == series.size()) << "scrape " << scrape;
    collections.insert(values.begin(), values.end());
    std::this_thread::yield();
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace weir::prometheus_sink
