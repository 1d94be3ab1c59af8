// What `weir check`, `describe`, `schema` and `list` print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/cli/check.hpp"
#include "core/cli/describe.hpp"
#include "core/cli/list.hpp"
#include "core/cli/schema.hpp"
#include "core/config/yaml.hpp"
#include "core/telemetry/json.hpp"
#include "tests/config/fake_catalog.hpp"
#include "tests/config/folder.hpp"
#include "tests/config/printed.hpp"

namespace weir::cli {
namespace {

using config::testing::FakeCatalog;
using config::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Printed check_file(const std::string& text) {
  const Folder folder;
  folder.write("weir.yaml", text);
  return printed([](std::FILE* out, std::FILE* err) {
    return check(
        {{"weir.yaml", "web1"}},
        [](const config::AgentOptions&) { return std::make_unique<FakeCatalog>(); }, out, err);
  });
}

Printed describe_type(const std::string& type, const std::string& format) {
  FakeCatalog catalog;
  return printed([&](std::FILE* out, std::FILE* err) {
    return describe({type, format}, catalog, out, err);
  });
}

// JSON is YAML: what our own reader takes is closed and quoted as it should be.
config::Node parsed(const std::string& json) {
  config::Budget budget;
  config::Node root;
  config::Problems problems;
  EXPECT_TRUE(config::parse_yaml("json", 0, json, budget, root, problems)) << problems.text();
  return root;
}

const config::Node& at(const config::Node& node, const std::string& key) {
  const config::Node* found = node.find(key);
  EXPECT_NE(found, nullptr) << key;
  static const config::Node none;
  return found != nullptr ? *found : none;
}

TEST(Check, SummarisesWhatIsRight) {
  const Printed p = check_file(
      "sources:\n  a: {type: plain}\n  b: {type: clock, interval: 90s}\n"
      "processors: {c: {type: smooth, inputs: [b]}}\n"
      "sinks: {d: {type: blackhole, inputs: '*'}}\n");
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.err, "");
  EXPECT_EQ(p.out,
            "weir.yaml: 2 sources, 1 processor, 1 sink: ok\n"
            "  digest 3fbf249e1a3f329a\n"
            "  source     a  plain      every 15s\n"
            "  source     b  clock      every 1m30s\n"
            "  processor  c  smooth     from b\n"
            "  sink       d  blackhole  from a, b, c\n");
}

TEST(Check, WarnsOfWhatNothingReads) {
  const Printed p = check_file(
      "sources: {a: {type: plain}, b: {type: plain}}\n"
      "sinks: {d: {type: blackhole, inputs: b}}\n");
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.err, "weir.yaml:1:11: warning: sources.a: nothing reads from this source\n");
}

TEST(Check, WarnsOfAPluginFolderThatIsNotThereWhateverElseIsWrong) {
  const std::string text =
      "agent:\n  plugin_dirs: [/, weir-none]\n"
      "sources: {a: {type: TYPE}}\nsinks: {d: {type: blackhole, inputs: a}}\n";
  const std::string warning =
      "weir.yaml:2:20: warning: agent.plugin_dirs: the directory 'weir-none' cannot be listed, so "
      "no plugin is found in it: No such file or directory; it is taken from the working "
      "directory\n";
  const std::size_t at = text.find("TYPE");
  Printed p = check_file(std::string(text).replace(at, 4, "plain"));
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.err, warning);
  p = check_file(std::string(text).replace(at, 4, "missing"));
  EXPECT_EQ(p.code, 78);
  EXPECT_THAT(p.err, StartsWith(warning + "weir.yaml:3:21: sources.a.type: there is no source"));
}

TEST(Check, DoesNotSayThatNothingReadsASourceWhereAReaderIsWrong) {
  const Printed p =
      check_file("sources: {a: {type: plain}}\nsinks: {d: {type: blackhole, inputs: b}}\n");
  EXPECT_EQ(p.code, 78);
  EXPECT_EQ(p.err,
            "weir.yaml:2:38: sinks.d.inputs: there is no source or processor 'b'; ids: a\n"
            "weir.yaml: 1 problem\n");
}

