// core/config/yaml_places.hpp - yaml-cpp's marks and errors, told to people: columns in characters,
// messages that name the usual cause.
#pragma once

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/config/node.hpp"

namespace weir::config {

// yaml-cpp counts columns in bytes. Made for marks that mostly go forward.
class YamlPlaces {
 public:
  explicit YamlPlaces(const std::string& text);
  Position position(const YAML::Mark& mark);
  Position position(std::size_t offset);
  // Of a null: where it is written, or else of the dash or comma before it, since yaml-cpp marks
  // whatever follows.
  Position of_nothing(const YAML::Mark& mark);
  std::size_t offset(const YAML::Mark& mark) const;   // in bytes, at most the size of the text
  std::string_view line(std::uint32_t number) const;  // from 1, without its end

 private:
  const std::string& text_;
  std::vector<std::uint32_t> line_starts_;
  // The last answer, so that a long line is not counted again for each mark in it.
  std::size_t last_line_ = 0, last_byte_ = 0, last_character_ = 0;
};

// What `error` means. Moves `at` where another place tells more.
std::string explain(const YAML::Exception& error, const YamlPlaces& places, Position& at);

// False where a text begins with a quote at `offset` and does not end: yaml-cpp takes the rest of
// the file for it, without an error.
bool is_closed(const std::string& text, std::size_t offset);

// True where one line opens more than `limit` brackets that it does not close: yaml-cpp would hold
// the whole line in memory before it looks at its depth.
bool nested_in_line(const std::string& text, std::size_t limit, Position& at);

}  // namespace weir::config
