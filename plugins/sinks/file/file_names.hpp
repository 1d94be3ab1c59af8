// What files are called: the one that is written, and those that were rotated away.
//
//   /var/log/weir/metrics.jsonl
//   /var/log/weir/metrics-20261121T100000.000Z.jsonl      rotated; names sort by age
//   /var/log/weir/metrics-20261121T100000.000Z.jsonl.gz   and compressed
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::file_sink {

struct FileNames {
  std::string directory;  // "." when the path has none
  std::string stem;
  std::string extension;  // with its dot; may be empty

  explicit FileNames(std::string_view path);

  std::string current() const;
  // The name for a file that is rotated away at that time; ns since the epoch.
  std::string rotated(std::int64_t time) const;
  // Whether a file name of this directory is such a name, and of a compressed file.
  bool is_rotated(std::string_view name) const;
  static bool is_compressed(std::string_view name) { return name.ends_with(".gz"); }
  // What a compressed file is called without being compressed; other names as they are.
  static std::string_view plain(std::string_view name) {
    return is_compressed(name) ? name.substr(0, name.size() - 3) : name;
  }
  // A compression that was cut short left this behind.
  bool is_unfinished(std::string_view name) const;
  // Full paths of the rotated files, oldest first; unfinished ones if `unfinished` is not null.
  std::vector<std::string> list_rotated(std::vector<std::string>* unfinished = nullptr) const;
};

inline constexpr std::string_view kPlaceholder = "{measurement}";
inline constexpr std::string_view kUnfinished = ".gz.tmp";

bool has_placeholder(std::string_view path);
// The path for one measurement: each placeholder replaced, or, without one, ".<measurement>"
// before the extension.
std::string path_for(std::string_view path, std::string_view measurement);

// The file that a symbolic link leads to, so that rotation renames the file and not the link.
std::string resolved(const std::string& path);

}  // namespace weir::file_sink
