// filter.hpp - which names to measure: an included and an excluded POSIX extended regular
// expression. Names are decided once, when they appear, so that the compiled expressions (tens of
// KiB each) are kept only while there are names to decide.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace node_probe {

class Filter {
 public:
  // Empty: everything is included, nothing is excluded.
  Filter(std::string include, std::string exclude);
  ~Filter();
  Filter(Filter&&) noexcept;

  bool accepts(std::string_view name);
  // Frees what `accepts` compiled.
  void forget();

  // Why `pattern` cannot be used, or empty.
  static std::string problem(const std::string& pattern);

 private:
  struct Pattern;
  std::string include_, exclude_;
  std::unique_ptr<Pattern> compiled_include_, compiled_exclude_;
};

}  // namespace node_probe
