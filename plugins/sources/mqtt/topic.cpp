#include "topic.hpp"

#include <algorithm>

#include "weir/format_text.hpp"

namespace weir::mqtt_source {

namespace {

constexpr std::size_t kTopicBytesMax = 65535;
constexpr std::size_t kLevelsMax = 128;
constexpr std::size_t kLabelsMax = 16;

bool next_level(std::string_view& rest, bool& more, std::string_view& level) {
  if (!more) return false;
  const std::size_t slash = rest.find('/');
  level = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return true;
}

bool is_named(std::string_view level) { return level.starts_with('{') && level.ends_with('}'); }

bool is_label(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), good);
}

// Without $share/group/; nothing is removed where that is malformed.
std::string_view without_share(std::string_view pattern) {
  if (!pattern.starts_with("$share/")) return pattern;
  const std::size_t slash = pattern.find('/', 7);
  return slash == std::string_view::npos ? pattern : pattern.substr(slash + 1);
}

bool is_text(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    const int step = *at < 0x80 ? (*at == 0 ? -1 : 1) : format::utf8_step(at, end);
    if (step < 0) return false;
    at += step;
  }
  return true;
}

}  // namespace

std::string Topic::problem(std::string_view pattern) {
  if (pattern.size() > kTopicBytesMax) return "is longer than 65535 bytes";
  if (!is_text(pattern)) return "is not well-formed UTF-8, or has a NUL";
  if (pattern.starts_with("$share/")) {
    const std::string_view group = pattern.substr(7, pattern.find('/', 7) - 7);
    if (without_share(pattern) == pattern || without_share(pattern).empty()) {
      return "has no topic behind $share/GROUP/";
    }
    if (group.empty() || group.find_first_of("+#{}") != std::string_view::npos) {
      return "has a group that is empty or has one of + # { }";
    }
  }
  std::string_view rest = without_share(pattern);
  if (rest.empty()) return "is empty";
  bool more = true;
  std::string_view level;
  std::vector<std::string_view> names;
  for (std::size_t n = 1; next_level(rest, more, level); ++n) {
    if (n > kLevelsMax) return "has more than 128 levels";
    if (level == "+") continue;
    if (level == "#") {
      if (more) return "has # before its last level";
      continue;
    }
    if (is_named(level)) {
      const std::string_view name = level.substr(1, level.size() - 2);
      if (!is_label(name)) {
        return "has " + std::string(level) + ", which is no name of a label: letters, digits and _";
      }
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        return "has " + std::string(level) + " twice";
      }
      names.push_back(name);
      if (names.size() > kLabelsMax) return "has more than 16 labels";
    } else if (level.find_first_of("+#{}") != std::string_view::npos) {
      return "has one of + # { } inside of a level: '" + std::string(level) + "'";
    }
  }
  return "";
}

Topic::Topic(std::string_view pattern) {
  std::string_view rest = without_share(pattern);
  filter_ = pattern.substr(0, pattern.size() - rest.size());
  bool more = true;
  std::string_view level;
  while (next_level(rest, more, level)) {
    if (!levels_.empty()) filter_ += '/';
    if (is_named(level)) {
      labels_.emplace_back(level.substr(1, level.size() - 2));
      levels_.push_back({Kind::named, ""});
      filter_ += '+';
      continue;
    }
    levels_.push_back({level == "+"   ? Kind::one
                       : level == "#" ? Kind::rest
                                      : Kind::text,
                       std::string(level)});
    filter_ += level;
  }
}

bool Topic::match(std::string_view topic, std::vector<std::string_view>& values) const {
  values.clear();
  // Wildcards at the beginning do not mean the broker's own topics (4.7.2).
  if (topic.starts_with('$') && levels_[0].kind != Kind::text) return false;
  std::string_view rest = topic;
  bool more = true;
  std::string_view level;
  for (const Level& wanted : levels_) {
    if (wanted.kind == Kind::rest) return true;  // also the level above: a/# means a
    if (!next_level(rest, more, level)) return false;
    if (wanted.kind == Kind::text && level != wanted.text) return false;
    if (wanted.kind == Kind::named) values.push_back(level);
  }
  return !more;
}

}  // namespace weir::mqtt_source
