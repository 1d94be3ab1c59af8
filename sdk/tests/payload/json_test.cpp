// Readings and IMU packets as JSON: golden text, round trips, and refusals with their place.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "random.hpp"
#include "weir/payload/imu_json.hpp"
#include "weir/payload/reading_json.hpp"

namespace weir::payload {
namespace {

std::string error_of(std::string_view bytes, std::size_t readings_max = 10) {
  std::vector<Reading> readings;
  return decode_readings(bytes, readings_max, readings).text();
}

TEST(ReadingJson, HasTheMembersOfTheMonitoringPlan) {
  format::Buffer out;
  ReadingEncoder encoder;
  encoder.append({"env-1", "temperature", 21.5, "celsius", 1'795'428'000'000'000'000, "acme"}, out);
  EXPECT_EQ(out.view(),
            R"({"device_id":"env-1","name":"temperature","value":21.5,"unit":"celsius",)"
            R"("timestamp":"2026-11-23T10:00:00.000Z","owner_id":"acme"})");
}

TEST(ReadingJson, ComesBackAsItWas) {
  Random random;
  ReadingEncoder encoder;
  for (int round = 0; round < 300; ++round) {
    std::vector<Reading> readings(1 + random.below(5));
    format::Buffer out;
    const bool array = readings.size() > 1 || random.chance();
    if (array) out.append("[");
    for (std::size_t i = 0; i < readings.size(); ++i) {
      Reading& r = readings[i];
      r.device_id = random.text(20);
      r.name = random.text(20);
      r.unit = random.text(5);
      r.owner_id = random.text(20);
      r.value = std::bit_cast<double>(random.bits());
      r.time = static_cast<std::int64_t>(random.below(1'800'000'000'000'000'000));
      if (i > 0) out.append(ReadingEncoder::kBetween);
      encoder.append({r.device_id, r.name, r.value, r.unit, r.time, r.owner_id}, out);
    }
    if (array) out.append("]");
    std::vector<Reading> back;
    const Decoded decoded = decode_readings(out.view(), 10, back);
    ASSERT_TRUE(decoded) << decoded.text() << "\n" << out.view();
    ASSERT_EQ(back.size(), readings.size());
    for (std::size_t i = 0; i < readings.size(); ++i) {
      EXPECT_EQ(back[i].device_id, readings[i].device_id);
      EXPECT_EQ(back[i].name, readings[i].name);
      EXPECT_EQ(back[i].unit, readings[i].unit);
      EXPECT_EQ(back[i].owner_id, readings[i].owner_id);
      EXPECT_EQ(back[i].time, readings[i].time);
      if (std::isfinite(readings[i].value)) {
        EXPECT_EQ(back[i].value, readings[i].value);
      } else {
        EXPECT_TRUE(std::isnan(back[i].value));
      }
    }
  }
}

TEST(ReadingJson, ReadsWhatOtherDevicesWrite) {
  std::vector<Reading> readings;
  const std::string_view text =
      R"( { "timestamp" : 1764000000 , "tags":{"a":[1,{"b":null}],"c":"\u00e4"},
    "value": -1.5e2, "name":"t\u20ac\ud83c\udf0a", "device_id":"d" , "ok":true } )";
  ASSERT_TRUE(decode_readings(text, 1, readings)) << error_of(text);
  EXPECT_EQ(readings.at(0).time, 1'764'000'000'000'000'000);
  EXPECT_EQ(readings[0].value, -150);
  EXPECT_EQ(readings[0].name, "t\xE2\x82\xAC\xF0\x9F\x8C\x8A");
  EXPECT_EQ(readings[0].unit, "");

  const auto time_of = [&](const std::string& timestamp) {
    EXPECT_TRUE(decode_readings(
        R"({"device_id":"d","name":"n","value":1,"timestamp":)" + timestamp + "}", 1, readings));
    return readings.at(0).time;
  };
  EXPECT_EQ(time_of("1764000000123"), 1'764'000'000'123'000'000);
  EXPECT_EQ(time_of("1764000000.25"), 1'764'000'000'250'000'000);
  EXPECT_EQ(time_of("\"2025-11-24T16:00:00Z\""), 1'764'000'000'000'000'000);
}

