// Finds plugin files and loads them: `type: acme` among sinks is sink_acme.so in a plugin folder.
//
// The folder beside the executable (../lib/weir/plugins) comes first, then `plugin_dirs`. A file
// is loaded when it is first asked for, and never unloaded: its types, and what its libraries
// keep, live as long as the process. A file that does not fit is refused with a reason. Another
// loader of the process has the same types, unless the file was replaced by another one since.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/config/catalog.hpp"

namespace weir::core {

class Loader final : public config::TypeCatalog {
 public:
  explicit Loader(const std::vector<std::string>& plugin_dirs);
  ~Loader() override;

  const weir_component_type* find(weir_kind kind, const std::string& name,
                                  std::string& why) override;
  bool exists(weir_kind kind, const std::string& name) override;
  std::vector<std::string> names(weir_kind kind) override;
  Origin origin(weir_kind kind, const std::string& name) override;
  // The file at an absolute path, wherever it is. nullptr: it was refused; then `why` says so.
  const weir_plugin* open(const std::string& path, std::string& why);

 private:
  struct File;
  const File& load(const std::string& path);
  std::string path_of(weir_kind kind, const std::string& name) const;

  std::vector<std::string> folders_;
  std::map<std::string, std::unique_ptr<File>> files_;  // by path
};

}  // namespace weir::core
