// fixture.hpp - for tests: a tree of files in a temporary directory, empty or a copy of
// testdata/host, that stands for the root of a host.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace node_probe {

class Fixture {
 public:
  enum From { kEmpty, kTestdata };
  explicit Fixture(From from = kEmpty) {
    // In memory where that is possible: the tests write thousands of files.
    std::string name = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    name += "/weir_node_probe_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp fails");
    root_ = name;
    if (from == kTestdata) {
      std::filesystem::copy(
          WEIR_TESTDATA "/host", root_,
          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    }
  }
  ~Fixture() { std::filesystem::remove_all(root_); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  const std::string& root() const { return root_; }
  std::string path(std::string_view file) const { return root_ + std::string(file); }

  // Keeps the inode, as descriptors that are open on it stay so.
  void write(std::string_view file, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(path(file)).parent_path());
    std::ofstream(path(file), std::ios::binary | std::ios::trunc) << text;
  }
  std::string read(std::string_view file) const {
    std::ifstream in(path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void remove(std::string_view file) const { std::filesystem::remove_all(path(file)); }

 private:
  std::string root_;
};

}  // namespace node_probe