TEST(Check, EndsWith78) {
  const Printed p = check_file("sources: {a: {type: plian}}\n");
  EXPECT_EQ(p.code, 78);
  EXPECT_EQ(p.out, "");
  EXPECT_EQ(p.err,
            "weir.yaml: there are no sinks, expected at least one under 'sinks:'\n"
            "weir.yaml:1:21: sources.a.type: there is no source of type 'plian'; did you mean "
            "'plain'? Types: clock, plain, tide, torn\n"
            "weir.yaml: 2 problems\n");
}

TEST(Check, TellsARefusedPluginThatTheAgentWouldRunWithout) {
  const Printed p =
      check_file("sources: {a: {type: torn}}\nsinks: {d: {type: blackhole, inputs: a}}\n");
  EXPECT_EQ(p.code, 78);
  EXPECT_EQ(p.err,
            "weir.yaml:1:11: sources.a: the plugin for its type 'torn' cannot be used; the agent "
            "would run without it: plugins/source_torn.so: undefined symbol: abc\n"
            "weir.yaml: 1 problem\n");
}

TEST(List, HasEveryTypeAndTheReasonOfARefusal) {
  FakeCatalog catalog;
  const Printed p =
      printed([&](std::FILE* out, std::FILE* err) { return list(catalog, out, err); });
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(
      p.out,
      "plugins/\n"
      "  KIND       TYPE       VERSION  SUMMARY\n"
      "  source     clock      1.0.0    Tells the time.\n"
      "  source     plain      1.0.0    Has no options.\n"
      "  source     tide       1.0.0    Depends on time alone.\n"
      "  source     torn       -        refused: plugins/source_torn.so: undefined symbol: abc\n"
      "  processor  smooth     1.0.0    Takes out the noise.\n"
      "  sink       blackhole  1.0.0    Forgets rows.\n"
      "  sink       print      1.0.0    Writes rows to a file.\n");
}

TEST(Describe, ShowsOptionsAndCommonKeysAsTables) {
  const Printed p = describe_type("clock", "text");
  EXPECT_EQ(p.code, 0);
  EXPECT_THAT(p.out, StartsWith("clock (source 1.0.0)\nTells the time.\nplugins/source_clock.so\n"
                                "\nOptions\n  OPTION "));
  for (const char* line :
       {"\n  digits             whole number, 0 to 9      3                Digits after the "
        "point.\n",
        "\n  origin.name        text                      required         What it is called.\n",
        "\n  devices[].port     whole number, 1 to 65535  80               Its port.\n",
        "\n  named.*.address    text ", "\n  password           secret text ",
        "\n  zone               one of utc, local         utc ",
        "\nKeys of every source\n  OPTION ", "\n  interval   duration, 10ms to 24h "}) {
    EXPECT_THAT(p.out, HasSubstr(line));
  }
}

// They are known, and refused: see mistakes.txt.
TEST(Describe, DoesNotOfferWhatThisVersionRefuses) {
  FakeCatalog catalog;
  const std::string text = describe_type("print", "text").out;
  EXPECT_THAT(text, HasSubstr("  isolation         only none "));
  const std::string json =
      printed([&](std::FILE* out, std::FILE* err) { return schema(catalog, out, err); }).out;
  for (const char* refused : {"process"}) {
    EXPECT_THAT(json, Not(HasSubstr('"' + std::string(refused) + '"')));
  }
}

TEST(Describe, MarkdownIsTheTableOfAReadme) {
  const Printed p = describe_type("clock", "markdown");
  EXPECT_THAT(p.out, StartsWith("| option | type | default | meaning |\n|---|---|---|---|\n"
                                "| `exact` | true or false | `false` | Whether it is exact. |\n"));
  EXPECT_THAT(p.out, HasSubstr("| `format` | text | `%H:%M \\| %S` | How time is written. |\n"));
  EXPECT_THAT(p.out, HasSubstr("| `tls.cert` | text | required | Certificate, a file in PEM. |"));
  EXPECT_THAT(p.out, Not(HasSubstr("interval")));
}

