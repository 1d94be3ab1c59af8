// What a right configuration comes to: values, defaults, places, inputs, order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"

namespace weir::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using namespace std::chrono_literals;

std::unique_ptr<Config> loaded() {
  FakeCatalog catalog;
  Problems problems;
  auto config = load({"weir.yaml", "web1"}, catalog, problems);
  EXPECT_NE(config, nullptr) << problems.text();
  return config;
}

std::unique_ptr<Config> loaded(const std::string& text) {
  const Folder folder;
  folder.write("weir.yaml", text);
  return loaded();
}

const std::string kRest =
    "\nsources: {cpu: {type: plain}}\nsinks: {out: {type: blackhole, inputs: [cpu]}}\n";

Clock::Options clock_options(const std::string& options, std::unique_ptr<Config>& config) {
  config = loaded("sources: {t: {type: clock" + std::string(options.empty() ? "" : ", ") + options +
                  "}}\nsinks: {out: {type: blackhole, inputs: t}}\n");
  Clock::Options o;
  Clock::Options::table().read(o, *config->components.at(0).options);
  return o;
}

TEST(Bind, DefaultsOfTheAgent) {
  const auto config = loaded(kRest);
  const AgentOptions& a = config->agent;
  EXPECT_EQ(a.interval, 15s);
  EXPECT_EQ(a.hostname, "web1");
  EXPECT_TRUE(a.labels.empty());
  EXPECT_EQ(a.data_dir, "/var/lib/weir");
  EXPECT_TRUE(a.plugin_dirs.empty());
  EXPECT_EQ(a.shutdown_timeout, 10s);
  EXPECT_EQ(a.max_series, 2'000'000u);
  EXPECT_EQ(a.log.level, LogLevel::kInfo);
  EXPECT_EQ(a.log.format, LogFormat::kText);
}

TEST(Bind, WhatTheAgentIsTold) {
  const auto config = loaded(
      "agent: {interval: 10ms, hostname: 12345, labels: {site: fra1, rack: 7}, data_dir: /x,\n"
      "  plugin_dirs: /opt, shutdown_timeout: 0, max_series: 5, log: {level: error, format: "
      "json}}" +
      kRest);
  const AgentOptions& a = config->agent;
  EXPECT_EQ(a.interval, 10ms);
  EXPECT_EQ(a.hostname, "12345");
  EXPECT_THAT(a.labels, ElementsAre(Pair("rack", "7"), Pair("site", "fra1")));
  EXPECT_EQ(a.data_dir, "/x");
  EXPECT_THAT(a.plugin_dirs, ElementsAre("/opt"));
  EXPECT_EQ(a.shutdown_timeout, 0s);
  EXPECT_EQ(a.max_series, 5u);
  EXPECT_EQ(a.log.level, LogLevel::kError);
  EXPECT_EQ(a.log.format, LogFormat::kJson);
}

