// What a plugin says of itself. What the loader and the configuration refuse is theirs to say; here
// is what they let pass, because the agent can do with it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "core/cli/door.hpp"
#include "core/cli/plugin_test_catalog.hpp"
#include "core/cli/plugin_test_checks.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/cli/schema.hpp"
#include "core/config/catalog.hpp"
#include "core/config/text.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

bool is_empty(const char* text) { return text == nullptr || *text == '\0'; }

void must_have_help(const weir_option* const* options, std::uint32_t count,
                    const std::string& prefix) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const weir_option& o = *options[i];
    const std::string path = prefix + o.name;
    if (is_empty(o.help)) fail("option '" + path + "' has no help, expected one sentence");
    must_have_help(o.children, o.child_count, path + '.');
  }
}

// The JSON Schema of a configuration with this type.
std::string schema_of(const weir_component_type& type) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  OneType catalog(type);
  schema(catalog, out, out);
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

const config::Node* find(const config::Node* map, const char* key) {
  return map == nullptr ? nullptr : map->find(key);
}

}  // namespace

void check_description(const Subject& s) {
  if (const std::string fault = config::table_fault(s.type); !fault.empty()) fail(fault);
  if (is_empty(s.type.summary)) fail("the type has no summary, expected one line");
  for (const char* text : {s.plugin.name, s.plugin.version}) {
    if (is_empty(text) || !config::is_utf8(text)) {
      fail("the plugin's name or version is empty or not UTF-8, expected text");
    }
  }
  std::uint32_t same = 0;
  for (std::uint32_t i = 0; i < s.plugin.type_count; ++i) {
    const weir_component_type* other = s.plugin.types[i];
    if (other == nullptr) continue;  // that one fails
    if (other->name == nullptr || other->kind != s.type.kind) continue;
    same += std::strcmp(other->name, s.type.name) == 0 ? 1 : 0;
  }
  if (same != 1) {
    fail(std::string("the file has ") + std::to_string(same) + " types of that kind named '" +
         s.type.name + "', expected one");
  }
}

void check_declarations(const Subject& s) {
  must_have_help(s.type.options, s.type.option_count, "");
  config::Node root;
  if (!parse_answer(schema_of(s.type), root)) fail("the JSON Schema of its options is no JSON");
  const std::string name = std::string(config::kind_name(s.type.kind)) + '.' + s.type.name;
  const config::Node* known = find(find(find(&root, "$defs"), name.c_str()), "properties");
  for (std::uint32_t i = 0; i < s.type.option_count; ++i) {
    if (find(known, s.type.options[i]->name) != nullptr) continue;
    fail(std::string("the JSON Schema lacks option '") + s.type.options[i]->name +
         "', expected every option");
  }
}

}  // namespace weir::cli::plugin_test_detail
