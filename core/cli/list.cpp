// See list.hpp.
#include "core/cli/list.hpp"

#include <map>
#include <string>
#include <vector>

#include "core/cli/columns.hpp"

namespace weir::cli {

int list(config::TypeCatalog& catalog, std::FILE* out, std::FILE* err) {
  // One table a folder: whole paths would leave no room for what a type is for, and a file's name
  // follows from kind and type.
  std::map<std::string, Columns> tables;
  for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
    for (const std::string& name : catalog.names(kind)) {
      std::string why;
      const weir_component_type* type = catalog.find(kind, name, why);
      const config::TypeCatalog::Origin origin = catalog.origin(kind, name);
      const std::size_t slash = origin.file.rfind('/') + 1;  // 0 where there is none
      Columns& table =
          tables
              .try_emplace(origin.file.substr(0, slash),
                           std::vector<std::string>{"KIND", "TYPE", "VERSION", "SUMMARY"})
              .first->second;
      table.add({config::kind_name(kind), name, origin.version.empty() ? "-" : origin.version,
                 type != nullptr ? type->summary : "refused: " + why});
    }
  }
  if (tables.empty()) {
    std::fputs("there are no plugins in the folders that are looked at\n", err);
    return 0;
  }
  for (const auto& [folder, table] : tables) {
    if (!folder.empty()) std::fprintf(out, "%s\n", folder.c_str());
    table.print(out, folder.empty() ? 0 : 2);
  }
  return 0;
}

}  // namespace weir::cli
