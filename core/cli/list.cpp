// See list.hpp.
#include "core/cli/list.hpp"

#include "core/cli/columns.hpp"

namespace weir::cli {

int list(config::TypeCatalog& catalog, std::FILE* out, std::FILE* err) {
  Columns table({"KIND", "TYPE", "VERSION", "FILE", "SUMMARY"});
  for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
    for (const std::string& name : catalog.names(kind)) {
      std::string why;
      const weir_component_type* type = catalog.find(kind, name, why);
      const config::TypeCatalog::Origin origin = catalog.origin(kind, name);
      table.add({config::kind_name(kind), name, origin.version.empty() ? "-" : origin.version,
                 origin.file, type != nullptr ? type->summary : "refused: " + why});
    }
  }
  if (table.empty()) {
    std::fputs("there are no plugins in the folders that are looked at\n", err);
    return 0;
  }
  table.print(out, 0);
  return 0;
}

}  // namespace weir::cli
