// core/cli/schema.hpp - `weir schema`: the whole configuration file as JSON Schema 2020-12, with
// every type that the plugin folders offer, for editors.
#pragma once

#include <cstdio>

#include "core/config/catalog.hpp"

namespace weir::cli {

// 0. A refused plugin file is named on `err` and its type's options are not constrained.
int schema(config::TypeCatalog& catalog, std::FILE* out, std::FILE* err);

}  // namespace weir::cli
