// Payloads to rows: mappings, limits, and what devices should not be able to do.
#include "decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "mqtt.hpp"
#include "weir/payload/imu_packet.hpp"
#include "weir/payload/sparkplug.hpp"
#include "weir_testing/agent.hpp"
#include "weir_testing/problems.hpp"

namespace weir::mqtt_source {
namespace {

class Decoding : public ::testing::Test {
 protected:
  std::string decode(const Subscription& s, std::string_view payload,
                     std::string_view topic = "t") {
    return decode(*make_decoder(s), payload, topic);
  }
  std::string decode(Decoder& decoder, std::string_view payload, std::string_view topic = "t") {
    const std::vector<Point::Label> labels{{"site", "fra"}};
    std::string why = decoder.decode({topic, payload, 7, labels}, rows_);
    for (Batch& batch : rows_.take()) source_.emit(std::move(batch));
    return why;
  }
  std::vector<std::string> lines(const char* measurement) const {
    return agent_.lines(measurement);
  }

  testing::Agent agent_;
  Source source_{agent_.host()};
  Rows rows_{source_};
};

TEST_F(Decoding, JsonAsItIs) {
  Subscription s;
  EXPECT_EQ(decode(s, R"({"a":1,"b":{"c":"x","d e":true},"n":null,"l":[{}]})"), "");
  ASSERT_EQ(lines("mqtt").size(), 1u);
  EXPECT_EQ(lines("mqtt")[0], "site=fra a=1,b_c=x,b_d_e=true 7");
  EXPECT_EQ(decode(s, R"([{"a":1},{"a":2}])"), "");
  EXPECT_EQ(lines("mqtt").size(), 3u);
}

// Databases would keep the last of them alone.
TEST_F(Decoding, RowsOfASeriesInOneMessageWithoutTimesAreANanosecondApart) {
  Subscription s;
  s.labels = {{"d", "d"}};
  EXPECT_EQ(decode(s, R"([{"d":1,"a":1},{"d":2,"a":2},{"d":1,"a":3,"b":1},{"d":1,"a":4}])"), "");
  std::vector<std::string> all = lines("mqtt");
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"d=1,site=fra a=1 7", "d=1,site=fra a=3,b=1 8",
                                           "d=1,site=fra a=4 9", "d=2,site=fra a=2 7"}));
  s = {};
  s.format = PayloadFormat::influx;
  EXPECT_EQ(decode(s, "m f=1\nm f=2 7\nm f=3\nn f=4\n"), "");
  EXPECT_EQ(lines("m"),
            (std::vector<std::string>{"site=fra f=1 7", "site=fra f=2 7", "site=fra f=3 8"}));
  EXPECT_EQ(lines("n"), std::vector<std::string>{"site=fra f=4 7"});
}

TEST_F(Decoding, JsonByAMapping) {
  Subscription s;
  s.measurement = "weather";
  s.time = "at";
  s.labels = {{"station", "s.id"}, {"site", "s.site"}, {"none", "nowhere"}};
  s.fields = {{"temp", "d.t"}, {"hum", "d.h"}};
  EXPECT_EQ(decode(s, R"({"s":{"id":7.50,"site":"evil"},"d":{"t":-1.5},"at":1795255200})"), "");
  ASSERT_EQ(lines("weather").size(), 1u);
  EXPECT_EQ(lines("weather")[0], "none=,site=fra,station=7.50 temp=-1.5 1795255200000000000")
      << "the topic's label stands";
  EXPECT_NE(decode(s, R"({"d":{"t":1}})"), "") << "no time";
  EXPECT_EQ(decode(s, R"({"d":{"x":1},"at":1})"), "no value");
}

