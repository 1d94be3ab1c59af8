// regcomp and regexec; std::regex is slow, large, and overflows the stack on long names.
#include "filter.hpp"

#include <regex.h>

#include <stdexcept>
#include <utility>

namespace node_probe {

struct Filter::Pattern {
  explicit Pattern(const std::string& text) {
    status = regcomp(&compiled, text.c_str(), REG_EXTENDED | REG_NOSUB);
  }
  ~Pattern() {
    if (status == 0) regfree(&compiled);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool matches(const std::string& name) const {
    return regexec(&compiled, name.c_str(), 0, nullptr, 0) == 0;
  }

  regex_t compiled;
  int status;
};

Filter::Filter(std::string include, std::string exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {}
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;

bool Filter::accepts(std::string_view view) {
  const std::string name(view);  // regexec wants a NUL at its end
  const auto matches = [&](const std::string& text, std::unique_ptr<Pattern>& compiled) {
    if (compiled == nullptr) compiled = std::make_unique<Pattern>(text);
    if (compiled->status != 0) throw std::invalid_argument(problem(text));
    return compiled->matches(name);
  };
  if (!include_.empty() && !matches(include_, compiled_include_)) return false;
  return exclude_.empty() || !matches(exclude_, compiled_exclude_);
}

void Filter::forget() {
  compiled_include_.reset();
  compiled_exclude_.reset();
}

std::string Filter::problem(const std::string& pattern) {
  if (pattern.find('\0') != std::string::npos) return "a regular expression cannot hold a NUL";
  // glibc would take them for a letter and match something else, without a word.
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (pattern[i + 1] == 'd') {
        return "'" + pattern + "': \\d is not POSIX; write [0-9]";
      }
      ++i;
    } else if (pattern[i] == '(' && pattern[i + 1] == '?') {
      return "'" + pattern + "': (?...) is not POSIX; write a plain group (...)";
    }
  }
  const Pattern compiled(pattern);
  if (compiled.status == 0) return "";
  char text[128];
  regerror(compiled.status, &compiled.compiled, text, sizeof text);
  return "'" + pattern + "' is not a POSIX extended regular expression: " + text;
}

}  // namespace node_probe