TEST(ReadingJson, SaysWhatIsWrongAndWhere) {
  const std::string head = R"({"device_id":"d","name":"n","value":1,"timestamp":1)";
  EXPECT_EQ(error_of(""), "at byte 0: expected an object");
  EXPECT_EQ(error_of("{}"), "at byte 2: a reading needs device_id, name, value and timestamp");
  EXPECT_EQ(error_of(head + "} x"), "at byte 53: more after the end");
  EXPECT_EQ(error_of(head + R"(,"value":2})"), "at byte 60: a member comes twice");
  EXPECT_EQ(error_of(head + ",}"), "at byte 52: expected a string");
  EXPECT_EQ(error_of(head), "at byte 51: expected ',' or the end");
  EXPECT_EQ(error_of("[" + head + "}," + head + "}]", 1),
            "at byte 54: more readings than are allowed in one message");
  EXPECT_EQ(error_of(R"({"device_id":")" + std::string(2000, 'a') + "\"}"),
            "at byte 1038: the string is too long");
  EXPECT_EQ(error_of(R"({"value":1e999})"), "at byte 14: the number is beyond a double's range");
  EXPECT_EQ(error_of(R"({"timestamp":99999999999999999})"),
            "at byte 30: the timestamp is out of range");
  EXPECT_EQ(error_of(R"({"x":)" + std::string(100, '[') + "}"), "at byte 37: nested too deep");
}

TEST(ReadingJson, RefusesWhatIsNotJson) {
  for (const char* value :
       {"01",          "1.",       ".5",       "+1",  "1e",      "- 1",         "inf",
        "NaN",         "nul",      "tru",      "'a'", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"",
        "\"\\u12g4\"", "\"\x01\"", "\"\xFF\"", "\"a", "[1 2]",   "[1,]",        "{\"a\" 1}",
        "{\"a\":1,}",  "{1:2}",    "[}",       "{]"}) {
    const std::string text = std::string(R"({"x":)") + value + "}";
    EXPECT_NE(error_of(text), "") << text;
    EXPECT_EQ(error_of(text).find("a reading needs"), std::string::npos) << text;
  }
}

TEST(ImuJson, HasTheMembersOfTheStreamingDesign) {
  format::Buffer out;
  const ImuSample s{{1, -2, 3}, {4, 5, 6}, {7, 8, 9}, -10};
  encode_imu_json("imu-1", 64, 1'000'000, {&s, 1}, out);
  EXPECT_EQ(out.view(),
            R"({"sensor_id":"imu-1","header_timestamp_us":1000000,"base_sample_number":64,)"
            R"("num_samples_in_packet":1,"samples":[{"sample_index":0,)"
            R"("acc":{"x":1,"y":-2,"z":3},"gyro":{"x":4,"y":5,"z":6},"mag":{"x":7,"y":8,"z":9},)"
            R"("temp_raw":-10,"header_timestamp_us":1000000}]})");
}

TEST(ImuJson, ComesBackAsItWas) {
  Random random;
  for (int round = 0; round < 100; ++round) {
    ImuPacket packet{static_cast<std::uint32_t>(random.bits()), random.bits(), {}};
    packet.samples.resize(random.below(70));
    for (ImuSample& s : packet.samples) {
      s = {{random.i16(), random.i16(), random.i16()},
           {random.i16(), random.i16(), random.i16()},
           {random.i16(), random.i16(), random.i16()},
           random.i16()};
    }
    const std::string id = random.text(20);
    format::Buffer out;
    encode_imu_json(id, packet.base_sample, packet.timestamp_us, packet.samples, out);
    std::string id_back;
    ImuPacket back;
    const Decoded decoded = decode_imu_json(out.view(), id_back, back);
    ASSERT_TRUE(decoded) << decoded.text();
    EXPECT_EQ(id_back, id);
    EXPECT_EQ(back, packet);
  }
}

TEST(ImuJson, RefusesWhatContradictsItself) {
  const auto error = [](std::string_view samples, std::string_view count) {
    std::string id;
    ImuPacket packet;
    return decode_imu_json(R"({"sensor_id":"a","header_timestamp_us":1,"base_sample_number":0,)"
                           R"("num_samples_in_packet":)" +
                               std::string(count) + R"(,"samples":[)" + std::string(samples) + "]}",
                           id, packet)
        .text();
  };
  const std::string v = R"({"x":1,"y":2,"z":3})";
  const std::string good =
      R"({"acc":)" + v + R"(,"gyro":)" + v + R"(,"mag":)" + v + R"(,"temp_raw":1})";
  EXPECT_EQ(error(good, "1"), "");
  EXPECT_NE(error(good, "2").find("not the number of samples"), std::string::npos);
  EXPECT_NE(error(R"({"acc":{"x":40000,"y":1,"z":1}})", "1").find("out of range"),
            std::string::npos);
  EXPECT_NE(error(R"({"acc":{"x":1.5,"y":1,"z":1}})", "1").find("whole number"), std::string::npos);
  EXPECT_NE(error(R"({"acc":{"x":1}})", "1").find("x, y and z"), std::string::npos);
  EXPECT_NE(error("{}", "1").find("needs acc"), std::string::npos);
}

}  // namespace
}  // namespace weir::payload
