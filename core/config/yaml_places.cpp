// See yaml_places.hpp.
#include "core/config/yaml_places.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/config/text.hpp"

namespace weir::config {
namespace {

struct Explanation {
  std::string_view yaml_cpp;  // how its message begins
  const char* ours;
};

const Explanation kExplanations[] = {
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation, expected spaces"},
    {YAML::ErrorMsg::MAP_VALUE,
     "a ':' where no key can be; check the indentation and the blank after each ':', or put the "
     "text in quotes"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "expected ',' or '}' here; is each { closed?"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "expected ',' or ']' here; is each [ closed?"},
    {YAML::ErrorMsg::END_OF_MAP,
     "this does not continue the map above, expected 'key: value' with the same indentation"},
    {YAML::ErrorMsg::END_OF_SEQ,
     "this does not continue the list above, expected '- item' with the same indentation"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a quoted text begins but does not end, expected a quote"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "a quoted text begins but does not end, expected a quote"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN,
     "a text cannot begin with this character; put the text in quotes"},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, "an unquoted * is an alias in YAML; write \"*\" with quotes"},
    {YAML::ErrorMsg::CHAR_IN_ALIAS, "an unquoted * is an alias in YAML; put the text in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR,
     "an alias without an anchor of that name; put a text that begins with * in quotes"},
    {YAML::ErrorMsg::ANCHOR_NOT_FOUND,
     "an unquoted & is an anchor in YAML; put the text in quotes"},
    {YAML::ErrorMsg::CHAR_IN_ANCHOR, "an unquoted & is an anchor in YAML; put the text in quotes"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket that does not match"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a '-' where no list can be; check the indentation"},
    {YAML::ErrorMsg::INVALID_ESCAPE,
     "an unknown escape in a text in \"double quotes\"; write \\\\ for a backslash"},
    {YAML::ErrorMsg::CHAR_IN_BLOCK, "a text after | or >, expected it on the next line"},
};

}  // namespace

YamlPlaces::YamlPlaces(const std::string& text) : text_(text), line_starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

std::size_t YamlPlaces::offset(const YAML::Mark& mark) const {
  const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
  if (line >= line_starts_.size()) return text_.size();
  return std::min(text_.size(),
                  line_starts_[line] + static_cast<std::size_t>(std::max(mark.column, 0)));
}

Position YamlPlaces::position(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  const auto line =
      std::min(static_cast<std::size_t>(std::max(mark.line, 0)), line_starts_.size() - 1);
  const std::size_t start = line_starts_[line];
  const std::size_t end = offset(mark);
  std::size_t from = start;
  std::size_t character = 0;
  if (line == last_line_ && end >= last_byte_) {
    from = last_byte_;
    character = last_character_;
  }
  for (std::size_t i = from; i < end; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++character;
  }
  last_line_ = line;
  last_byte_ = end;
  last_character_ = character;
  return {static_cast<std::uint32_t>(line + 1), static_cast<std::uint32_t>(character + 1)};
}

Position YamlPlaces::position(std::size_t offset) {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  YAML::Mark mark;
  mark.line = static_cast<int>(next - line_starts_.begin()) - 1;
  mark.column = static_cast<int>(offset - line_starts_[static_cast<std::size_t>(mark.line)]);
  return position(mark);
}

Position YamlPlaces::of_nothing(const YAML::Mark& mark) {
  const std::size_t at = offset(mark);
  const bool written = at < text_.size() && std::strchr("~nN", text_[at]) != nullptr;
  if (written || at == 0) return position(mark);
  const std::size_t found = text_.find_last_not_of(" \t\r\n", at - 1);
  return position(found == std::string::npos ? at : found);
}

std::string_view YamlPlaces::line(std::uint32_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::string_view rest = std::string_view(text_).substr(line_starts_[number - 1]);
  return rest.substr(0, rest.find('\n'));
}

std::string explain(const YAML::Exception& error, const YamlPlaces& places, Position& at) {
  const std::string_view line = places.line(at.line);
  const std::size_t indent = line.find_first_not_of(" \t");
  const std::size_t tab = line.substr(0, indent).find('\t');
  if (tab != std::string_view::npos && indent != std::string_view::npos) {
    at.column = static_cast<std::uint32_t>(tab + 1);
    return kExplanations[0].ours;
  }
  const std::string_view message = error.msg;
  for (const Explanation& e : kExplanations) {
    if (message.starts_with(e.yaml_cpp)) return e.ours;
  }
  return "not valid YAML: " + std::string(message);
}

bool is_closed(const std::string& text, std::size_t offset) {
  // Anchor and tag come before the quote.
  while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
    offset = text.find_first_of(" \t\n", offset);
    offset = text.find_first_not_of(" \t\r\n", offset);
  }
  if (offset >= text.size()) return true;
  const char quote = text[offset];
  if (quote != '"' && quote != '\'') return true;
  for (std::size_t i = offset + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

bool nested_in_line(const std::string& text, std::size_t limit, Position& at) {
  std::size_t depth = 0;
  at = {1, 0};
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++at.column;
    if (c == '\n') {
      at = {at.line + 1, 0};
      depth = 0;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace weir::config
