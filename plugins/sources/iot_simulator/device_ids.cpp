#include "device_ids.hpp"

#include <algorithm>
#include <charconv>

namespace weir::iot {

std::string_view id_pattern_of(const FleetOptions& fleet) {
  if (!fleet.id.empty()) return fleet.id;
  return fleet.count == 1 ? "{name}" : "{name}-{n}";
}

std::optional<std::string> expand_id(std::string_view pattern, std::string_view fleet,
                                     std::uint64_t number) {
  std::string out;
  while (!pattern.empty()) {
    if (pattern[0] != '{') {
      const std::size_t size = std::min(pattern.find('{'), pattern.size());
      out += pattern.substr(0, size);
      pattern.remove_prefix(size);
      continue;
    }
    const std::size_t end = pattern.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = pattern.substr(1, end - 1);
    pattern.remove_prefix(end + 1);
    if (word == "name") {
      out += fleet;
      continue;
    }
    std::size_t width = 0;
    if (word != "n") {
      if (!word.starts_with("n:")) return std::nullopt;
      const char* const last = word.data() + word.size();
      const auto read = std::from_chars(word.data() + 2, last, width);
      if (read.ec != std::errc() || read.ptr != last || width > 12) return std::nullopt;
    }
    const std::string digits = std::to_string(number);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
  }
  return out;
}

}  // namespace weir::iot