TEST_F(Decoding, JsonWithNamedFieldsIsOneSetOfNames) {
  Subscription s;
  for (char c = 'a'; c < 'k'; ++c) s.fields[std::string(1, c)] = std::string(1, c);
  const auto decoder = make_decoder(s);
  EXPECT_EQ(
      decode(*decoder, R"({"a":1,"b":"x","c":true,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1})"),
      "");
  EXPECT_EQ(decode(*decoder, R"([{"a":2},{"b":"y"},{"a":3,"b":"z"},{"z":1}])"), "no value");
  EXPECT_NE(decode(*decoder, R"({"b":1})"), "") << "of another type than before";
  EXPECT_EQ(decode(*decoder, R"({"b":"w"})"), "");
  const std::string rest = "=null,e=null,f=null,g=null,h=null,i=null,j=null ";
  EXPECT_EQ(lines("mqtt").at(1), "site=fra a=2,b=null,c=null,d" + rest + "7");
  EXPECT_EQ(lines("mqtt").at(2), "site=fra a=null,b=y,c=null,d" + rest + "8");
  EXPECT_EQ(lines("mqtt").at(3), "site=fra a=3,b=z,c=null,d" + rest + "9");
  EXPECT_EQ(lines("mqtt").at(4), "site=fra a=null,b=w,c=null,d" + rest + "7");
  for (int set = 1; set < 1024; ++set) {
    std::string members;
    for (int i = 0; i < 10; ++i) {
      if ((set >> i & 1) == 0) continue;
      members += (members.empty() ? "\"" : ",\"") + std::string(1, static_cast<char>('a' + i));
      members += i == 1 ? "\":\"x\"" : i == 2 ? "\":true" : "\":1";
    }
    ASSERT_EQ(decode(*decoder, "{" + members + "}"), "") << members;
  }
}

TEST_F(Decoding, JsonThatIsWrongIsNoRowAtAll) {
  Subscription s;
  for (const char* bad :
       {"", "7", "[1]", "{", R"({"a":1}x)", R"([{"a":1},{"a":}])", R"({"a":1e999})"}) {
    EXPECT_NE(decode(s, bad), "") << bad;
  }
  std::string many = "{";
  for (int i = 0; i < 2000; ++i) many += "\"f" + std::to_string(i) + "\":1,";
  EXPECT_NE(decode(s, many + "\"z\":1}"), "");
  EXPECT_NE(decode(s, std::string(100, '{')), "");
  EXPECT_NE(decode(s, R"({"a":")" + std::string(70'000, 'x') + "\"}"), "");
  const std::string key(200, 'k');
  EXPECT_EQ(decode(s, R"({")" + key + R"(":{")" + key + R"(":{"a":1}}})"), "");
  agent_.clear();
  EXPECT_NE(decode(s, R"([{"a":1},{")" + key + R"(":{")" + key + R"(":{")" + key + R"(":1}}}])")
                .find("longer than 512 bytes"),
            std::string::npos);
  EXPECT_EQ(agent_.emitted().size(), 0u);
}

TEST_F(Decoding, NamesThatFitToTheSameAreTheSame) {
  Subscription s;
  s.format = PayloadFormat::influx;
  for (int i = 0; i < 1200; ++i) {
    EXPECT_EQ(decode(s, std::string(200, 'm') + std::to_string(i) + " f=1"), "");
  }
  EXPECT_EQ(decode(s, "a-b f.g=1\na.b f-g=1"), "");
  EXPECT_EQ(lines("a_b").size(), 2u);
}

TEST_F(Decoding, NamesFromOutsideAreMadeToFitAndTheirNumberIsBounded) {
  Subscription s;
  s.format = PayloadFormat::influx;
  EXPECT_EQ(decode(s, "1\\ m;drop,a-b=x f.g=1"), "");
  EXPECT_EQ(lines("_1_m_drop").size(), 1u);
  for (int i = 0; i < 1200; ++i) decode(s, "m" + std::to_string(i) + " f=1");
  EXPECT_NE(decode(s, "another f=1").find("more than 1000 different sets of names"),
            std::string::npos);
  EXPECT_EQ(decode(s, "m1 f=2"), "") << "those that are known go on";
}