TEST(Bind, CommonKeysOfComponents) {
  const auto config = loaded(
      "sources:\n"
      "  a: {type: plain}\n"
      "  b: {type: plain, interval: 1h30m, jitter: 2s, labels: {x: y}, required: true,\n"
      "      isolation: none}\n"
      "sinks:\n"
      "  c: {type: blackhole, inputs: a}\n"
      "  d: {type: blackhole, inputs: [b], required: true,\n"
      "      buffer: {type: memory, max_size: 1MiB, when_full: block},\n"
      "      batch: {max_rows: 7, max_bytes: 2KiB, max_delay: 30s}, retry: {initial: 2s, max: "
      "3s}}\n");
  const Component& a = config->components.at(0);
  EXPECT_EQ(a.source.interval, std::nullopt);
  EXPECT_EQ(a.source.jitter, 0s);
  EXPECT_FALSE(a.required());
  const Component& b = config->components.at(1);
  EXPECT_EQ(b.source.interval, Duration(5400s));
  EXPECT_EQ(b.source.jitter, 2s);
  EXPECT_THAT(b.source.labels, ElementsAre(Pair("x", "y")));
  EXPECT_TRUE(b.required());
  const Component& c = config->components.at(2);
  EXPECT_EQ(c.consumer.buffer.type, BufferType::kMemory);
  EXPECT_EQ(c.consumer.buffer.max_size.count, 16u << 20);
  EXPECT_EQ(c.consumer.buffer.when_full, WhenFull::kDropOldest);
  EXPECT_EQ(c.sink.batch.max_rows, 10'000u);
  EXPECT_EQ(c.sink.batch.max_bytes.count, 4u << 20);
  EXPECT_EQ(c.sink.batch.max_delay, 0s);
  EXPECT_EQ(c.sink.retry.initial, 1s);
  EXPECT_EQ(c.sink.retry.max, 60s);
  EXPECT_FALSE(c.required());
  const Component& d = config->components.at(3);
  EXPECT_EQ(d.consumer.buffer.max_size.count, 1u << 20);
  EXPECT_EQ(d.consumer.buffer.when_full, WhenFull::kBlock);
  EXPECT_EQ(d.sink.batch.max_rows, 7u);
  EXPECT_EQ(d.sink.batch.max_bytes.count, 2048u);
  EXPECT_EQ(d.sink.batch.max_delay, 30s);
  EXPECT_EQ(d.sink.retry.initial, 2s);
  EXPECT_EQ(d.sink.retry.max, 3s);
  EXPECT_TRUE(d.required());
}

TEST(Bind, DefaultsOfAPlugin) {
  std::unique_ptr<Config> config;
  const Clock::Options o = clock_options("", config);
  EXPECT_FALSE(o.exact);
  EXPECT_EQ(o.digits, 3);
  EXPECT_EQ(o.drift, 0.5);
  EXPECT_EQ(o.format, "%H:%M | %S");
  EXPECT_EQ(o.window, 60s);
  EXPECT_EQ(o.block.count, 4096u);
  EXPECT_EQ(o.zone, Zone::kUtc);
  EXPECT_THAT(o.only, ElementsAre("hour", "minute"));
  EXPECT_THAT(o.tags, ElementsAre(Pair("made_by", "weir")));
  EXPECT_EQ(o.origin.address, "127.0.0.1");
  EXPECT_EQ(o.origin.port, 80);
  EXPECT_EQ(o.tls, std::nullopt);
  EXPECT_TRUE(o.devices.empty());
  EXPECT_TRUE(o.password.empty());
  EXPECT_EQ(o.seed, std::nullopt);
}

TEST(Bind, EveryTypeOfOption) {
  std::unique_ptr<Config> config;
  const Clock::Options o = clock_options(
      "exact: true, digits: '+9', drift: 0, format: 'ü: {}', window: 90s, block: 1.5KiB,\n"
      "zone: local, only: minute, tags: {a: 1, b: ''}, origin: {name: x}, tls: {cert: /c},\n"
      "devices: [{name: p, port: 1}, {name: q, address: r}], named: {one: {name: s}},\n"
      "password: '*', seed: -5",
      config);
  EXPECT_TRUE(o.exact);
  EXPECT_EQ(o.digits, 9);
  EXPECT_EQ(o.drift, 0);
  EXPECT_EQ(o.format, "ü: {}");
  EXPECT_EQ(o.window, 90s);
  EXPECT_EQ(o.block.count, 1536u);
  EXPECT_EQ(o.zone, Zone::kLocal);
  EXPECT_THAT(o.only, ElementsAre("minute"));
  EXPECT_THAT(o.tags, ElementsAre(Pair("a", "1"), Pair("b", "")));
  EXPECT_EQ(o.origin.name, "x");
  EXPECT_EQ(o.tls->cert, "/c");
  EXPECT_EQ(o.tls->ca, "/etc/ssl/certs");
  ASSERT_EQ(o.devices.size(), 2u);
  EXPECT_EQ(o.devices[0].port, 1);
  EXPECT_EQ(o.devices[0].address, "127.0.0.1");
  EXPECT_EQ(o.devices[1].address, "r");
  EXPECT_EQ(o.named.at("one").name, "s");
  EXPECT_EQ(o.password, "*");
  EXPECT_EQ(o.seed, -5);
}

TEST(Bind, NothingIsAsIfItWereNotWritten) {
  std::unique_ptr<Config> config;
  const Clock::Options o = clock_options("digits: , only: ~, devices: null, seed: ", config);
  EXPECT_EQ(o.digits, 3);
  EXPECT_EQ(o.only.size(), 2u);
  EXPECT_EQ(o.tls, std::nullopt);
  EXPECT_EQ(o.origin.port, 80);
  EXPECT_EQ(o.seed, std::nullopt);
}

TEST(Bind, EmptyCollectionsReplaceDefaults) {
  std::unique_ptr<Config> config;
  const Clock::Options o = clock_options("only: [], tags: {}", config);
  EXPECT_TRUE(o.only.empty());
  EXPECT_TRUE(o.tags.empty());
}

TEST(Bind, ValuesKnowTheirPlacesAndWhetherTheyAreWritten) {
  const auto config = loaded(
      "sources:\n  t:\n    type: clock\n    digits: 5\n    devices:\n      - {name: a, port: 8}\n"
      "sinks: {out: {type: blackhole, inputs: t}}\n");
  const weir_value* options = config->components.at(0).options;
  const auto place = [&](const char* path) {
    const weir_value* v = find_value(options, path);
    return std::string(v->file) + ':' + std::to_string(v->line) + ':' + std::to_string(v->column) +
           (v->is_set ? " set" : "");
  };
  EXPECT_EQ(place("digits"), "weir.yaml:4:13 set");
  EXPECT_EQ(place("drift"), "weir.yaml:2:3");
  EXPECT_EQ(place("devices[0].port"), "weir.yaml:6:25 set");
  EXPECT_EQ(place("devices[0].address"), "weir.yaml:6:9");
  EXPECT_EQ(find_value(options, "digits")->option->name, std::string("digits"));
  EXPECT_EQ(config->components.at(0).place.line, 2u);
}

TEST(Bind, FilesAreReadInOrder) {
  const Folder folder;
  folder.write("weir.yaml", "agent: {interval: 1s, labels: {a: main, b: main}}" + kRest);
  folder.write("conf.d/20_b.yaml", "agent: {labels: {b: twenty, c: twenty}}\n");
  folder.write("conf.d/10_a.yaml",
               "agent: {interval: 10s, labels: {c: ten}}\n"
               "sources: {cpu: {interval: 3s}, mem: {type: plain}}\n"
               "sinks: {out: {inputs: [mem, cpu]}}\n");
  folder.write("conf.d/.hidden.yaml", "agent: {interval: 9s}");
  folder.write("conf.d/readme.txt", "not: yaml: at all");
  folder.write("hosts/web1.yaml", "agent: {labels: {a: host}}\nsources: {mem: {interval: 7s}}\n");
  folder.write("hosts/web2.yaml", "agent: {interval: 99d}");
  Problems problems;
  Document document = read({"weir.yaml", "web1"}, problems);
  EXPECT_THAT(document.files(),
              ElementsAre("weir.yaml", "conf.d/10_a.yaml", "conf.d/20_b.yaml", "hosts/web1.yaml"));
  const auto config = loaded();
  EXPECT_EQ(config->agent.interval, 10s);
  EXPECT_THAT(config->agent.labels,
              ElementsAre(Pair("a", "host"), Pair("b", "twenty"), Pair("c", "twenty")));
  EXPECT_EQ(config->components.at(0).source.interval, Duration(3s));
  EXPECT_EQ(config->components.at(1).source.interval, Duration(7s));
  EXPECT_THAT(config->components.at(2).inputs, ElementsAre("cpu", "mem"));
}

TEST(Bind, TheHostNameIsThisHostsWhereNoneIsGiven) {
  const Folder folder;
  folder.write("weir.yaml", kRest);
  FakeCatalog catalog;
  Problems problems;
  const auto config = load({"weir.yaml", ""}, catalog, problems);
  ASSERT_NE(config, nullptr);
  EXPECT_FALSE(config->agent.hostname.empty());
}

TEST(Bind, TheAgentIsReadBeforeThereIsACatalog) {
  const Folder folder;
  folder.write("weir.yaml",
               "agent: {plugin_dirs: [/a, '${file:dir}'], log: {level: loud}}\nsources: {x: 1}\n");
  folder.write("dir", "/b\n");
  Problems problems;
  const Document document = read({"weir.yaml", "web1"}, problems);
  EXPECT_TRUE(problems.empty()) << problems.text();
  const AgentOptions agent = agent_options(document, problems);
  EXPECT_THAT(agent.plugin_dirs, ElementsAre("/a", "/b"));
  EXPECT_EQ(agent.log.level, LogLevel::kInfo);
  EXPECT_EQ(problems.list().size(), 1u);
}

TEST(Bind, ExpandedTextIsNeverReadAsYaml) {
  ::setenv("WEIR_TEST_YAML", "a\n  interval: 1ms # {", 1);
  const auto config = loaded("agent: {hostname: \"${WEIR_TEST_YAML}\", interval: 5s}" + kRest);
  EXPECT_EQ(config->agent.hostname, "a\n  interval: 1ms # {");
  EXPECT_EQ(config->agent.interval, 5s);
}

TEST(Bind, InputsAreResolvedInTheOrderTheyAreWritten) {
  const auto config = loaded(
      "sources: {web_a: {type: plain}, db: {type: plain}, web_b: {type: plain}}\n"
      "processors:\n"
      "  late: {type: smooth, inputs: [early, 'web_?']}\n"
      "  early: {type: smooth, inputs: '*'}\n"
      "sinks:\n"
      "  all: {type: blackhole, inputs: ['*']}\n"
      "  some: {type: blackhole, inputs: [late, web_*, late]}\n");
  std::vector<std::string> ids;
  for (const Component& c : config->components) ids.push_back(c.id);
  EXPECT_THAT(ids, ElementsAre("web_a", "db", "web_b", "early", "late", "all", "some"));
  EXPECT_THAT(config->components.at(3).inputs, ElementsAre("web_a", "db", "web_b"));
  EXPECT_THAT(config->components.at(4).inputs, ElementsAre("web_a", "web_b", "early"));
  EXPECT_THAT(config->components.at(5).inputs,
              ElementsAre("web_a", "db", "web_b", "late", "early"));
  EXPECT_THAT(config->components.at(6).inputs, ElementsAre("web_a", "web_b", "late"));
  EXPECT_TRUE(config->warnings.empty());
}

TEST(Bind, WhatNothingReadsIsAWarning) {
  const auto config = loaded(
      "sources: {a: {type: plain}, b: {type: plain}}\n"
      "processors: {p: {type: smooth, inputs: a}}\nsinks: {out: {type: blackhole, inputs: a}}\n");
  ASSERT_EQ(config->warnings.size(), 2u);
  EXPECT_EQ(config->warnings[0].message, "sources.b: nothing reads from this source");
  EXPECT_EQ(config->warnings[1].message, "processors.p: nothing reads from this processor");
  EXPECT_EQ(to_string(config->warnings[1].place), "weir.yaml:2:14");
}

TEST(Bind, ARefusedPluginLeavesItsComponentOut) {
  const auto config = loaded(
      "sources: {t: {type: torn, interval: 5s, any: thing}}\n"
      "sinks: {out: {type: blackhole, inputs: t}}\n");
  const Component& t = config->components.at(0);
  EXPECT_EQ(t.descriptor, nullptr);
  EXPECT_EQ(t.options, nullptr);
  EXPECT_EQ(t.refusal, "plugins/source_torn.so: undefined symbol: abc");
  EXPECT_EQ(t.source.interval, Duration(5s));
}

}  // namespace
}  // namespace weir::config::testing
