// See schema.hpp. A type's own options follow from its `type:` by if/then. Nothing but options of
// a plugin is required, since conf.d and hosts files say only what they add or override.
#include "core/cli/schema.hpp"

#include <charconv>
#include <string>

#include "core/config/components.hpp"
#include "core/config/model.hpp"
#include "core/config/units.hpp"
#include "core/config/values.hpp"
#include "core/telemetry/json.hpp"

namespace weir::cli {
namespace {

using core::JsonWriter;

using config::Options;

constexpr const char* kIdPattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
constexpr const char* kDurationPattern = "^(0|([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d))+)$";
constexpr const char* kSizePattern = "^(0|[0-9]+(\\.[0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB))$";

template <class T>
Options options_of(const OptionTable<T>& table) {
  return {table.data(), table.size()};
}

class Schema {
 public:
  std::string write(config::TypeCatalog& catalog, std::FILE* err) {
    json_.open('{');
    json_.key("$schema").text("https://json-schema.org/draft/2020-12/schema");
    json_.key("title").text("Weir configuration");
    json_.key("type").text("object").key("additionalProperties").boolean(false);
    json_.key("properties").open('{');
    json_.key("agent");
    group(options_of(config::AgentOptions::table()), "What concerns the agent as a whole.");
    for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
      json_.key(config::section_name(kind)).open('{');
      object_or_nothing();
      json_.key("propertyNames").open('{').key("pattern").text(kIdPattern).close('}');
      json_.key("additionalProperties");
      reference(config::kind_name(kind));
      json_.close('}');
    }
    json_.close('}');
    json_.key("$defs").open('{');
    // A value of any type may come from outside.
    json_.key("expansion").open('{').key("type").text("string");
    json_.key("pattern").text("\\$\\{").close('}');
    for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
      component(kind, catalog, err);
    }
    json_.close('}').close('}');
    return json_.finish();
  }

 private:
  void reference(const std::string& name) {
    json_.open('{').key("$ref").text("#/$defs/" + name).close('}');
  }
  void object_or_nothing() { json_.key("type").open('[').text("object").text("null").close(']'); }

  void component(weir_kind kind, config::TypeCatalog& catalog, std::FILE* err) {
    const std::string kind_name = config::kind_name(kind);
    const std::vector<std::string> names = catalog.names(kind);
    json_.key(kind_name).open('{').key("type").text("object");
    json_.key("properties").open('{').key("type").open('{');
    json_.key("description").text("Which plugin makes this " + kind_name + ".");
    if (!names.empty()) {
      json_.key("enum").open('[');
      for (const std::string& name : names) json_.text(name);
      json_.close(']');
    }
    json_.close('}').close('}');
    if (!names.empty()) {
      json_.key("allOf").open('[');
      for (const std::string& name : names) {
        json_.open('{').key("if").open('{').key("properties").open('{').key("type").open('{');
        json_.key("const").text(name).close('}').close('}');
        json_.key("required").open('[').text("type").close(']').close('}');
        json_.key("then");
        reference(kind_name + "." + name);
        json_.close('}');
      }
      json_.close(']');
    }
    json_.close('}');
    for (const std::string& name : names) {
      std::string why;
      const weir_component_type* type = catalog.find(kind, name, why);
      if (type == nullptr) {
        std::fprintf(err, "%s '%s' is left open, its plugin cannot be used: %s\n",
                     kind_name.c_str(), name.c_str(), why.c_str());
      }
      json_.key(kind_name + "." + name);
      component_type(kind, type);
    }
  }

  void component_type(weir_kind kind, const weir_component_type* type) {
    json_.open('{').key("type").text("object");
    if (type != nullptr) json_.key("description").text(type->summary);
    json_.key("properties").open('{');
    for (const Options& table : config::common_tables(kind)) properties(table);
    const Options own = type != nullptr ? Options{type->options, type->option_count} : Options{};
    properties(own);
    json_.close('}');
    required(own);
    if (type != nullptr) json_.key("additionalProperties").boolean(false);
    json_.close('}');
  }

  void properties(const Options& options) {
    for (std::uint32_t i = 0; i < options.count; ++i) {
      json_.key(options.data[i]->name);
      option(*options.data[i]);
    }
  }

