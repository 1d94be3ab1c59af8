// core/config/values.hpp - nodes to values, as an options table says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/arena.hpp"
#include "core/config/node.hpp"
#include "weir/abi.h"

namespace weir::config {

// Where in the configuration a value is, put into words only when something is wrong.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;  // of an item of a list; then `name` is not used
  std::string text() const;
};

struct Options {
  const weir_option* const* data = nullptr;
  std::uint32_t count = 0;
};

// "expected a duration such as 15s": what a type takes, for messages.
const char* expectation(weir_option_type type);

class ValueReader {
 public:
  // `tree` tells places; it and `problems` outlive the reader, `arena` the values.
  ValueReader(const Tree& tree, Arena& arena, Problems& problems)
      : tree_(tree), arena_(arena), problems_(problems) {}

  // A GROUP over `options` from a map, or with nothing but defaults where `map` is nullptr. Keys
  // of `map` that are not in `options` are not looked at: see `unknown_keys`. Where something is
  // wrong a problem is told and that value is left without a value. Never nullptr.
  const weir_value* group(const Node* map, const Place& place, Options options, const Path& path);

  // Tells every key of `map` that is in none of the tables.
  void unknown_keys(const Node& map, const std::vector<Options>& tables, const Path& path);

  // Texts that must not be shown, which were met so far.
  const std::vector<std::string>& secrets() const { return secrets_; }

 private:
  const weir_value* option(const Node* node, const weir_value& parent, const weir_option& option,
                           const Path& path);
  bool read(const Node& node, const weir_option& option, const Path& path, weir_value& value);
  bool scalar(const Node& node, const weir_option& option, const Path& path, weir_value& value);
  bool collection(const Node& node, const weir_option& option, const Path& path, weir_value& value);
  void read_group(const Node* map, Options options, const Path& path, weir_value& value);
  bool in_bounds(const weir_option& option, const weir_value& value);
  std::string parse(std::string_view text, const weir_option& option, weir_value& value);
  weir_value* at(const Node& node, const weir_option* option);
  const char* file_text(std::uint16_t file);
  void wrong(const Node& node, const Path& path, const std::string& what);

  const Tree& tree_;
  Arena& arena_;
  Problems& problems_;
  std::vector<const char*> file_texts_;
  std::vector<std::string> secrets_;
};

}  // namespace weir::config
