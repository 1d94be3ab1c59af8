// core/cli/describe.hpp - `weir describe TYPE`: what a type is for and which options it has.
#pragma once

#include <cstdio>
#include <string>

#include "core/config/catalog.hpp"

namespace weir::cli {

struct DescribeArgs {
  std::string type;             // "clock", or "source/clock" where several kinds have the name
  std::string format = "text";  // text | markdown (the table of a plugin's README) | json
};

// 0; 1 where there is no such type or format: said on `err` with the nearest name.
int describe(const DescribeArgs& args, config::TypeCatalog& catalog, std::FILE* out,
             std::FILE* err);

}  // namespace weir::cli
