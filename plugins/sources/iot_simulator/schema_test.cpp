// devices.schema.json says of a devices file what the option tables say.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "options.hpp"

namespace weir::iot {
namespace {

std::string quoted(const char* text) {
  std::string out = "\"";
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') out += '\\';
    out += *text;
  }
  return out + "\"";
}

std::string object_of(const weir_option* const* options, std::uint32_t count, std::string indent);

std::string schema_of(const weir_option& o, const std::string& indent) {
  const std::string in = indent + "  ";
  std::string text = "{\n" + in + "\"description\": " + quoted(o.help);
  const auto member = [&](const std::string& name, const std::string& value) {
    text += ",\n" + in + "\"" + name + "\": " + value;
  };
  const auto bounds = [&] {
    if (o.min_text != nullptr) member("minimum", o.min_text);
    if (o.max_text != nullptr) member("maximum", o.max_text);
    if (o.default_text != nullptr) member("default", o.default_text);
  };
  switch (o.type) {
    case WEIR_OPTION_INT: member("type", "\"integer\""), bounds(); break;
    case WEIR_OPTION_FLOAT: member("type", "\"number\""), bounds(); break;
    case WEIR_OPTION_STRING: member("type", "\"string\""); break;
    case WEIR_OPTION_DURATION:
      member("type", R"(["string", "integer"])");
      member("pattern", R"("^(0|([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+)$")");
      member("maximum", "0");
      if (o.default_text != nullptr) member("default", quoted(o.default_text));
      break;
    case WEIR_OPTION_ENUM: {
      std::string choices;
      for (const char* const* c = o.choices; *c != nullptr; ++c) {
        choices += (choices.empty() ? "" : ", ") + quoted(*c);
      }
      member("enum", "[" + choices + "]");
      if (o.default_text != nullptr) member("default", quoted(o.default_text));
      break;
    }
    case WEIR_OPTION_LIST:
      member("type", R"(["array", "string", "number"])");
      member("items", R"({"type": ["string", "number"]})");
      break;
    case WEIR_OPTION_GROUP_LIST:
      member("type", "\"array\"");
      member("items", object_of(o.children, o.child_count, in));
      break;
    case WEIR_OPTION_GROUP_MAP:
      member("type", "\"object\"");
      member("additionalProperties", object_of(o.children, o.child_count, in));
      break;
    default: ADD_FAILURE() << o.name << " has a type that the schema does not know";
  }
  return text + "\n" + indent + "}";
}

std::string object_of(const weir_option* const* options, std::uint32_t count, std::string indent) {
  const std::string in = indent + "  ";
  std::string properties, required;
  for (std::uint32_t i = 0; i < count; ++i) {
    properties += (i > 0 ? ",\n" : "") + in + "  " + quoted(options[i]->name) + ": " +
                  schema_of(*options[i], in + "  ");
    if ((options[i]->flags & WEIR_OPTION_REQUIRED) != 0) {
      required += (required.empty() ? "" : ", ") + quoted(options[i]->name);
    }
  }
  std::string text =
      "{\n" + in + "\"type\": \"object\",\n" + in + "\"additionalProperties\": false,\n";
  if (!required.empty()) text += in + "\"required\": [" + required + "],\n";
  return text + in + "\"properties\": {\n" + properties + "\n" + in + "}\n" + indent + "}";
}

TEST(Schema, IsThatOfTheOptionTables) {
  const auto& table = World::table();
  std::string text = object_of(table.data(), table.size(), "");
  text.insert(text.find("\n") + 1,
              "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
              "  \"title\": \"Devices of Weir's iot_simulator\",\n");
  text += "\n";
  const std::string path = std::string(WEIR_TESTDATA) + "/../devices.schema.json";
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), text)
      << "options changed: run make golden";
}

}  // namespace
}  // namespace weir::iot
