#include "file_names.hpp"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>

#include "weir/format_number.hpp"

namespace weir::file_sink {

namespace {

constexpr std::size_t kStampBytes = 20;  // 20261121T100000.000Z

std::string stamp(std::int64_t time) {
  format::TimeText text;
  std::string result(text.at(time / 1'000'000 * 1'000'000));
  std::erase_if(result, [](char c) { return c == '-' || c == ':'; });
  return result;
}

bool is_stamp(std::string_view text) {
  constexpr std::string_view kShape = "00000000T000000.000Z";
  return text.size() == kStampBytes &&
         std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '0' ? c >= '0' && c <= '9' : c == shape;
         });
}

}  // namespace

FileNames::FileNames(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  directory = slash == std::string_view::npos ? "." : std::string(path.substr(0, slash));
  if (slash == 0) directory = "/";
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  const bool has_extension = dot != std::string_view::npos && dot != 0;
  stem = has_extension ? name.substr(0, dot) : name;
  extension = has_extension ? name.substr(dot) : std::string_view{};
}

std::string FileNames::current() const { return directory + "/" + stem + extension; }

std::string FileNames::rotated(std::int64_t time) const {
  return directory + "/" + stem + "-" + stamp(time) + extension;
}

bool FileNames::is_rotated(std::string_view name) const {
  name = plain(name);
  return name.size() == stem.size() + 1 + kStampBytes + extension.size() &&
         name.starts_with(stem) && name[stem.size()] == '-' && name.ends_with(extension) &&
         is_stamp(name.substr(stem.size() + 1, kStampBytes));
}

bool FileNames::is_unfinished(std::string_view name) const {
  return name.ends_with(kUnfinished) &&
         is_rotated(name.substr(0, name.size() - kUnfinished.size()));
}

std::vector<std::string> FileNames::list_rotated(std::vector<std::string>* unfinished) const {
  std::vector<std::string> names;
  DIR* opened = opendir(directory.c_str());
  if (opened == nullptr) return names;
  while (const dirent* entry = readdir(opened)) {
    if (is_rotated(entry->d_name)) names.push_back(directory + "/" + entry->d_name);
    if (unfinished != nullptr && is_unfinished(entry->d_name)) {
      unfinished->push_back(directory + "/" + entry->d_name);
    }
  }
  closedir(opened);
  std::sort(names.begin(), names.end());
  return names;
}

bool has_placeholder(std::string_view path) {
  return path.find(kPlaceholder) != std::string_view::npos;
}

std::string path_for(std::string_view path, std::string_view measurement) {
  std::string result(path);
  if (!has_placeholder(path)) {
    const FileNames names(path);
    result.insert(path.size() - names.extension.size(), "." + std::string(measurement));
    return result;
  }
  for (std::size_t at = 0; (at = result.find(kPlaceholder, at)) != std::string::npos;) {
    result.replace(at, kPlaceholder.size(), measurement);
    at += measurement.size();
  }
  return result;
}

std::string resolved(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  char* target = realpath(path.c_str(), nullptr);
  if (target == nullptr) return path;
  std::string result = target;
  free(target);
  return result;
}

}  // namespace weir::file_sink
