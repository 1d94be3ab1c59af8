// See describe.hpp.
#include "core/cli/describe.hpp"

#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "core/cli/columns.hpp"
#include "core/cli/option_text.hpp"
#include "core/cli/terminal.hpp"
#include "core/config/components.hpp"
#include "core/config/text.hpp"
#include "core/telemetry/json.hpp"

namespace weir::cli {
namespace {

using core::JsonWriter;

using config::Options;

// "source/clock" or "clock".
struct Wanted {
  weir_kind kind = 0;  // 0: any
  std::string name;
};

constexpr std::size_t kFallbackBytesMax = 24;
constexpr weir_kind kKinds[] = {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK};

Wanted parse(const std::string& text) {
  for (const weir_kind kind : kKinds) {
    for (const char separator : {'/', '_'}) {  // as in a message, as in a file's name
      const std::string prefix = std::string(config::kind_name(kind)) + separator;
      if (text.starts_with(prefix)) return {kind, text.substr(prefix.size())};
    }
  }
  return {0, text};
}

Options options_of(const weir_component_type& type) { return {type.options, type.option_count}; }

void print_table(const std::vector<Options>& tables, std::FILE* out) {
  Columns table({"OPTION", "TYPE", "DEFAULT", "MEANING"});
  for (const Options& options : tables) {
    for (OptionRow& row : option_rows(options)) {
      // One long default would push the last column off the screen.
      if (row.fallback.size() > kFallbackBytesMax) {
        row.help += " Default: " + row.fallback;
        row.fallback = "(see text)";
      }
      table.add(
          {std::move(row.name), std::move(row.type), std::move(row.fallback), std::move(row.help)});
    }
  }
  table.print(out, 2);
}

void print_text(const weir_component_type& type, const config::TypeCatalog::Origin& origin,
                std::FILE* out) {
  const char* kind = config::kind_name(type.kind);
  std::fprintf(out, "%s (%s%s%s)\n", type.name, kind, origin.version.empty() ? "" : " ",
               origin.version.c_str());
  for (const std::string& line : wrapped(type.summary, text_width(out))) {
    std::fprintf(out, "%s\n", line.c_str());
  }
  if (!origin.file.empty()) std::fprintf(out, "%s\n", origin.file.c_str());
  if (type.option_count > 0) {
    std::fprintf(out, "\nOptions\n");
    print_table({options_of(type)}, out);
  } else {
    std::fprintf(out, "\nIt has no options of its own.\n");
  }
  std::fprintf(out, "\nKeys of every %s\n", kind);
  print_table(config::common_tables(type.kind), out);
}

std::string markdown_cell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

void print_markdown(const weir_component_type& type, std::FILE* out) {
  std::fputs("| option | type | default | meaning |\n|---|---|---|---|\n", out);
  for (const OptionRow& row : option_rows(options_of(type))) {
    const bool is_value = !row.fallback.empty() && row.fallback != "required";
    const std::string fallback = is_value ? '`' + row.fallback + '`' : row.fallback;
    std::fprintf(out, "| `%s` | %s | %s | %s |\n", markdown_cell(row.name).c_str(),
                 markdown_cell(row.type).c_str(), markdown_cell(fallback).c_str(),
                 markdown_cell(row.help).c_str());
  }
}

void write_options(const Options& options, JsonWriter& json) {
  json.open('[');
  for (std::uint32_t i = 0; i < options.count; ++i) {
    const weir_option& o = *options.data[i];
    json.open('{').key("name").text(o.name).key("type").text(type_text(o)).key("help").text(o.help);
    for (const auto& [key, text] : {std::pair{"default", o.default_text},
                                    {"min", o.min_text},
                                    {"max", o.max_text},
                                    {"unit", o.unit}}) {
      if (text != nullptr) json.key(key).text(text);
    }
    json.key("required").boolean(o.flags & WEIR_OPTION_REQUIRED);
    json.key("secret").boolean(o.flags & WEIR_OPTION_SECRET);
    if (o.choices != nullptr) {
      json.key("choices").open('[');
      for (const char* const* c = o.choices; *c != nullptr; ++c) json.text(*c);
      json.close(']');
    }
    if (o.child_count > 0) {
      json.key("options");
      write_options({o.children, o.child_count}, json);
    }
    json.close('}');
  }
  json.close(']');
}

void print_json(const weir_component_type& type, const config::TypeCatalog::Origin& origin,
                std::FILE* out) {
  JsonWriter json;
  json.open('{').key("kind").text(config::kind_name(type.kind)).key("type").text(type.name);
  json.key("summary").text(type.summary).key("version").text(origin.version);
  json.key("plugin").text(origin.file).key("options");
  write_options(options_of(type), json);
  json.close('}');
  std::fputs(json.finish().c_str(), out);
}

int unknown(const Wanted& wanted, const std::string& text, config::TypeCatalog& catalog,
            std::FILE* err) {
  std::vector<std::string> all;
  for (const weir_kind kind : kKinds) {
    if (wanted.kind != 0 && wanted.kind != kind) continue;
    for (std::string& name : catalog.names(kind)) all.push_back(std::move(name));
  }
  std::fprintf(err,
               "there is no type %s%s\nPlugins in other folders are found with -c FILE or "
               "--plugin-dir FOLDER.\n",
               config::in_quotes(text).c_str(),
               config::suggestion(wanted.name, all, "types").c_str());
  return 1;
}

}  // namespace

int describe(const DescribeArgs& args, config::TypeCatalog& catalog, std::FILE* out,
             std::FILE* err) {
  if (args.format != "text" && args.format != "markdown" && args.format != "json") {
    std::fprintf(err, "there is no format %s, expected text, markdown or json\n",
                 config::in_quotes(args.format).c_str());
    return 1;
  }
  Wanted wanted{0, args.type};
  std::vector<weir_kind> found;
  const auto look = [&] {
    for (const weir_kind kind : kKinds) {
      const bool may = wanted.kind == 0 || wanted.kind == kind;
      if (may && catalog.exists(kind, wanted.name)) found.push_back(kind);
    }
  };
  look();
  if (found.empty()) {
    wanted = parse(args.type);
    if (wanted.kind != 0) look();
  }
  if (found.empty()) return unknown(wanted, args.type, catalog, err);
  int result = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::string why;
    const weir_component_type* type = catalog.find(found[i], wanted.name, why);
    if (type == nullptr) {
      std::fprintf(err, "%s %s cannot be used: %s\n", config::kind_name(found[i]),
                   config::in_quotes(wanted.name).c_str(), why.c_str());
      result = 1;
      continue;
    }
    const config::TypeCatalog::Origin origin = catalog.origin(found[i], wanted.name);
    if (i > 0) std::fputs("\n", out);
    if (args.format == "text") print_text(*type, origin, out);
    if (args.format == "markdown") print_markdown(*type, out);
    if (args.format == "json") print_json(*type, origin, out);
  }
  return result;
}

}  // namespace weir::cli