TEST_F(Decoding, AFieldKeepsItsFirstType) {
  Subscription s;
  EXPECT_EQ(decode(s, R"({"a":1})"), "");
  EXPECT_NE(decode(s, R"({"a":"text"})"), "");
  EXPECT_EQ(decode(s, R"({"a":2})"), "");
  EXPECT_EQ(lines("mqtt").size(), 2u);
}

// An agent where another component has a counter m.c, and where a text m.t is refused.
struct WithOthers {
  static inline const weir_host* real = nullptr;
  static inline int calls = 0;
  weir_host host;

  explicit WithOthers(const weir_host* h) : host(*h) {
    real = h;
    host.measurement = [](const weir_host*, const weir_measurement* wanted, weir_error* error) {
      ++calls;
      for (std::uint32_t i = 0; i < wanted->field_count; ++i) {
        const weir_field& f = *wanted->fields[i];
        const std::string_view name = f.name;
        if (name == "c" ? f.metric != WEIR_COUNTER : f.metric != WEIR_GAUGE) return refuse(error);
        if (name == "t" && f.type != WEIR_F64) return refuse(error);
      }
      return real->measurement(real, wanted, error);
    };
  }
  static const weir_measurement* refuse(weir_error* error) {
    std::snprintf(error->message, error->capacity, "already registered");
    return nullptr;
  }
};

TEST_F(Decoding, AFieldIsOfTheKindThatItHasElsewhere) {
  const WithOthers others(agent_.host());
  Rows rows{Source(&others.host)};
  Subscription s;
  s.format = PayloadFormat::influx;
  const auto decoder = make_decoder(s);
  EXPECT_EQ(decoder->decode({"t", "m c=1,g=2 5", 7, {}}, rows), "");
  const std::vector<Batch> batches = rows.take();
  ASSERT_EQ(batches.size(), 1u);
  const weir_measurement* m = batches[0].get()->measurement;
  EXPECT_EQ(m->fields[0]->metric, WEIR_COUNTER);
  EXPECT_EQ(m->fields[1]->metric, WEIR_GAUGE);
}

TEST_F(Decoding, AFieldOfAnotherTypeElsewhereIsRefusedWithAReasonAndNotTriedAgain) {
  const WithOthers others(agent_.host());
  Rows rows{Source(&others.host)};
  Subscription s;
  s.format = PayloadFormat::influx;
  const auto decoder = make_decoder(s);
  const auto attempt = [&] { return decoder->decode({"t", "m t=\"x\",g=2 5", 7, {}}, rows); };
  EXPECT_NE(attempt().find("field 't' of 'm' is of another type elsewhere"), std::string::npos);
  const int calls = WithOthers::calls;
  EXPECT_NE(attempt(), "");
  EXPECT_EQ(WithOthers::calls, calls);
  EXPECT_TRUE(rows.take().empty());
}

TEST_F(Decoding, ALineThatIsWrongCostsItself) {
  Subscription s;
  s.format = PayloadFormat::influx;
  s.precision = Precision::s;
  EXPECT_EQ(decode(s, "m f=1 5\nbad\nm f=2 9223372036854775807\nm f=3\n"),
            "line 2: at byte 3: a line begins with a measurement");
  EXPECT_EQ(lines("m"), (std::vector<std::string>{"site=fra f=1 5000000000", "site=fra f=3 7"}));
}