TEST(Describe, JsonHoldsTheSame) {
  const config::Node root = parsed(describe_type("source/clock", "json").out);
  EXPECT_EQ(at(root, "type").text, "clock");
  EXPECT_EQ(at(root, "kind").text, "source");
  const config::Node& drift = at(root, "options").items.at(2);
  EXPECT_EQ(at(drift, "name").text, "drift");
  EXPECT_EQ(at(drift, "min").text, "-1");
  EXPECT_EQ(at(drift, "unit").text, "seconds");
  EXPECT_EQ(at(at(root, "options").items.at(9), "options").items.size(), 3u);
}

TEST(Describe, TellsWhatThereIsInstead) {
  Printed p = describe_type("clokc", "text");
  EXPECT_EQ(p.code, 1);
  const std::string elsewhere =
      "Plugins in other folders are found with -c FILE or --plugin-dir FOLDER.\n";
  EXPECT_EQ(p.err, "there is no type 'clokc'; did you mean 'clock'?\n" + elsewhere);
  p = describe_type("sink/clock", "text");
  EXPECT_EQ(p.err, "there is no type 'sink/clock'; types: blackhole, print\n" + elsewhere);
  p = describe_type("torn", "text");
  EXPECT_EQ(p.code, 1);
  EXPECT_EQ(p.err, "source 'torn' cannot be used: plugins/source_torn.so: undefined symbol: abc\n");
  p = describe_type("clock", "xml");
  EXPECT_EQ(p.code, 1);
  EXPECT_EQ(p.err, "there is no format 'xml', expected text, markdown or json\n");
  EXPECT_EQ(describe_type("sink_print", "text").code, 0);
}

TEST(Schema, HasEveryTypeWithItsOptions) {
  FakeCatalog catalog;
  const Printed p =
      printed([&](std::FILE* out, std::FILE* err) { return schema(catalog, out, err); });
  EXPECT_EQ(p.code, 0);
  EXPECT_THAT(p.err, HasSubstr("source 'torn' is left open"));
  const config::Node root = parsed(p.out);
  EXPECT_EQ(at(root, "$schema").text, "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(at(root, "properties").items.size(), 4u);
  const config::Node& defs = at(root, "$defs");
  const config::Node& source = at(defs, "source");
  EXPECT_EQ(at(source, "allOf").items.size(), 4u);
  const config::Node& clock = at(defs, "source.clock");
  EXPECT_EQ(at(clock, "additionalProperties").text, "false");
  const config::Node& properties = at(clock, "properties");
  EXPECT_NE(properties.find("interval"), nullptr);
  const config::Node& digits = at(properties, "digits");
  EXPECT_EQ(at(digits, "default").text, "3");
  EXPECT_EQ(at(at(digits, "anyOf").items.at(0), "maximum").text, "9");
  EXPECT_EQ(at(at(digits, "anyOf").items.at(1), "$ref").text, "#/$defs/expansion");
  EXPECT_EQ(at(at(properties, "password"), "writeOnly").text, "true");
  EXPECT_EQ(at(at(properties, "tls"), "required").items.at(0).text, "cert");
  EXPECT_EQ(at(at(defs, "sink.print"), "required").items.at(0).text, "path");
  EXPECT_EQ(at(defs, "source.torn").find("additionalProperties"), nullptr);
}

TEST(Json, QuotesWhatMustBeQuoted) {
  core::JsonWriter json;
  json.open('{').key("a\"b").text("\\ \n \x01 ü").key("empty").open('[').close(']');
  json.key("list").open('[').raw("1").boolean(true).close(']').close('}');
  EXPECT_EQ(json.finish(),
            "{\n  \"a\\\"b\": \"\\\\ \\u000a \\u0001 ü\",\n  \"empty\": [],\n"
            "  \"list\": [\n    1,\n    true\n  ]\n}\n");
}

}  // namespace
}  // namespace weir::cli
