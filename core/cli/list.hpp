// core/cli/list.hpp - `weir list`: every type that the plugin folders offer.
#pragma once

#include <cstdio>

#include "core/config/catalog.hpp"

namespace weir::cli {

// 0. A refused file is listed with the reason in place of the summary.
int list(config::TypeCatalog& catalog, std::FILE* out, std::FILE* err);

}  // namespace weir::cli