TEST_F(Decoding, RowsOfAMessageAreBounded) {
  Subscription s;
  s.format = PayloadFormat::influx;
  std::string many;
  for (int i = 0; i <= 100'000; ++i) many += "m f=1\n";
  EXPECT_NE(decode(s, many).find("more than 100,000 lines"), std::string::npos);
  ASSERT_EQ(agent_.emitted().size(), 1u);
  EXPECT_EQ(agent_.emitted()[0]->rows, 100'000u) << "those that are good are used";
  agent_.clear();
  s.format = PayloadFormat::imu;
  payload::ImuPacket packet;
  packet.samples.resize(100);
  format::Buffer out;
  for (int i = 0; i <= 1000; ++i) {
    payload::encode_imu_packet(0, 1, packet.samples, out);
  }
  EXPECT_NE(decode(s, out.view()).find("more than 100,000 samples"), std::string::npos);
  ASSERT_EQ(agent_.emitted().size(), 1u);
  EXPECT_EQ(agent_.emitted()[0]->rows, 100'000u);
}

TEST_F(Decoding, ABatchHasNoMoreRowsThanTheAgentTakes) {
  Point point;
  point.measurement = "m";
  point.fields = {{"s", "", std::string_view("x")}};
  for (std::size_t i = 0; i <= Rows::kBatchRowsMax; ++i) {
    point.time = static_cast<Time>(i);
    ASSERT_EQ(rows_.add(point), "");
  }
  const std::vector<Batch> batches = rows_.take();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].rows(), Rows::kBatchRowsMax);
  EXPECT_EQ(batches[1].rows(), 1u);
  EXPECT_EQ(batches[1].get()->times[0], static_cast<Time>(Rows::kBatchRowsMax));
  EXPECT_EQ(string_at(batches[1].get()->columns[0], 0), "x");
}

TEST_F(Decoding, SparkplugAliasesAreThoseOfTheLastBirth) {
  Subscription s;
  s.format = PayloadFormat::sparkplug;
  const auto decoder = make_decoder(s);
  const auto payload = [](std::string_view name, std::optional<std::uint64_t> alias,
                          payload::SparkplugType type, payload::SparkplugValue value) {
    payload::SparkplugMetric m;
    m.name = name;
    m.alias = alias;
    m.type = type;
    m.value = value;
    format::Buffer out;
    payload::encode_sparkplug(1, {&m, 1}, 0, out);
    return std::string(out.view());
  };
  using payload::SparkplugType;
  const std::string data = payload("", 3, SparkplugType::int16, std::int64_t{-5});
  EXPECT_NE(decode(*decoder, data, "spBv1.0/g/NDATA/e"), "") << "not born yet";
  EXPECT_EQ(decode(*decoder, payload("a/b", 3, SparkplugType::int16, std::int64_t{-4}),
                   "spBv1.0/g/NBIRTH/e"),
            "");
  EXPECT_EQ(decode(*decoder, data, "spBv1.0/g/NDATA/e"), "");
  EXPECT_NE(decode(*decoder, data, "spBv1.0/g/NDATA/other"), "");
  EXPECT_EQ(decode(*decoder, "", "spBv1.0/g/NDEATH/e"), "");
  EXPECT_NE(decode(*decoder, data, "spBv1.0/g/NDATA/e"), "") << "dead";
  EXPECT_EQ(lines("sparkplug").size(), 2u);
  EXPECT_EQ(lines("sparkplug_state").size(), 2u);
  for (const char* bad : {"spBv1.0/g/NDATA", "spBv1.0/g/NDATA/e/d", "spBv1.0/g/DDATA/e",
                          "x/g/NDATA/e", "spBv1.0/g/XDATA/e", "spBv1.0//NDATA/e"}) {
    EXPECT_NE(decode(*decoder, data, bad), "") << bad;
  }
}

TEST_F(Decoding, ASparkplugDeathIsThatOfTheLastBirthOrNone) {
  Subscription s;
  s.format = PayloadFormat::sparkplug;
  const auto decoder = make_decoder(s);
  const auto payload = [](std::uint64_t bd_seq, bool with_alias) {
    std::array<payload::SparkplugMetric, 2> metrics;
    metrics[0].name = "bdSeq";
    metrics[0].type = payload::SparkplugType::int64;
    metrics[0].value = static_cast<std::int64_t>(bd_seq);
    metrics[1].name = "a";
    metrics[1].alias = 3;
    metrics[1].type = payload::SparkplugType::int16;
    metrics[1].value = std::int64_t{-4};
    format::Buffer out;
    payload::encode_sparkplug(1, {metrics.data(), with_alias ? 2u : 1u}, {}, out);
    return std::string(out.view());
  };
  const auto send = [&](const char* message, std::uint64_t bd_seq, bool with_alias) {
    EXPECT_EQ(
        decode(*decoder, payload(bd_seq, with_alias), std::string("spBv1.0/g/") + message + "/e"),
        "");
    return lines("sparkplug_state").size();
  };
  EXPECT_EQ(send("NDEATH", 4, false), 1u) << "the birth is not known";
  EXPECT_EQ(send("NBIRTH", 5, true), 2u);
  EXPECT_EQ(send("NBIRTH", 6, true), 3u);
  EXPECT_EQ(send("NDEATH", 5, false), 3u) << "the will of the connection before";
  payload::SparkplugMetric data;
  data.alias = 3;
  data.type = payload::SparkplugType::int16;
  data.value = std::int64_t{-5};
  format::Buffer out;
  payload::encode_sparkplug(1, {&data, 1}, 1, out);
  EXPECT_EQ(decode(*decoder, out.view(), "spBv1.0/g/NDATA/e"), "") << "the aliases are still there";
  EXPECT_EQ(send("NDEATH", 6, false), 4u);
  EXPECT_NE(decode(*decoder, out.view(), "spBv1.0/g/NDATA/e"), "");
}

// The agent was killed when it had noted a birth, and had not acknowledged what preceded it.
TEST_F(Decoding, SparkplugDataThatComesAgainHasTheNamesOfItsTime) {
  Subscription s;
  s.format = PayloadFormat::sparkplug;
  const auto shared = std::make_shared<Sparkplug>();
  shared->asks = true;
  const auto decoder = make_decoder(s, shared);
  double value = 0;
  const auto send = [&](const char* message, std::uint64_t time, std::string_view name,
                        bool is_again) {
    payload::SparkplugMetric m;
    m.name = name;
    m.alias = 3;
    m.type = payload::SparkplugType::float64;
    m.value = ++value;
    format::Buffer out;
    payload::encode_sparkplug(time, {&m, 1}, 0, out);
    const std::string topic = std::string("spBv1.0/g/") + message + "/e";
    std::string why = decoder->decode({topic, out.view(), 7, {}, is_again}, rows_);
    for (Batch& batch : rows_.take()) source_.emit(std::move(batch));
    return why;
  };
  const auto last = [&] {
    const std::string line = lines("sparkplug").back();
    return line.substr(line.find("metric=") + 7, 1);
  };
  for (const bool dies : {false, true}) {
    const std::uint64_t t = dies ? 100 : 0;
    EXPECT_EQ(send("NBIRTH", t + 1, "a", false), "");
    if (dies) {
      format::Buffer none;
      EXPECT_EQ(decoder->decode({"spBv1.0/g/NDEATH/e", none.view(), 7, {}}, rows_), "");
      EXPECT_EQ(send("NBIRTH", t + 1, "a", true), "") << "of the life that has ended";
      EXPECT_EQ(send("NDATA", t + 2, "", true), "");
      EXPECT_EQ(last(), "a");
    }
    EXPECT_EQ(send("NBIRTH", t + 10, "b", dies), "");
    EXPECT_EQ(send("NDATA", t + 11, "", false), "");
    EXPECT_EQ(last(), "b");
    EXPECT_EQ(send("NBIRTH", t + 1, "a", true), "") << "again, and of before";
    EXPECT_EQ(send("NDATA", t + 2, "", true), "");
    EXPECT_EQ(last(), "a");
    EXPECT_EQ(send("NBIRTH", t + 10, "b", true), "");
    EXPECT_EQ(send("NDATA", t + 11, "", true), "");
    EXPECT_EQ(last(), "b");
    EXPECT_EQ(send("NDATA", t + 2, "", false), "");
    EXPECT_EQ(last(), "b") << "a clock that was set back";
  }
  EXPECT_EQ(shared->unnamed, 0u);
  EXPECT_EQ(send("NDATA", 11, "", true),
            "1 metric was dropped: its alias has no name, since the message is of before its edge "
            "node's last birth")
      << "of the birth that was before that, which is not kept";
  EXPECT_EQ(shared->unnamed, 1u);
  EXPECT_TRUE(shared->rebirths.take().empty());
}

TEST_F(Decoding, SparkplugMetricsWithoutANameAreCountedAndTheirBirthIsAskedFor) {
  Subscription s;
  s.format = PayloadFormat::sparkplug;
  const auto shared = std::make_shared<Sparkplug>();
  shared->asks = true;
  const auto decoder = make_decoder(s, shared);
  std::array<payload::SparkplugMetric, 3> metrics;
  for (std::size_t i = 0; i < 3; ++i) {
    metrics[i].alias = i;
    metrics[i].type = payload::SparkplugType::float64;
    metrics[i].value = 1.0;
  }
  metrics[2].name = "known";
  format::Buffer out;
  payload::encode_sparkplug(1, metrics, 0, out);
  const std::string why = decode(*decoder, out.view(), "spBv1.0/g/DDATA/e/d");
  EXPECT_EQ(why,
            "2 metrics were dropped: their aliases have no name that is known here before the edge "
            "node's next birth, for which it is asked (NCMD, Node Control/Rebirth)");
  EXPECT_EQ(lines("sparkplug").size(), 1u) << "what has a name is used";
  EXPECT_EQ(shared->unnamed, 2u);
  EXPECT_EQ(shared->rebirths.take(), std::vector<std::string>{"g/e"});
  shared->asks = false;
  EXPECT_EQ(decode(*decoder, out.view(), "spBv1.0/g/DDATA/other/d"),
            "2 metrics were dropped: their aliases have no name that is known here before the edge "
            "node's next birth");
  EXPECT_TRUE(shared->rebirths.take().empty());
}

TEST_F(Decoding, SeriesThatNobodyNamesAreReleased) {
  Subscription s;
  s.format = PayloadFormat::reading;
  const auto decoder = make_decoder(s);
  const auto reading = [](int device) {
    return R"({"device_id":")" + std::to_string(device) +
           R"(","name":"t","value":1,"timestamp":1795255200})";
  };
  for (int i = 0; i < 100; ++i) decode(*decoder, reading(i));
  EXPECT_EQ(rows_.series_count(), 100u);
  rows_.release_idle();
  decode(*decoder, reading(1));
  rows_.release_idle();
  EXPECT_EQ(rows_.series_count(), 1u);
  EXPECT_EQ(agent_.live_series(), 1u);
}

TEST(MqttOptions, CheckNamesWhatCannotWork) {
  Options options;
  options.url = "mqtt://broker";
  options.session_expiry = {};
  options.max_payload = {100};
  options.max_held = {10};
  Subscription s;
  s.topic = "a/#/b";
  s.format = PayloadFormat::influx;
  s.time = "t";
  s.measurement = "m";
  options.subscriptions = {s};
  const std::vector<std::string> found =
      testing::problems_of([&](Problems& p) { Mqtt::check(options, p); });
  EXPECT_EQ(
      found,
      (std::vector<std::string>{
          "max_held is smaller than max_payload; expected at least as much",
          "subscriptions[0].topic has # before its last level",
          "subscriptions[0] has time, labels or fields, which are for format json",
          "subscriptions[0].measurement is of no use: the payload names its own",
          "subscriptions[0].qos is above 0, and session_expiry is 0, so that the broker would "
          "forget messages that were not delivered; change one of them"}));
}

}  // namespace
}  // namespace weir::mqtt_source
