// See text.hpp.
#include "core/config/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace weir::config {
namespace {

constexpr std::size_t kQuotedBytesMax = 60;
constexpr std::size_t kJoinedMax = 40;
constexpr std::size_t kNameBytesMax = 64;  // longer names are not compared

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance (Damerau-Levenshtein without edits inside a swap).
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kNameBytesMax + 1>, 3> rows{};
  std::iota(rows[1].begin(), rows[1].end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& before = rows[(i + 2) % 3];
    auto& last = rows[i % 3];
    auto& row = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return rows[(a.size() + 1) % 3][b.size()];
}

}  // namespace

std::size_t utf8_length(std::string_view s) {
  if (s.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    const std::size_t length = utf8_length(s);
    if (length == 0) return false;
    s.remove_prefix(length);
  }
  return true;
}

std::string in_quotes(std::string_view s) {
  if (s.size() <= kQuotedBytesMax) return "'" + std::string(s) + "'";
  std::size_t end = kQuotedBytesMax;
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xC0) == 0x80) --end;
  return "'" + std::string(s.substr(0, end)) + "...'";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ", ";
    if (i == kJoinedMax) return text + "...";
    text += names[i];
  }
  return text;
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kNameBytesMax) return "";
  // One edit in a name of three letters makes another word; of two letters, anything.
  std::size_t limit = name.size() <= 2 ? 0 : name.size() <= 5 ? 1 : 2;
  std::string best;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kNameBytesMax) continue;
    const std::size_t longer = std::max(candidate.size(), name.size());
    if (longer - std::min(candidate.size(), name.size()) > limit) continue;
    const std::size_t d = distance(name, candidate);
    if (d < limit || (d == limit && best.empty())) {
      limit = d;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates,
                       const char* what) {
  if (candidates.empty()) return "";
  const std::string best = nearest(name, candidates);
  if (!best.empty()) return "; did you mean '" + best + "'?";
  return std::string("; ") + what + ": " + joined(candidates);
}

}  // namespace weir::config
