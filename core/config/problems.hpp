// core/config/problems.hpp - everything that is wrong with a configuration, found in one run.
//
// A problem reads `file:line:column: what is wrong, what is expected`. Problems are collected in
// whatever order they are found and told in the order of files, lines and columns. So are warnings,
// which are worth a line and no reason to stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::config {

// Where something is written. Line and column count from 1, columns in characters; line 0: the
// file as a whole.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// "weir.yaml:3:7", "weir.yaml", or "" where there is no file.
std::string to_string(const Place& place);

struct Problem {
  Place place;
  std::string message;
};

// Not thread-safe.
class Problems {
 public:
  // At most this many are told; the others are only counted.
  static constexpr std::size_t kToldMax = 100;

  // The order of files in `list`: that of the first call or problem with each name.
  void file(const std::string& name);
  // One line: control characters in `message` become spaces.
  void add(Place place, std::string message);
  void warn(Place place, std::string message);

  bool empty() const { return problems_.empty(); }
  // Calls of `add` so far: tells whether a step found something.
  std::size_t count() const { return problems_.size() + not_kept_; }
  // Sorted, without duplicates, not capped.
  std::vector<Problem> list() const;
  // One line a problem, the first kToldMax, then how many more there are. "" when empty.
  std::string text() const;
  std::vector<Problem> warnings() const;  // as `list`

 private:
  // Kept beyond kToldMax, so that sorting has the first ones; beyond this they are not kept.
  static constexpr std::size_t kKeptMax = 10'000;
  std::size_t file_index(const std::string& name);

  struct Entry {
    std::size_t file_index;
    Problem problem;
  };
  Entry entry(Place place, std::string message);
  static std::vector<Problem> in_order(std::vector<Entry> entries);

  std::vector<std::string> files_;
  std::vector<Entry> problems_;
  std::vector<Entry> warnings_;
  std::size_t not_kept_ = 0;
};

}  // namespace weir::config
