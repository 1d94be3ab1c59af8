// tests/config/folder.hpp - a temporary directory that is the working directory for as long as it
// lives, so that messages have short file names.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace weir::config::testing {

class Folder {
 public:
  Folder() : before_(std::filesystem::current_path()) {
    std::string path = std::filesystem::temp_directory_path() / "weir_config_XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
    std::filesystem::current_path(path_);
  }
  ~Folder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path(name);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

 private:
  std::filesystem::path before_, path_;
};

}  // namespace weir::config::testing