  void required(const Options& options) {
    bool any = false;
    for (std::uint32_t i = 0; i < options.count; ++i) {
      if (!(options.data[i]->flags & WEIR_OPTION_REQUIRED)) continue;
      if (!any) json_.key("required").open('[');
      any = true;
      json_.text(options.data[i]->name);
    }
    if (any) json_.close(']');
  }

  // The inside of a map with these keys.
  void group(const Options& options, const std::string& description) {
    json_.open('{').key("description").text(description);
    object_or_nothing();
    json_.key("additionalProperties").boolean(false).key("properties").open('{');
    properties(options);
    json_.close('}');
    required(options);
    json_.close('}');
  }

  void option(const weir_option& o) {
    const Options children{o.children, o.child_count};
    const std::string unit =
        o.unit != nullptr && *o.unit != '\0' ? std::string(" Unit: ") + o.unit + "." : "";
    const std::string description = o.help + unit;
    if (o.type == WEIR_OPTION_GROUP) {
      group(children, description);
      return;
    }
    json_.open('{').key("description").text(description);
    if (o.flags & WEIR_OPTION_SECRET) json_.key("writeOnly").boolean(true);
    fallback(o);
    switch (o.type) {
      case WEIR_OPTION_STRING: text_type(); break;
      case WEIR_OPTION_LIST:
        json_.key("anyOf").open('[').open('{').key("type").text("array").key("items").open('{');
        text_type();
        json_.close('}').close('}').open('{');
        text_type();
        json_.close('}').close(']');
        break;
      case WEIR_OPTION_MAP:
        object_or_nothing();
        json_.key("additionalProperties").open('{');
        text_type();
        json_.close('}');
        break;
      case WEIR_OPTION_GROUP_LIST:
        json_.key("type").text("array").key("items");
        group(children, description);
        break;
      case WEIR_OPTION_GROUP_MAP:
        object_or_nothing();
        json_.key("additionalProperties");
        group(children, description);
        break;
      default:
        json_.key("anyOf").open('[').open('{');
        scalar(o);
        json_.close('}');
        reference("expansion");
        json_.close(']');
    }
    json_.close('}');
  }

  // `name: 8080` is a text for us and a number for an editor.
  void text_type() {
    json_.key("type").open('[').text("string").text("number").text("boolean").close(']');
  }

  void scalar(const weir_option& o) {
    switch (o.type) {
      case WEIR_OPTION_BOOL: json_.key("type").text("boolean"); break;
      case WEIR_OPTION_INT:
      case WEIR_OPTION_FLOAT:
        json_.key("type").text(o.type == WEIR_OPTION_INT ? "integer" : "number");
        if (o.min_text != nullptr) json_.key("minimum").raw(number(o.min_text));
        if (o.max_text != nullptr) json_.key("maximum").raw(number(o.max_text));
        break;
      case WEIR_OPTION_ENUM:
        json_.key("enum").open('[');
        for (const char* const* c = o.choices; *c != nullptr; ++c) json_.text(*c);
        json_.close(']');
        break;
      default:
        json_.key("type").open('[').text("string").text("integer").close(']');
        json_.key("pattern").text(o.type == WEIR_OPTION_SIZE ? kSizePattern : kDurationPattern);
        // A number without a unit can only be 0.
        json_.key("minimum").raw("0").key("maximum").raw("0");
    }
  }

  void fallback(const weir_option& o) {
    if (o.default_text == nullptr) return;
    const bool is_collection = *o.default_text == '[' || *o.default_text == '{';
    if (o.type == WEIR_OPTION_BOOL) {
      bool on = false;
      config::parse_bool(o.default_text, on);
      json_.key("default").boolean(on);
    } else if (o.type == WEIR_OPTION_INT || o.type == WEIR_OPTION_FLOAT) {
      json_.key("default").raw(number(o.default_text));
    } else if (!is_collection) {
      json_.key("default").text(o.default_text);
    }
  }

  // As JSON writes it: "+1" and ".5" are numbers for us only.
  static std::string number(const char* text) {
    if (std::int64_t whole = 0; config::parse_int(text, whole).empty()) {
      return std::to_string(whole);
    }
    double value = 0;
    config::parse_float(text, value);
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
  }

  JsonWriter json_;
};

}  // namespace

int schema(config::TypeCatalog& catalog, std::FILE* out, std::FILE* err) {
  std::fputs(Schema().write(catalog, err).c_str(), out);
  return 0;
}

}  // namespace weir::cli
