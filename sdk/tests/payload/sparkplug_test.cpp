// Sparkplug B: round trips of our own, and an independent decoder (protoc) that reads what we write
// and writes what we read.
#include "weir/payload/sparkplug.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "random.hpp"
#include "weir/payload/sparkplug_node.hpp"

namespace weir::payload {
namespace {

// Runs protoc with `mode` ("--decode" or "--encode") over bytes, and gives what it wrote.
std::string protoc(const std::string& mode, std::string_view in) {
  std::string path = (std::filesystem::temp_directory_path() / "weir_payload_XXXXXX").string();
  const int file = mkstemp(path.data());
  EXPECT_GE(file, 0);
  EXPECT_EQ(write(file, in.data(), in.size()), static_cast<ssize_t>(in.size()));
  close(file);
  const std::string command = std::string(WEIR_PROTOC) + " " + mode +
                              "=weir.test.Payload --proto_path=" + WEIR_TESTDATA +
                              " sparkplug_b.proto < " + path;
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 4096> block{};
  for (std::size_t n; (n = fread(block.data(), 1, block.size(), pipe)) > 0;) {
    out.append(block.data(), n);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::filesystem::remove(path);
  return out;
}

SparkplugMetric metric(std::string_view name, SparkplugType type, SparkplugValue value) {
  SparkplugMetric m;
  m.name = name;
  m.type = type;
  m.value = value;
  return m;
}

TEST(Sparkplug, IsReadByAnIndependentDecoder) {
  std::vector<SparkplugMetric> metrics{
      metric("temperature", SparkplugType::float64, 21.5),
      metric("rssi", SparkplugType::int8, std::int64_t{-70}),
      metric("count", SparkplugType::int64, std::int64_t{-5}),
      metric("energy", SparkplugType::uint64, std::uint64_t{1} << 40),
      metric("ratio", SparkplugType::float32, 0.25),
      metric("open", SparkplugType::boolean, true),
      metric("firmware", SparkplugType::string, std::string_view("1.2.3")),
      metric("gone", SparkplugType::float64, std::monostate{}),
  };
  metrics[0].alias = 7;
  metrics[0].time_ms = 1'764'000'000'000;
  metrics[0].unit = "celsius";
  metrics[1].historical = true;
  format::Buffer out;
  encode_sparkplug(1'764'000'000'001, metrics, 3, out);
  EXPECT_EQ(protoc("--decode", out.view()), R"(timestamp: 1764000000001
metrics {
  name: "temperature"
  alias: 7
  timestamp: 1764000000000
  datatype: 10
  properties {
    keys: "engUnit"
    values {
      type: 12
      string_value: "celsius"
    }
  }
  double_value: 21.5
}
metrics {
  name: "rssi"
  datatype: 1
  is_historical: true
  int_value: 4294967226
}
metrics {
  name: "count"
  datatype: 4
  long_value: 18446744073709551611
}
metrics {
  name: "energy"
  datatype: 8
  long_value: 1099511627776
}
metrics {
  name: "ratio"
  datatype: 9
  float_value: 0.25
}
metrics {
  name: "open"
  datatype: 11
  boolean_value: true
}
metrics {
  name: "firmware"
  datatype: 12
  string_value: "1.2.3"
}
metrics {
  name: "gone"
  datatype: 10
  is_null: true
}
seq: 3
)");
}

TEST(Sparkplug, ReadsWhatAnIndependentEncoderWrites) {
  const std::string bytes = protoc("--encode", R"(
timestamp: 12 seq: 255 uuid: "u" body: "\x01\x02"
metrics { name: "a" alias: 300 timestamp: 5 datatype: 3 int_value: 4294967295 }
metrics { alias: 301 double_value: -1.5 }
metrics { name: "b" datatype: 17 bytes_value: "xyz" }
metrics { name: "c" datatype: 12 string_value: "t" is_transient: true
  properties { keys: "low" keys: "engUnit" values { type: 10 double_value: 1 }
               values { type: 12 string_value: "V" } } }
)");
  SparkplugPayload payload;
  const Decoded decoded = decode_sparkplug(bytes, 10, payload);
  ASSERT_TRUE(decoded) << decoded.text();
  EXPECT_EQ(payload.time_ms, 12u);
  EXPECT_EQ(payload.seq, 255u);
  ASSERT_EQ(payload.metrics.size(), 4u);
  EXPECT_EQ(payload.metrics[0].name, "a");
  EXPECT_EQ(payload.metrics[0].alias, 300u);
  EXPECT_EQ(payload.metrics[0].time_ms, 5u);
  EXPECT_EQ(payload.metrics[0].value, SparkplugValue(std::int64_t{-1}));
  EXPECT_EQ(payload.metrics[1].name, "");
  EXPECT_EQ(payload.metrics[1].value, SparkplugValue(-1.5));
  EXPECT_EQ(payload.metrics[2].value, SparkplugValue(std::monostate{}));
  EXPECT_EQ(payload.metrics[3].unit, "V");
  EXPECT_EQ(payload.metrics[3].value, SparkplugValue(std::string_view("t")));
}

SparkplugMetric random_metric(Random& random, const std::string& text) {
  static constexpr SparkplugType kTypes[] = {
      SparkplugType::int8,     SparkplugType::int16,   SparkplugType::int32,
      SparkplugType::int64,    SparkplugType::uint8,   SparkplugType::uint16,
      SparkplugType::uint32,   SparkplugType::uint64,  SparkplugType::float32,
      SparkplugType::float64,  SparkplugType::boolean, SparkplugType::string,
      SparkplugType::date_time};
  SparkplugMetric m;
  m.name = text;
  m.unit = random.chance() ? std::string_view(text) : std::string_view();
  m.type = kTypes[random.below(std::size(kTypes))];
  if (random.chance()) m.alias = random.bits();
  if (random.chance()) m.time_ms = random.bits();
  m.historical = random.chance();
  const std::uint64_t bits = random.bits();
  switch (m.type) {
    case SparkplugType::int8: m.value = std::int64_t{static_cast<std::int8_t>(bits)}; break;
    case SparkplugType::int16: m.value = std::int64_t{static_cast<std::int16_t>(bits)}; break;
    case SparkplugType::int32: m.value = std::int64_t{static_cast<std::int32_t>(bits)}; break;
    case SparkplugType::int64: m.value = static_cast<std::int64_t>(bits); break;
    case SparkplugType::uint8: m.value = bits & 0xFF; break;
    case SparkplugType::uint16: m.value = bits & 0xFFFF; break;
    case SparkplugType::uint32: m.value = bits & 0xFFFFFFFF; break;
    case SparkplugType::float32: m.value = static_cast<double>(static_cast<float>(bits)); break;
    case SparkplugType::float64: m.value = static_cast<double>(bits) / 3; break;
    case SparkplugType::boolean: m.value = (bits & 1) != 0; break;
    case SparkplugType::string: m.value = std::string_view(text); break;
    default: m.value = bits; break;
  }
  if (random.below(8) == 0) m.value = std::monostate{};
  return m;
}

TEST(Sparkplug, ComesBackAsItWas) {
  Random random;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts(random.below(20));
    std::vector<SparkplugMetric> metrics;
    for (std::string& text : texts)
      metrics.push_back(random_metric(random, text = random.text(200)));
    format::Buffer out;
    encode_sparkplug(random.bits(), metrics, random.below(256), out);
    SparkplugPayload back;
    const Decoded decoded = decode_sparkplug(out.view(), 20, back);
    ASSERT_TRUE(decoded) << decoded.text();
    EXPECT_EQ(back.metrics, metrics);
  }
}

TEST(Sparkplug, CutsAndLiesAreRefused) {
  format::Buffer out;
  std::vector<SparkplugMetric> metrics{metric("temperature", SparkplugType::float64, 1.0)};
  metrics[0].unit = "celsius";
  encode_sparkplug(1, metrics, 2, out);
  const std::string bytes(out.view());
  SparkplugPayload payload;
  EXPECT_EQ(decode_sparkplug(bytes, 0, payload).text(),
            "at byte 4: more metrics than are allowed in one message");
  const std::size_t metric_end = bytes.size() - 2;  // the metric is between time and seq
  for (std::size_t size = 3; size < metric_end; ++size) {
    EXPECT_FALSE(decode_sparkplug(bytes.substr(0, size), 9, payload)) << size;
  }
  using namespace std::string_view_literals;
  EXPECT_FALSE(decode_sparkplug("\x00\x01"sv, 9, payload)) << "field 0";
  EXPECT_FALSE(decode_sparkplug("\x0B"sv, 9, payload)) << "a group";
  EXPECT_FALSE(decode_sparkplug(std::string(1, '\x08') + std::string(11, '\xFF'), 9, payload));
  EXPECT_FALSE(decode_sparkplug("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv, 9, payload));
}

TEST(SparkplugNode, CountsItsMessagesAndConnections) {
  SparkplugNode node(254);
  SparkplugPayload payload;
  const auto decoded = [&](format::Buffer& out) -> const SparkplugPayload& {
    EXPECT_TRUE(decode_sparkplug(out.view(), 100, payload));
    return payload;
  };
  format::Buffer out;
  node.death(out);
  EXPECT_EQ(decoded(out).seq, std::nullopt);
  EXPECT_EQ(payload.metrics.at(0).name, "bdSeq");
  EXPECT_EQ(payload.metrics[0].value, SparkplugValue(std::int64_t{254}));

  for (int connection = 0; connection < 3; ++connection) {
    out.clear();
    node.birth(1, {}, out);
    EXPECT_EQ(decoded(out).seq, 0u);
    EXPECT_EQ(payload.metrics.at(0).value, SparkplugValue(std::int64_t{(254 + connection) % 256}));
    EXPECT_EQ(payload.metrics.at(1).name, "Node Control/Rebirth");
    for (std::uint64_t i = 1; i <= 600; ++i) {
      out.clear();
      node.message(1, {}, out);
      ASSERT_EQ(decoded(out).seq, i % 256);
    }
    node.reconnect();
  }
}

TEST(SparkplugNode, NamesItsTopics) {
  EXPECT_EQ(sparkplug_topic("plant", "DDATA", "edge", "dev"), "spBv1.0/plant/DDATA/edge/dev");
  EXPECT_EQ(sparkplug_topic("plant", "NBIRTH", "edge"), "spBv1.0/plant/NBIRTH/edge");
  EXPECT_TRUE(is_sparkplug_id("Plant 1"));
  for (const char* id : {"", "a/b", "a+", "#", "a\n"}) EXPECT_FALSE(is_sparkplug_id(id)) << id;
}

}  // namespace
}  // namespace weir::payload
