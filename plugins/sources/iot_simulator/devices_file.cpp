#include "devices_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "yaml_bind.hpp"

namespace weir::iot {

namespace {

constexpr int kProblemsMax = 50;

std::string place(const std::string& name, const YamlNode& node) {
  return name + ":" + std::to_string(node.line) + ":" + std::to_string(node.column);
}

// The whole of a regular file; what hinders it is reported.
bool read_file(const std::string& path, std::string& out, const Report& report) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  std::string why;
  if (file < 0 || fstat(file, &status) != 0) {
    why = std::string("cannot be read: ") + std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    why = "is not a regular file";
  } else if (static_cast<std::uint64_t>(status.st_size) > kYamlBytesMax) {
    why = "is larger than " + std::to_string(kYamlBytesMax >> 20) + " MiB; use count for devices " +
          "that are alike";
  } else {
    out.resize(static_cast<std::size_t>(status.st_size));
    std::size_t size = 0;
    while (size < out.size()) {
      const ssize_t n = read(file, out.data() + size, out.size() - size);
      if (n <= 0) break;
      size += static_cast<std::size_t>(n);
    }
    out.resize(size);
  }
  if (file >= 0) close(file);
  if (!why.empty()) report("devices_file", "'" + path + "' " + why);
  return why.empty();
}

}  // namespace

DevicesFile parse_devices(std::string_view text, const std::string& name, const Report& report) {
  DevicesFile file;
  YamlNode root;
  try {
    root = parse_yaml(text);
  } catch (const YamlProblem& p) {
    report("devices_file",
           name + ":" + std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + p.what);
    return file;
  }
  int problems = 0;
  YamlBinder binder([&](const YamlNode& at, const std::string& what) {
    if (++problems <= kProblemsMax) report("devices_file", place(name, at) + ": " + what);
    if (problems == kProblemsMax + 1) report("devices_file", name + ": and more mistakes");
  });
  const auto& table = World::table();
  const weir_value* group = binder.group(table.data(), table.size(), root);
  if (problems > 0) return file;
  table.read(file.world, *group);
  for (std::size_t i = 0; i < root.items.size(); ++i) {
    const YamlNode& section = root.items[i];
    for (std::size_t k = 0; k < section.items.size(); ++k) {
      const std::string key = root.keys[i] == "faults" ? "faults[" + std::to_string(k) + "]"
                                                       : root.keys[i] + "." + section.keys[k];
      file.places[key] = place(name, section.items[k]);
    }
  }
  return file;
}

DevicesFile read_devices_file(const std::string& path, const Report& report) {
  std::string text;
  if (!read_file(path, text, report)) return {};
  return parse_devices(text, path, report);
}

}  // namespace weir::iot
